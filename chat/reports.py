"""The figures of chats: who asked when, who was answered and how soon, and what became of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.fields import DurationField
from django.db.models.functions import TruncHour

from tickets.models import Ticket
from tickets.reports import Durations, Scope, durations

from .models import Conversation

TARGET = timedelta(seconds=settings.CHAT_ACCEPT_TARGET)
_ANSWERED = Q(first_claimed_at__isnull=False)


class ChatDay(NamedTuple):
    """``begun`` less the other three are waiting still.

    Nobody ever answered the ``missed``, who waited ``CHAT_ACCEPT_TARGET`` or longer, and the
    ``abandoned``, who left sooner.
    """

    day: date
    begun: int
    answered: int
    missed: int
    abandoned: int


class Requests(NamedTuple):
    """``hours`` counts requests by weekday, 0 is Monday, and hour, GMT; what is missing is none."""

    days: list[ChatDay]
    hours: dict[tuple[int, int], int]


class Sent(NamedTuple):
    """Answered ``chats`` of people who read the portal in ``language``; some led to ``tickets``."""

    language: str
    chats: int
    tickets: int


def requests(scope: Scope) -> Requests:
    """Chats begun in the scope, in one query."""
    waited = ExpressionWrapper(F("closed_at") - F("queued_at"), output_field=DurationField())
    unanswered = Q(first_claimed_at=None, closed_at__isnull=False)
    rows = (
        _begun(scope)
        .annotate(waited=waited)
        .values_list(TruncHour("created_at", tzinfo=UTC))
        .annotate(
            begun=Count("*"),
            answered=Count("first_claimed_at"),
            missed=Count("created_at", filter=unanswered & Q(waited__gte=TARGET)),
            abandoned=Count("created_at", filter=unanswered & Q(waited__lt=TARGET)),
        )
    )
    hours: Counter[tuple[int, int]] = Counter()
    sums = {day: [0, 0, 0, 0] for day in scope.days}
    for hour, *counts in rows:
        hours[hour.weekday(), hour.hour] += counts[0]
        day = hour.date()
        sums[day] = [sum(pair) for pair in zip(sums[day], counts, strict=True)]
    return Requests([ChatDay(day, *counts) for day, counts in sums.items()], dict(hours))


def waits(scope: Scope) -> Durations:
    """From joining the queue to the first agent, of chats begun in the scope."""
    answered = _begun(scope).filter(_ANSWERED)
    return durations(scope, answered, begin="queued_at", end="first_claimed_at", on="created_at")


def sent_to_ticket(scope: Scope) -> list[Sent]:
    """Answered chats begun in the scope, and those of them that led to a ticket, by language.

    Support makes a ticket of the chat, or the member files one that grew from it.
    """
    # That it is not null lets PostgreSQL find those of many chats without reading every ticket.
    own = Ticket.objects.filter(from_chat__isnull=False, from_chat=OuterRef("uuid"))
    own = own.filter(member=OuterRef("member"))
    rows = (
        _begun(scope)
        .filter(_ANSWERED)
        .values_list("language")
        .annotate(
            chats=Count("*"),
            tickets=Count("language", filter=Q(ticket__isnull=False) | Exists(own)),
        )
        .order_by("language")
    )
    return [Sent(*row) for row in rows]


def taken(scope: Scope) -> dict[int, int]:
    """By the id of the agent the chats begun in the scope that they have, or had last."""
    rows = _begun(scope).exclude(agent=None).values_list("agent")
    return dict(rows.annotate(count=Count("*")))


def waiting_now(scope: Scope, at: datetime) -> tuple[int, int]:
    """How many wait at ``at``, which is now, and how many of them longer than they should."""
    late = Count("queued_at", filter=Q(queued_at__lt=at - TARGET))
    waiting = scope.narrow(Conversation.objects.waiting(), agent="agent")
    counts = waiting.aggregate(count=Count("*"), late=late)
    return counts["count"], counts["late"]


def _begun(scope: Scope) -> QuerySet[Conversation]:
    begun = Conversation.objects.filter(created_at__gte=scope.since, created_at__lt=scope.until)
    return scope.narrow(begun, agent="agent").order_by()
