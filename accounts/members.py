"""Members as the member record has them: read from a file, judged row by row, taken over at once.

``Synchronisation(...).run(records(lines))`` is the whole of it (DESIGN §3). The record decides who
a member is and which rank they hold; language and time zone are the person's own after the first
time. Of staff it changes the rank, the member ID and the name: never the address, the password or
whether they may sign in, which would be a way to the desk, and never what makes them staff.
"""

from __future__ import annotations

import csv
import importlib.util
import unicodedata
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Lower

from .models import Rank, User
from .text import validate_line

CHUNK = 500  # rows in memory, and in one statement
TRUE, FALSE = {"true", "yes", "1"}, {"false", "no", "0"}
OF_EVERYBODY = ["member_id", "first_name", "last_name"]
OF_MEMBERS = [*OF_EVERYBODY, "email", "is_active"]
NO_HASH = "password: not a hash that this portal can check"


class FileRefused(Exception):
    """Nothing of the file was taken over; the text says why."""


class RowRefused(Exception):
    """The row cannot be taken over; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file, judged. ``password`` is encoded, and empty if the file gives none."""

    username: str
    email: str
    member_id: str | None
    rank: Rank
    language: str
    time_zone: str
    first_name: str
    last_name: str
    is_active: bool
    password: str = ""


COLUMNS = [field.name for field in fields(Row)]
OPTIONAL = {"password"}

Record = tuple[int, dict[str, str]]  # the line in the file, and its values by column
Changes = dict[str, tuple[Any, Any]]  # what was, and what is now, by column


def records(lines: Iterable[str]) -> Iterator[Record]:
    """Read CSV with a header; raises ``FileRefused`` for what is no such file."""
    reader = csv.DictReader(lines, strict=True)
    try:
        _check_header(list(reader.fieldnames or []))
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise FileRefused(f"Line {reader.line_num}: not CSV ({error}).") from error
    except UnicodeDecodeError as error:
        raise FileRefused(f"After line {reader.line_num}: not UTF-8.") from error


def _check_header(header: list[str]) -> None:
    if missing := [name for name in COLUMNS if name not in header and name not in OPTIONAL]:
        raise FileRefused(f"Line 1: columns are missing: {', '.join(missing)}.")
    if unknown := [name for name in header if name not in COLUMNS]:
        raise FileRefused(f"Line 1: unknown columns: {', '.join(map(repr, unknown))}.")
    if len(set(header)) < len(header):
        raise FileRefused("Line 1: a column appears twice.")


def parse(record: dict[str, str]) -> Row:
    """Judge one record by itself; raises ``RowRefused``."""
    if None in record or None in record.values():
        raise RowRefused("not as many fields as the header")
    text = {name: unicodedata.normalize("NFC", value.strip()) for name, value in record.items()}
    text["username"] = User.normalize_username(text["username"])
    text["email"] = text["email"].lower()  # allauth looks for it in lower case
    for name in ("username", "email", "member_id", "first_name", "last_name", "password"):
        _check_field(name, text.get(name, ""))
    language = _language(text["language"])
    return Row(
        username=text["username"],
        email=text["email"],
        member_id=text["member_id"] or None,
        rank=_rank(text["rank"]),
        language=language,
        time_zone=_time_zone(text["time_zone"], language),
        first_name=text["first_name"],
        last_name=text["last_name"],
        is_active=_boolean(text["is_active"]),
        password=_password(text.get("password", "")),
    )


def _check_field(name: str, value: str) -> None:
    """Ask the model's own field, and refuse what no single line of text may hold."""
    field = User._meta.get_field(name)
    try:
        validate_line(value)
        if value or name == "username":
            field.run_validators(value)
            field.validate(value, None)
    except ValidationError as error:
        raise RowRefused(f"{name}: {' '.join(error.messages)}") from error


def _rank(code: str) -> Rank:
    try:
        return Rank.from_code(code)
    except ValueError as error:
        raise RowRefused(str(error)) from error


def _language(code: str) -> str:
    if code and code not in dict(settings.LANGUAGES):
        raise RowRefused(f"unknown language: {code!r}")
    return code or settings.LANGUAGE_CODE


