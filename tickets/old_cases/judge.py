"""What an entry must be, said field by field; what is not is refused with its reason."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.text import normalise_newlines, validate_line, validate_text

from ..images import MAX_BYTES
from ..models import Reply, TicketLanguage

REQUIRED = (
    *("old_number", "member", "language", "title", "description", "status"),
    *("opened_at", "closed_at"),
)
OPTIONAL = ("pictures", "replies")
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
NUMBER_LENGTH = 64
MOST_REPLIES = 1_000
MOST_PICTURES = settings.WAITING_UPLOADS - 10  # of one side in one case: they wait together


class EntryRefused(Exception):
    """The entry cannot be taken over; the text says why."""


@dataclass(frozen=True)
class OldPicture:
    """A picture that the entry holds itself or names by a path beside the file."""

    name: str
    path: Path | None = None
    content: bytes = b""

    @contextmanager
    def opened(self) -> Iterator[File]:
        if self.path is None:
            yield SimpleUploadedFile(self.name, self.content)
            return
        with self.path.open("rb") as file:
            yield File(file, name=self.name)


@dataclass(frozen=True)
class OldReply:
    at: datetime
    is_support: bool
    kind: Reply.Kind
    text: str
    pictures: list[OldPicture] = field(default_factory=list)


@dataclass(frozen=True)
class OldCase:
    old_number: str
    member: str
    language: TicketLanguage
    title: str
    description: str
    opened_at: datetime
    closed_at: datetime
    pictures: list[OldPicture]
    replies: list[OldReply]


def judge(value: dict[str, Any], folder: Path, now: datetime) -> OldCase:
    """Judge an entry by itself; ``folder`` is where its pictures lie. Raises ``EntryRefused``."""
    _check_keys(value, REQUIRED, OPTIONAL, "")
    if value["status"] != "closed":
        raise EntryRefused("status: only closed cases are taken over")
    opened, closed = _moment(value, "opened_at", now), _moment(value, "closed_at", now)
    if closed < opened:
        raise EntryRefused("closed_at: before it was opened")
    language = _language(value["language"])
    case = OldCase(
        old_number=_number(value["old_number"]),
        member=_line(value["member"], "member", 150),
        language=language,
        title=_title(value["title"], language),
        description=_text(value["description"], "description"),
        opened_at=opened,
        closed_at=closed,
        pictures=_pictures(value, folder, ""),
        replies=_replies(value, folder, now),
    )
    _check_order(case)
    return case


def _check_keys(value: Any, required: tuple, optional: tuple, where: str) -> None:
    if not isinstance(value, dict):
        raise EntryRefused(f"{where.rstrip('.')}: not an object")
    if missing := [key for key in required if key not in value]:
        raise EntryRefused(f"{where}{missing[0]}: missing")
    if unknown := [key for key in value if key not in (*required, *optional)]:
        raise EntryRefused(f"{where}{unknown[0][:40]}: unknown")


def _check_order(case: OldCase) -> None:
    for index, reply in enumerate(case.replies, 1):
        if not case.opened_at <= reply.at <= case.closed_at:
            raise EntryRefused(f"replies[{index}].at: not while the case was open")
    shown = [*case.pictures, *(shot for reply in case.replies for shot in reply.pictures)]
    if len(shown) > MOST_PICTURES:
        raise EntryRefused(f"pictures: more than {MOST_PICTURES}")


def _number(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _line(value, "old_number", NUMBER_LENGTH)


def _language(value: Any) -> TicketLanguage:
    try:
        return TicketLanguage(value)
    except (ValueError, TypeError):
        known = ", ".join(TicketLanguage.values)
        raise EntryRefused(f"language: not one of {known}") from None


def _title(value: Any, language: TicketLanguage) -> str:
    """The title without the name of its language, which is shown before it anyway."""
    line = _line(value, "title", settings.TITLE_MAX_LENGTH + 20)
    named, rest = TicketLanguage.split(line)
    title = rest if named == language and rest else line
    if len(title) > settings.TITLE_MAX_LENGTH:
        raise EntryRefused(f"title: longer than {settings.TITLE_MAX_LENGTH} characters")
    return title


def _line(value: Any, name: str, most: int) -> str:
    text = _string(value, name, most)
    _validate(validate_line, text, name)
    return text


def _text(value: Any, name: str, *, blank: bool = False) -> str:
    text = _string(value, name, settings.TEXT_MAX_LENGTH, blank=blank)
    _validate(validate_text, text, name)
    return text


def _string(value: Any, name: str, most: int, *, blank: bool = False) -> str:
    if not isinstance(value, str):
        raise EntryRefused(f"{name}: not a text")
    text = normalise_newlines(value).strip()
    if not text and not blank:
        raise EntryRefused(f"{name}: empty")
    if len(text) > most:
        raise EntryRefused(f"{name}: longer than {most} characters")
    return text


def _validate(validator: Any, text: str, name: str) -> None:
    try:
        validator(text)
    except ValidationError as error:
        raise EntryRefused(f"{name}: {' '.join(error.messages)}") from None


def _moment(value: dict[str, Any], key: str, now: datetime, where: str = "") -> datetime:
    """A time of ISO 8601 with its zone."""
    name = f"{where}{key}"
    try:
        moment = datetime.fromisoformat(_string(value[key], name, 40))
    except ValueError:
        raise EntryRefused(f"{name}: not a time like 2024-03-01T10:00:00Z") from None
    if moment.tzinfo is None:
        raise EntryRefused(f"{name}: without a time zone")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise EntryRefused(f"{name}: out of range") from None
    if not EARLIEST <= moment <= now:
        raise EntryRefused(f"{name}: not between 1990 and now")
    return moment


def _replies(value: dict[str, Any], folder: Path, now: datetime) -> list[OldReply]:
    found = _list(value, "replies", MOST_REPLIES)
    replies = [
        _reply(reply, folder, now, f"replies[{index}].") for index, reply in enumerate(found, 1)
    ]
    return sorted(replies, key=lambda reply: reply.at)


def _reply(value: Any, folder: Path, now: datetime, where: str) -> OldReply:
    _check_keys(value, ("at", "by", "text"), ("kind", "pictures"), where)
    if value["by"] not in {"member", "support"}:
        raise EntryRefused(f"{where}by: neither member nor support")
    is_support, kind = value["by"] == "support", value.get("kind", "reply")
    if kind not in Reply.Kind.values:
        raise EntryRefused(f"{where}kind: not one of {', '.join(Reply.Kind.values)}")
    if kind != Reply.Kind.REPLY and not is_support:
        raise EntryRefused(f"{where}kind: only support asks and takes notes")
    pictures = _pictures(value, folder, where)
    return OldReply(
        at=_moment(value, "at", now, where),
        is_support=is_support,
        kind=Reply.Kind(kind),
        text=_text(value["text"], f"{where}text", blank=bool(pictures)),
        pictures=pictures,
    )


def _pictures(value: dict[str, Any], folder: Path, where: str) -> list[OldPicture]:
    found = _list(value, "pictures", settings.SCREENSHOTS_PER_POST, where)
    return [
        _picture(picture, folder, f"{where}pictures[{index}].")
        for index, picture in enumerate(found, 1)
    ]


def _picture(value: Any, folder: Path, where: str) -> OldPicture:
    _check_keys(value, (), ("name", "path", "base64"), where)
    if ("path" in value) == ("base64" in value):
        raise EntryRefused(f"{where}path: either a path or base64")
    name = _line(value["name"], f"{where}name", 255) if "name" in value else ""
    if "base64" in value:
        return OldPicture(name or "screenshot.png", content=_decoded(value["base64"], where))
    path = _path(value["path"], folder, where)
    return OldPicture(name or path.name, path)


def _decoded(value: Any, where: str) -> bytes:
    text = _string(value, f"{where}base64", MAX_BYTES * 4 // 3 + 1_000)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise EntryRefused(f"{where}base64: not base64") from None


def _path(value: Any, folder: Path, where: str) -> Path:
    """A file below the folder of the import, wherever links in it lead."""
    given = _line(value, f"{where}path", 1_000)
    try:
        path = (folder / given).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise EntryRefused(f"{where}path: leads out of the folder")
        if not path.is_file():
            raise EntryRefused(f"{where}path: no such file")
    except OSError:
        raise EntryRefused(f"{where}path: no such file") from None
    return path


def _list(value: dict[str, Any], key: str, most: int, where: str = "") -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        raise EntryRefused(f"{where}{key}: not a list")
    if len(found) > most:
        raise EntryRefused(f"{where}{key}: more than {most}")
    return found
