"""Pages by keys: a place is the values of a row's columns, and counting ends early."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import IntegerField, Q, QuerySet, Subquery

from .models import Ticket
from .models.lifecycle import Status

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(?:([a-z_]{1,20})\.)?(?:([0-9]{1,17})\.)?([0-9]{1,18})", re.ASCII)


class Order(NamedTuple):
    """``columns`` end with the key; those of ``statuses`` follow one another, if there are any."""

    columns: tuple[str, ...]
    statuses: tuple[Status, ...] = ()

    def has(self, ticket: Ticket) -> bool:
        """Whether ``ticket`` has a place in this order as it is now."""
        is_dated = getattr(ticket, self.columns[0].lstrip("-")) is not None
        return is_dated and (not self.statuses or ticket.status in self.statuses)

    def fields(self, *, back: bool = False) -> list[str]:
        """The columns as ``order_by`` takes them, within one status."""
        if not back:
            return list(self.columns)
        return [column[1:] if column[0] == "-" else f"-{column}" for column in self.columns]


class CappedCount(Subquery):
    """How many rows a sliced queryset has: never counts beyond its end."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet) -> None:
        super().__init__(rows.values("pk")[: settings.COUNT_CAP + 1])


@dataclass(frozen=True)
class Cursor:
    """The place of a row in an order, also of one that is gone by now."""

    pk: int
    at: datetime | None = None
    status: Status | None = None

    @classmethod
    def of(cls, ticket: Ticket, order: Order) -> Cursor:
        at = getattr(ticket, order.columns[0].lstrip("-")) if len(order.columns) > 1 else None
        return cls(ticket.pk, at, Status(ticket.status) if len(order.statuses) > 1 else None)

    @classmethod
    def parse(cls, text: str, order: Order) -> Cursor | None:
        """Return what ``text`` says, or ``None`` if it is no place in ``order``."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            return None
        status, at, pk = found.groups()
        if (at is not None) != (len(order.columns) > 1):
            return None
        if status not in (order.statuses if len(order.statuses) > 1 else (None,)):
            return None
        moment = _EPOCH + timedelta(microseconds=int(at)) if at else None  # year 5138 at most
        return cls(int(pk), moment, Status(status) if status else None)

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1) if self.at else None
        parts = (self.status, micros, self.pk)
        return ".".join(str(part) for part in parts if part is not None)

    def beyond(self, order: Order, *, back: bool = False) -> Q:
        """What comes after this place, or before it, within its status.

        The first bound says nothing that the second does not, but an index can begin there.
        """
        *times, key = order.fields(back=back)
        after = Q(pk__lt=self.pk) if key[0] == "-" else Q(pk__gt=self.pk)
        if not times:
            return after
        column, way = times[0].lstrip("-"), "lt" if times[0][0] == "-" else "gt"
        later = Q(**{f"{column}__{way}": self.at})
        return Q(**{f"{column}__{way}e": self.at}) & (later | after)