def _time_zone(name: str, language: str) -> str:
    if name and name not in _zones():
        raise RowRefused(f"unknown time zone: {name!r}")
    return name or settings.MARKET_TIME_ZONES.get(language, settings.DEFAULT_TIME_ZONE)


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _boolean(word: str) -> bool:
    if word.lower() not in TRUE | FALSE:
        raise RowRefused(f"is_active: {word!r} is neither true nor false")
    return word.lower() in TRUE


def _password(encoded: str) -> str:
    """Return ``encoded`` if somebody could sign in with it."""
    if not encoded:
        return ""
    try:
        hasher = identify_hasher(encoded)
        parts = hasher.decode(encoded).values()
    except Exception as error:  # a hasher may raise anything at a broken hash
        raise RowRefused(NO_HASH) from error
    sound = all(part > 0 if isinstance(part, int) else part for part in parts)
    if not sound or not _is_installed(hasher.library):
        raise RowRefused(NO_HASH)
    return encoded


@cache
def _is_installed(library: str | tuple[str, str] | None) -> bool:
    """Whether the library that a hasher names, if any, is there."""
    module = library[1] if isinstance(library, tuple) else library or ""
    return not module or importlib.util.find_spec(module.partition(".")[0]) is not None


class Synchronisation:
    """One run over a file. ``tell_refusal`` gets every refused row, ``tell_change`` every change.

    With ``dry_run`` nothing is written; with ``skip_bad`` refused rows are left out instead of
    refusing the file; ``deactivate_missing`` shuts out members whom the file does not name.
    """

    def __init__(
        self,
        at: datetime,
        *,
        tell_refusal: Callable[[str], None],
        tell_change: Callable[[str], None] = lambda text: None,
        dry_run: bool = False,
        skip_bad: bool = False,
        deactivate_missing: bool = False,
    ) -> None:
        self.at = at
        self.tell_refusal, self.tell_change = tell_refusal, tell_change
        self.dry_run, self.skip_bad = dry_run, skip_bad
        self.deactivate_missing = deactivate_missing
        self.counts = Counter(created=0, updated=0, unchanged=0, deactivated=0, refused=0)
        self._lines: dict[str, int] = {}  # where a name or member ID was first seen
        # Whose a member ID was before this run: whether it is free must not depend on the chunk.
        self._given_up: dict[str, str] = {}

    def run(self, records: Iterable[Record]) -> Counter[str]:
        """Take the records over and count; raises ``FileRefused``, and then nothing is changed."""
        rows = self._judged(records)
        with transaction.atomic():
            while chunk := list(islice(rows, CHUNK)):
                self._take_over(chunk)
            if self.counts["refused"] and not self.skip_bad:
                raise FileRefused(f"Bad rows: {self.counts['refused']}. Nothing was changed.")
            if self.deactivate_missing:
                self._deactivate_missing()
        return self.counts

    def _judged(self, records: Iterable[Record]) -> Iterator[tuple[int, Row]]:
        for line, record in records:
            try:
                self._refuse_repeated("username", record["username"], line)
                row = parse(record)
                self._refuse_repeated("member_id", row.member_id, line)
            except RowRefused as refusal:
                self._refuse(line, refusal)
            else:
                yield line, row

    def _refuse_repeated(self, column: str, value: str | None, line: int) -> None:
        """Remember ``value``; also of a bad row, whose person is not missing from the file."""
        if not value:
            return
        key = f"{column} {_folded(value)}"
        if (first := self._lines.setdefault(key, line)) != line:
            raise RowRefused(f"{column}: the same as in line {first}")

    def _refuse(self, line: int, refusal: RowRefused) -> None:
        self.counts["refused"] += 1
        self.tell_refusal(f"Line {line}: {refusal}")

    def _take_over(self, chunk: list[tuple[int, Row]]) -> None:
        names = [row.username for _line, row in chunk]
        people = {person.username: person for person in User.objects.filter(username__in=names)}
        owners = _owners(chunk) | self._given_up
        namesakes = _namesakes(set(names) - people.keys())
        new: list[User] = []
        changed: dict[User, Changes] = {}
        for line, row in chunk:
            try:
                _refuse_taken(row, owners, namesakes)
            except RowRefused as refusal:
                self._refuse(line, refusal)
                continue
            if person := people.get(row.username):
                changes = update(person, row, self.at)
                self._count("updated" if changes else "unchanged", row.username, changes)
                if changes:
                    changed[person] = changes
            else:
                new.append(create(row, self.at))
                self._count("created", row.username, {"rank": ("none", row.rank.code)})
        self._given_up |= {
            changes["member_id"][0]: person.username
            for person, changes in changed.items()
            if "member_id" in changes
        }
        if not self.dry_run and (self.skip_bad or not self.counts["refused"]):
            _write(new, changed)

    def _count(self, what: str, username: str, changes: Changes) -> None:
        self.counts[what] += 1
        if changes:
            told = (f"{name} {old} → {now}" for name, (old, now) in changes.items())
            self.tell_change(f"{what} {username}: {', '.join(told)}")

    def _deactivate_missing(self) -> None:
        if not self._lines:
            raise FileRefused("The file names nobody: this would deactivate every member.")
        members = User.objects.filter(is_staff=False, is_superuser=False, is_active=True)
        missing = [
            pk
            for pk, username in members.values_list("pk", "username").iterator(CHUNK)
            if f"username {_folded(username)}" not in self._lines
        ]
        for start in range(0, len(missing), CHUNK):
            doomed = User.objects.filter(pk__in=missing[start : start + CHUNK])
            for username in doomed.values_list("username", flat=True):
                self._count("deactivated", username, {"is_active": (True, False)})
            if not self.dry_run:
                doomed.update(is_active=False)


