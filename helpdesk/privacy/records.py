"""A row as it is handed over: everything about the member, nothing about anybody else."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from django.db.models import DateField, FileField, Model

from accounts.models import User
from accounts.text import fold
from tickets.models import Screenshot

from .register import Held, label, person_fields

YOU, SUPPORT = "you", "technical support"
_FILES = {"image/png": "png", "image/jpeg": "jpg"}


class Records:
    """Turns rows into plain values for one ``member``.

    Notes that agents wrote about a member are that member's data like any other opinion about them
    (GDPR, Article 15 with recital 63; CJEU C-434/16, Nowak): they are handed over. The rights of
    others must not suffer from it (Article 15(4)): whoever is not the member is called *technical
    support*, and names of colleagues are taken out of what agents wrote for each other. Names are
    found as they are spelt in the accounts; an inflected first name in running text can stay, so
    somebody should read the notes before the archive of a dispute leaves the house. What was sent
    to the member stands as it was sent.
    """

    def __init__(self, member: User) -> None:
        self.member = member

    def whole(self, row: Model, held: Held) -> dict[str, Any]:
        """Everything in a row that is the member's own matter."""
        values = {
            column.name: self._value(row, column)
            for column in row._meta.concrete_fields
            if column.name not in held.hidden
        }
        if held.inner and held.inner(row):
            values |= {name: self._without_names(values[name]) for name in held.words}
        self._hide_others(row, values)
        return values

    def mention(self, row: Model) -> dict[str, Any]:
        """That a row of somebody else names the member: how and when, and none of its words."""
        named = [
            column.name
            for column in person_fields(type(row))
            if column.value_from_object(row) == self.member.pk
        ]
        times = {
            column.name: column.value_from_object(row)
            for column in row._meta.concrete_fields
            if isinstance(column, DateField)
        }
        return {"id": row.pk, "names_you_as": named, **times}

    def who(self, pk: int | None) -> str | None:
        if pk is None:
            return None
        return YOU if pk == self.member.pk else SUPPORT

    def without_names(self, text: str, instead: str = SUPPORT) -> str:
        """``text`` with the names of staff replaced, but for those the member bears as well."""
        return self._names.sub(lambda _name: instead, text) if self._names else text

    def _without_names(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.without_names(str(part)) for part in value]
        return self.without_names(value)

    @cached_property
    def _names(self) -> re.Pattern | None:
        own = self.member
        spared = {fold(word) for word in f"{own.get_full_name()} {own.username}".split()}
        names = set()
        for first, last, username in User.objects.filter(is_staff=True).values_list(
            "first_name", "last_name", "username"
        ):
            full = f"{first} {last}".strip()
            names |= {full, first, last, username} if fold(full) not in spared else set()
        wanted = [name for name in names if len(name) > 1 and fold(name) not in spared]
        longest_first = sorted(wanted, key=lambda name: (-len(name), name))
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b") if wanted else None

    def _value(self, row: Model, column: Any) -> Any:
        if column.related_model is User:
            return self.who(column.value_from_object(row))
        if isinstance(column, FileField):
            return picture_path(row) if column.name == "picture" else None
        return column.value_from_object(row)

    def _hide_others(self, row: Model, values: dict[str, Any]) -> None:
        """Where others acted from, and to whom they gave a ticket, is not the member's."""
        if "actor" not in values or values["actor"] == YOU:
            return
        if "address" in values:
            values["address"] = None
        if values.get("verb") == "assign":
            values["data"] = {}


def picture_path(shot: Screenshot) -> str | None:
    """Where a picture lies in the archive; ``None`` if it was taken away."""
    if not shot.picture:
        return None
    return f"pictures/{shot.uuid}.{_FILES.get(shot.content_type, 'bin')}"


def data_path(model: type[Model]) -> str:
    return f"data/{label(model).lower()}.json"
