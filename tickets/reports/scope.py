"""Which rows a report counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet

DAY_STEPS = 31  # a scope of more days is told by weeks


@dataclass(frozen=True)
class Scope:
    """A stretch of days, both inclusive, and what of it is counted. Days are GMT.

    ``language`` and ``rank`` are those of the ticket or the chat; ``agent`` is the id of a person:
    only their share. Empty means all of them.
    """

    first: date
    last: date
    language: str = ""
    rank: int | None = None
    agent: int | None = None

    @property
    def since(self) -> datetime:
        return midnight(self.first)

    @property
    def until(self) -> datetime:
        """The first moment after the scope."""
        return midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> list[date]:
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]

    @property
    def steps(self) -> list[tuple[date, date]]:
        """The days one by one; of a long scope the weeks, counted back from its last day."""
        days = self.days
        if len(days) <= DAY_STEPS:
            return [(day, day) for day in days]
        ends = days[::-7][::-1]
        return [(max(self.first, end - timedelta(days=6)), end) for end in ends]

    def narrow(self, rows: QuerySet, *, agent: str, path: str = "") -> QuerySet:
        """``rows`` of this language and rank, fields below ``path``, and of this ``agent``."""
        asked = {f"{path}language": self.language, f"{path}rank": self.rank, agent: self.agent}
        return rows.filter(
            **{name: value for name, value in asked.items() if value not in ("", None)}
        )


def midnight(day: date) -> datetime:
    """The moment at which ``day`` begins."""
    return datetime.combine(day, time.min, UTC)


def on_days(field: str, days: list[date]) -> Q:
    """Whether the moment in ``field`` is on one of ``days``, at least one and in their order."""
    found = Q()
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    for run in runs:
        since, until = midnight(run[0]), midnight(run[-1] + timedelta(days=1))
        found |= Q(**{f"{field}__gte": since, f"{field}__lt": until})
    return found
