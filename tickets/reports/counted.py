"""What was opened, closed and reopened, day by day."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import NamedTuple

from django.db.models import Count, QuerySet

from ..models import DailyFigures, Ticket, TicketEvent, Topic
from ..models.daily_figures import REOPENED, Counts, count_days
from .scope import Scope, on_days


class Day(NamedTuple):
    """A closing that was undone goes off on the day of the undo: ``closed`` may be below zero."""

    day: date
    opened: int
    closed: int
    reopened: int


class Counted(NamedTuple):
    """``languages`` are those of the tickets that were opened."""

    days: list[Day]
    languages: dict[str, int]


def counted(scope: Scope, today: date) -> Counted:
    """Count days that are over from what was kept of them, the others from the rows."""
    counts = {} if scope.agent else kept(scope, today)
    if missing := [day for day in scope.days if day not in counts]:
        counts |= _from_rows(scope, missing)
    languages: Counter[str] = Counter()
    days = []
    for day in scope.days:
        figures = counts.get(day, {})
        for (language, _rank), count in matching(scope, figures.get("opened", {})).items():
            languages[language] += count
        sums = [sum(matching(scope, figures.get(name, {})).values()) for name in Day._fields[1:]]
        days.append(Day(day, *sums))
    return Counted(days, dict(languages))


def by_topic(scope: Scope) -> list[tuple[Topic | None, int]]:
    """What the tickets opened in the scope are about, most first; ``None``: not labelled."""
    opened = Ticket.objects.filter(created_at__gte=scope.since, created_at__lt=scope.until)
    rows = scope.narrow(opened, agent="assignee").order_by().values_list("topic")
    counts = dict(rows.annotate(count=Count("*")))
    topics = Topic.objects.in_bulk(filter(None, counts))
    told = [(topics.get(pk), count) for pk, count in counts.items()]
    return sorted(told, key=lambda row: (-row[1], row[0].name if row[0] else ""))


def kept(scope: Scope, today: date | None = None) -> dict[date, Counts]:
    """What was kept of the days of ``scope``, of those before ``today``."""
    rows = DailyFigures.objects.filter(day__gte=scope.first, day__lte=scope.last)
    if today:
        rows = rows.filter(day__lt=today)
    return dict(rows.values_list("day", "counts"))


def matching(scope: Scope, counts: dict[str, int]) -> dict[tuple[str, ...], int]:
    """Those of ``counts`` that the scope asks for, by the parts of their keys."""
    rank = "" if scope.rank is None else str(int(scope.rank))
    found = {tuple(key.split(" ")): count for key, count in counts.items()}
    return {
        key: count
        for key, count in found.items()
        if scope.language in ("", key[0]) and rank in ("", key[1])
    }


def _from_rows(scope: Scope, days: list[date]) -> dict[date, Counts]:
    opened = Ticket.objects.filter(on_days("created_at", days))
    events = TicketEvent.objects.filter(on_days("at", days))
    if not scope.agent:
        return count_days(scope.narrow(opened, agent="assignee"), _events(scope, events, "actor"))
    own = _events(scope, events, "actor").exclude(REOPENED)
    back = _events(scope, events.filter(REOPENED), "ticket__assignee")  # it is members who reopen
    counts = count_days(scope.narrow(opened, agent="assignee"), own)
    for day, figures in count_days(Ticket.objects.none(), back).items():
        counts.setdefault(day, {})["reopened"] = figures["reopened"]
    return counts


def _events(scope: Scope, events: QuerySet[TicketEvent], agent: str) -> QuerySet[TicketEvent]:
    return scope.narrow(events, agent=agent, path="ticket__")
