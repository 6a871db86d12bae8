"""Who carries what."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from django.db.models import Count, FilteredRelation, Q, QuerySet

from accounts.models import User

from ..models import Ticket, TicketEvent
from ..models.daily_figures import count_work
from ..models.lifecycle import UNFINISHED
from .counted import kept, matching
from .scope import Scope, on_days


class Load(NamedTuple):
    """``open`` and ``awaiting`` are theirs now; they wrote ``replies`` and closed in the scope."""

    agent: User
    open: int
    awaiting: int
    replies: int
    closed: int


def load(scope: Scope) -> list[Load]:
    """Everybody on the staff who has or did anything, by name. Own issues are not work."""
    replied, closed = _done(scope)
    rows = [
        Load(who, who.holds_open, who.holds_awaiting, replied[who.pk], closed[who.pk])
        for who in _staff(scope)
    ]
    return [row for row in rows if any(row[1:])]


def _staff(scope: Scope) -> QuerySet[User]:
    """With what each has to do now."""
    asked = Q(assigned_tickets__status__in=sorted(UNFINISHED))
    if scope.language:
        asked &= Q(assigned_tickets__language=scope.language)
    if scope.rank is not None:
        asked &= Q(assigned_tickets__rank=scope.rank)
    staff = User.objects.filter(is_staff=True).order_by("first_name", "last_name", "pk")
    if scope.agent:
        staff = staff.filter(pk=scope.agent)
    is_open = Q(held__status=Ticket.Status.OPEN)
    is_awaiting = Q(held__status=Ticket.Status.AWAITING_FEEDBACK)
    return staff.annotate(held=FilteredRelation("assigned_tickets", condition=asked)).annotate(
        holds_open=Count("held__status", filter=is_open),
        holds_awaiting=Count("held__status", filter=is_awaiting),
    )


def _done(scope: Scope) -> tuple[Counter[int], Counter[int]]:
    """By person how many replies they wrote and how many tickets they closed."""
    days = kept(scope)
    if missing := [day for day in scope.days if day not in days]:
        events = TicketEvent.objects.filter(on_days("at", missing))
        days |= count_work(scope.narrow(events, agent="actor", path="ticket__"))
    replied: Counter[int] = Counter()
    closed: Counter[int] = Counter()
    for figures in days.values():
        for name, sums in (("staff_replied", replied), ("staff_closed", closed)):
            for (*_kind, actor), count in matching(scope, figures.get(name, {})).items():
                sums[int(actor)] += count
    return replied, closed
