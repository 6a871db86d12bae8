"""How long members waited for a reply, and how long tickets lived."""

from __future__ import annotations

from ..models import Ticket
from .percentiles import Durations, durations
from .scope import Scope


def first_reply(scope: Scope) -> Durations:
    """From filing to the first reply, of tickets that got it in the scope."""
    answered = Ticket.objects.filter(
        first_reply_at__gte=scope.since, first_reply_at__lt=scope.until
    )
    answered = scope.narrow(answered, agent="assignee")
    return durations(scope, answered, begin="created_at", end="first_reply_at", on="first_reply_at")


def resolution(scope: Scope) -> Durations:
    """From filing to the closing, of tickets closed in the scope and still, but no duplicates."""
    resolved = Ticket.objects.standing().closed_since(scope.since)
    resolved = scope.narrow(resolved.filter(closed_at__lt=scope.until), agent="assignee")
    return durations(scope, resolved, begin="created_at", end="closed_at", on="closed_at")
