"""How things stand now."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Count, Q

from ..models import Ticket
from .scope import Scope

AGES = (1, 3, 7, 14)  # whole days since filing, from which on an open ticket is in the next group


class Standing(NamedTuple):
    """Tickets that are not closed; ``unassigned`` are those of the open.

    ``ages`` are the open ones, filed less than a day ago, one to two days, three to six, seven
    to thirteen, and longer. ``oldest`` is the open one that has waited longest.
    """

    open: int
    unassigned: int
    awaiting: int
    ages: tuple[int, ...]
    oldest: Ticket | None


def standing(scope: Scope, at: datetime) -> Standing:
    """How things stand at ``at``, which is now; the days of the scope do not matter."""
    unfinished = scope.narrow(Ticket.objects.unfinished(), agent="assignee")
    is_open = Q(status=Ticket.Status.OPEN)
    older = {
        f"older_{days}": Count(
            "status", filter=is_open & Q(created_at__lte=at - timedelta(days=days))
        )
        for days in AGES
    }
    counts = unfinished.aggregate(
        open=Count("status", filter=is_open),
        unassigned=Count("status", filter=is_open & Q(assignee=None)),
        awaiting=Count("status", filter=Q(status=Ticket.Status.AWAITING_FEEDBACK)),
        **older,
    )
    reached = [counts["open"], *(counts[name] for name in older), 0]
    ages = tuple(younger - older for younger, older in pairwise(reached))
    oldest = unfinished.filter(is_open).order_by("waiting_since", "pk").first()
    return Standing(counts["open"], counts["unassigned"], counts["awaiting"], ages, oldest)