def _folded(value: str) -> str:
    """What must be unique of a name: sign-in is blind to case."""
    return User.normalize_username(value.strip()).lower()


def _owners(chunk: list[tuple[int, Row]]) -> dict[str, str]:
    """Whose the member IDs of these rows are."""
    ids = [row.member_id for _line, row in chunk if row.member_id]
    owners = User.objects.filter(member_id__in=ids)
    return dict(owners.values_list("member_id", "username"))


def _namesakes(names: set[str]) -> dict[str, str]:
    """People whose names differ from these in case only."""
    people = User.objects.annotate(folded=Lower("username"))
    found = people.filter(folded__in=[name.lower() for name in names])
    return dict(found.values_list("folded", "username"))


def _refuse_taken(row: Row, owners: dict[str, str], namesakes: dict[str, str]) -> None:
    if (owner := owners.get(row.member_id or "", row.username)) != row.username:
        raise RowRefused(f"member_id: {row.member_id} belongs to {owner}")
    if namesake := namesakes.get(row.username.lower()):
        raise RowRefused(f"username: {row.username} differs from {namesake} in case only")


def create(row: Row, at: datetime) -> User:
    """Return a new person, not saved; without a password they set one by the reset mail."""
    person = User(
        username=row.username,
        email=row.email,
        member_id=row.member_id,
        language=row.language,
        time_zone=row.time_zone,
        first_name=row.first_name,
        last_name=row.last_name,
        is_active=row.is_active,
        password=row.password or make_password(None),
        date_joined=at,
    )
    person.set_rank(row.rank, at)
    return person


def update(person: User, row: Row, at: datetime) -> Changes:
    """Take ``row`` over, without saving; return what changed."""
    is_member = not (person.is_staff or person.is_superuser)
    changes: Changes = {}
    for name in OF_MEMBERS if is_member else OF_EVERYBODY:
        old, new = getattr(person, name), getattr(row, name)
        if old != new:
            changes[name] = old, new
            setattr(person, name, new)
    old_rank = Rank(person.rank)
    if person.set_rank(row.rank, at):
        changes["rank"] = old_rank.code, row.rank.code
    if is_member and row.password and row.password != person.password:
        changes["password"] = "old", "new"
        person.password = row.password
    return changes


def _write(new: list[User], changed: dict[User, Changes]) -> None:
    User.objects.bulk_create(new)
    columns = {name for changes in changed.values() for name in changes}
    if columns:
        columns |= {"rank_since"} if "rank" in columns else set()
        # As an insert that meets its own rows: ten times as fast as bulk_update.
        User.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["id"], update_fields=sorted(columns)
        )
    # allauth remembers each address a reset was asked for, and would go on mailing to the old one.
    moved = [person for person, changes in changed.items() if "email" in changes]
    EmailAddress.objects.filter(user__in=moved).delete()
