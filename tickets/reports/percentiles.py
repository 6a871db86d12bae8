"""How long things took: medians and 90th percentiles, picked out by the database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import (
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Q,
    QuerySet,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from .scope import Scope, midnight

MEDIAN, P90 = 5, 9  # tenths


class Step(NamedTuple):
    """A day or a week of ``Durations``; without values it has no percentiles."""

    first: date
    last: date
    count: int
    median: timedelta | None
    p90: timedelta | None


class Durations(NamedTuple):
    """Percentiles are nearest-rank: the smallest value that at least so many do not exceed."""

    count: int
    median: timedelta | None
    p90: timedelta | None
    steps: list[Step]


def durations(scope: Scope, rows: QuerySet, *, begin: str, end: str, on: str) -> Durations:
    """How long it took ``rows`` from the field ``begin`` to the field ``end``, in one query.

    ``rows`` are those of the scope already; the field ``on`` says in which step each is counted.
    Neither field may be empty in them.
    """
    whole, parts = _Picked(), {number: _Picked() for number in range(len(scope.steps))}
    for number, took, *here, place, size in _picked(scope, rows, begin, end, on):
        parts[number].take(took, *here)
        whole.take(took, place, size)
    steps = [Step(*days, *parts[number].values) for number, days in enumerate(scope.steps)]
    return Durations(*whole.values, steps)


class _Picked:
    """What is known of a sorted list of which only some places were read."""

    def __init__(self) -> None:
        self.size = 0
        self.median: timedelta | None = None
        self.p90: timedelta | None = None

    def take(self, took: timedelta, place: int, size: int) -> None:
        self.size = size
        if place == -(-size * MEDIAN // 10):
            self.median = took
        if place == -(-size * P90 // 10):
            self.p90 = took

    @property
    def values(self) -> tuple[int, timedelta | None, timedelta | None]:
        return self.size, self.median, self.p90


def _picked(scope: Scope, rows: QuerySet, begin: str, end: str, on: str) -> QuerySet:
    """Of each step, and of all of them, the rows at the median and at the 90th percentile."""
    steps = reversed(list(enumerate(scope.steps)))
    number = Case(
        *(When(**{f"{on}__gte": midnight(first)}, then=number) for number, (first, _last) in steps),
        output_field=IntegerField(),
    )
    took = ExpressionWrapper(F(end) - F(begin), output_field=DurationField())
    rows = rows.order_by().annotate(number=number, took=took)
    rows = rows.annotate(
        place=Window(RowNumber(), partition_by="number", order_by="took"),
        size=Window(Count("*"), partition_by="number"),
        place_in_all=Window(RowNumber(), order_by="took"),
        size_of_all=Window(Count("*")),
    )
    rows = rows.filter(_at("place", "size") | _at("place_in_all", "size_of_all"))
    return rows.values_list("number", "took", "place", "size", "place_in_all", "size_of_all")


def _at(place: str, size: str) -> Q:
    """Integers are divided, which rounds down."""
    ranks = [(F(size) * tenths + 9) / 10 for tenths in (MEDIAN, P90)]
    return Q(**{place: ranks[0]}) | Q(**{place: ranks[1]})
