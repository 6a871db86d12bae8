"""A row of the member record: its columns, and the judgement of one row by itself.

Reasons are told in the active language; the names of columns stand as they do in the file.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
import zoneinfo
from dataclasses import dataclass, fields
from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import identify_hasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ..models import Rank, User
from ..text import validate_line
from .faults import RowRefused

TRUE, FALSE = {"true", "yes", "1"}, {"false", "no", "0"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would work out
ERASED = re.compile(r"erased-[0-9]+\Z", re.IGNORECASE)  # what an erasure leaves of a name
QUOTED = 60  # characters of a wrong value that its reason repeats


class Record(NamedTuple):
    """A row as the file has it; ``fault`` says why nothing can be read from it, if so."""

    line: int
    values: dict[str, str]
    fault: str = ""


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
CHECKED = ["username", "email", "member_id", "first_name", "last_name", "password"]


def parse(record: Record, *, at_desk: bool = False) -> Row:
    """Judge one record by itself; raises ``RowRefused``.

    User names may begin with + or @: only ``at_desk`` such a one is taken for a formula.
    """
    if record.fault:
        raise RowRefused(record.fault)
    for name, value in record.values.items():
        if at_desk or name != "username":
            _refuse_formula(name, value)
    text = {name: cleaned(value) for name, value in record.values.items()}
    text["username"] = User.normalize_username(text["username"])
    text["email"] = text["email"].lower()  # allauth looks for it in lower case
    for name in CHECKED:
        _check_field(name, text.get(name, ""))
    language = _language(text["language"])
    if ERASED.match(text["username"]):
        words = _("username: %(value)s is the name of an erased person")
        raise RowRefused(words % {"value": quoted(text["username"])})
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


def cleaned(value: str) -> str:
    return unicodedata.normalize("NFC", value.strip())


def folded(value: str) -> str:
    """What must be unique of a name: sign-in is blind to case."""
    return User.normalize_username(value.strip()).lower()


def quoted(value: str) -> str:
    return repr(value if len(value) <= QUOTED else f"{value[:QUOTED]}…")


def _refuse_formula(name: str, value: str) -> None:
    """Also full-width signs: of a user name they become the plain ones."""
    plain = unicodedata.normalize("NFKC", value)
    if any(text.startswith(FORMULA) for text in (value, value.strip(), plain.strip())):
        raise RowRefused(_("%(column)s: looks like a formula") % {"column": name})


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
        raise RowRefused(_("unknown rank: %(value)s") % {"value": quoted(code)}) from error


def _language(code: str) -> str:
    if code and code not in dict(settings.LANGUAGES):
        raise RowRefused(_("unknown language: %(value)s") % {"value": quoted(code)})
    return code or settings.LANGUAGE_CODE


def _time_zone(name: str, language: str) -> str:
    if name and name not in _zones():
        raise RowRefused(_("unknown time zone: %(value)s") % {"value": quoted(name)})
    return name or settings.MARKET_TIME_ZONES.get(language, settings.DEFAULT_TIME_ZONE)


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _boolean(word: str) -> bool:
    if word.lower() not in TRUE | FALSE:
        raise RowRefused(
            _("is_active: %(value)s is neither true nor false") % {"value": quoted(word)}
        )
    return word.lower() in TRUE


def _password(encoded: str) -> str:
    """Return ``encoded`` if somebody could sign in with it."""
    if not encoded:
        return ""
    no_hash = _("password: not a hash that this portal can check")
    try:
        hasher = identify_hasher(encoded)
        parts = hasher.decode(encoded).values()
    except Exception as error:  # a hasher may raise anything at a broken hash
        raise RowRefused(no_hash) from error
    sound = all(part > 0 if isinstance(part, int) else part for part in parts)
    if not sound or not _is_installed(hasher.library):
        raise RowRefused(no_hash)
    return encoded


@cache
def _is_installed(library: str | tuple[str, str] | None) -> bool:
    """Whether the library that a hasher names, if any, is there."""
    module = library[1] if isinstance(library, tuple) else library or ""
    return not module or importlib.util.find_spec(module.partition(".")[0]) is not None
