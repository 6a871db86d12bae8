"""The requester card: who asks, what else that person asked, and how long they have waited."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Case, CharField, Count, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest

from accounts.models import User
from accounts.text import fold
from accounts.zones import zone_city

from .. import hours
from ..models import ServiceWindow, Ticket, TicketLanguage
from ..models.lifecycle import Status
from ..thread import Entry
from ..worklist import Worklist
from .durations import in_words
from .house import House

SHOWN = 5  # tickets of one kind


@dataclass
class OtherTickets:
    """The member's other tickets, the newest first; of the first two lists only a few."""

    open: list[Ticket] = field(default_factory=list)
    earlier: list[Ticket] = field(default_factory=list)
    open_count: int = 0
    earlier_count: int = 0
    merged: list[Ticket] = field(default_factory=list)  # into this one
    follow_ups: list[Ticket] = field(default_factory=list)


class Due(NamedTuple):
    """Until when the first reply is promised."""

    at: datetime
    is_over: bool
    distance: str  # to or since that moment, in words


def other_tickets(ticket: Ticket) -> OtherTickets:
    """What else the member of ``ticket`` asked, by one query."""
    kind = Case(
        When(merged_into__isnull=False, then=Value("merged")),
        When(status=Status.CLOSED, then=Value("earlier")),
        default=Value("open"),
        output_field=CharField(),
    )
    rows = Ticket.objects.owned_by(ticket.member).exclude(pk=ticket.pk)
    rows = rows.defer("search_text", "notes_text").annotate(
        group=kind,
        place=Window(RowNumber(), partition_by=[kind], order_by=["-created_at", "-pk"]),
        total=Window(Count("pk"), partition_by=[kind]),
    )
    newest = Q(place__lte=SHOWN, group__in=["open", "earlier"])
    linked = Q(merged_into=ticket) | Q(follow_up_of=ticket)
    found = defaultdict(list)
    for other in rows.filter(newest | linked).order_by("-created_at", "-pk"):
        found[other.group].append(other)
    return OtherTickets(
        open=[other for other in found["open"] if other.place <= SHOWN],
        earlier=[other for other in found["earlier"] if other.place <= SHOWN],
        open_count=found["open"][0].total if found["open"] else 0,
        earlier_count=found["earlier"][0].total if found["earlier"] else 0,
        merged=[other for other in found["merged"] if other.merged_into_id == ticket.pk],
        follow_ups=[
            other
            for others in found.values()
            for other in others
            if other.follow_up_of_id == ticket.pk
        ],
    )


def first_reply_due(
    ticket: Ticket, house: House, entries: list[Entry], now: datetime
) -> Due | None:
    """When support must have answered, while it has not (DESIGN §9).

    Only hours in which the ticket's language is answered count.
    """
    answered = any(entry.is_staff and entry.kind in {"reply", "question"} for entry in entries)
    if answered or ticket.is_closed:
        return None
    is_english = ticket.language == TicketLanguage.ENGLISH
    at = hours.add_service_time(
        house.windows,
        house.holidays,
        ticket.created_at,
        timedelta(hours=settings.FIRST_REPLY_HOURS),
        None if is_english else {ServiceWindow.Kind.LANGUAGE_SUPPORT},
    )
    return at and Due(at, at < now, in_words(abs(at - now)))


def card(
    request: HttpRequest, ticket: Ticket, house: House, entries: list[Entry], now: datetime
) -> dict[str, Any]:
    """The context of everything beside the thread."""
    return {
        "due": first_reply_due(ticket, house, entries, now),
        "waiting": in_words(now - ticket.waiting_since),
        "member_zone": ticket.member.zone,
        "member_city": zone_city(ticket.member.zone),
        "agents": _choices(ticket, house),
        "topics": sorted(house.topics.values(), key=lambda topic: fold(topic.name)),
        "place": Worklist(request.GET, request.user, now).place,
    }


def _choices(ticket: Ticket, house: House) -> list[User]:
    """Those whom it can be handed to, and whoever has it, even if no agent any more."""
    if ticket.assignee and ticket.assignee not in house.agents:
        return [*house.agents, ticket.assignee]
    return house.agents
