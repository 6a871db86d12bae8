"""The audit of one ticket: every change with who, when, what and from where; who saw pictures."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.models import AuditEntry
from accounts.zones import zone_city

from ..models import Ticket, TicketEvent
from ..thread import event_texts

READS = 20  # of pictures


def ticket_history(request: HttpRequest, ticket: Ticket, frame: dict[str, Any]) -> HttpResponse:
    """Everything that happened to the ticket and its duplicates, the newest first."""
    parts = {part.pk: part for part in [ticket, *ticket.duplicates.only("member")]}
    numbers = [part.number for part in parts.values()]
    reads = AuditEntry.objects.filter(action=AuditEntry.Action.PICTURE, about__in=numbers)
    context = {
        **frame,
        "title": _("History of %(number)s") % {"number": ticket.number},
        "ticket": ticket,
        "events": _told(parts),
        "reads": reads.select_related("actor").order_by("-pk")[:READS],
        "has_duplicates": len(parts) > 1,
        "member_zone": ticket.member.zone,
        "member_city": zone_city(ticket.member.zone),
    }
    return TemplateResponse(request, "admin/tickets/ticket/history.html", context)


def _told(parts: dict[int, Ticket]) -> list[TicketEvent]:
    """What happened to ``parts``, each with ``told``: what a timeline says of it."""
    rows = TicketEvent.objects.filter(ticket__in=parts).select_related("actor")
    events = list(rows.order_by("-at", "-pk"))
    for event in events:
        event.ticket = parts[event.ticket_id]
    texts = event_texts(events)
    for event in events:
        event.told = texts[event.pk]
        if "into" in event.data:
            event.told = _("Merged into %(number)s") % {"number": f"TI-{event.data['into']}"}
    return events
