"""The audit of one ticket: every change with who, when, what and from where; who saw pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.models import AuditEntry
from accounts.zones import zone_city

from ..models import Screenshot, Ticket, TicketEvent
from ..models.event import Verb
from ..thread import event_texts

READS = 20  # of pictures
SAID_WHOLLY = {Verb.SUBMIT, Verb.ASSIGN, Verb.MERGE, Verb.TOPIC, Verb.REDACT}


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
        "reads": _named(reads.select_related("actor").order_by("-pk")[:READS]),
        "has_duplicates": len(parts) > 1,
        "member_zone": ticket.member.zone,
        "member_city": zone_city(ticket.member.zone),
    }
    return TemplateResponse(request, "admin/tickets/ticket/history.html", context)


def _told(parts: dict[int, Ticket]) -> list[TicketEvent]:
    """What happened to ``parts``, each with ``words``: one line or two."""
    rows = TicketEvent.objects.filter(ticket__in=parts).select_related("actor")
    events = list(rows.order_by("-at", "-pk"))
    for event in events:
        event.ticket = parts[event.ticket_id]
    texts = event_texts(events)
    for event in events:
        event.words = _words(event, texts[event.pk])
    return events


def _words(event: TicketEvent, told: str) -> list[str]:
    """What was done, and what came of it where that does not say the same."""
    if "into" in event.data:
        return [_("Merged into %(number)s") % {"number": f"TI-{event.data['into']}"}]
    done = event.get_verb_display()
    if not told or event.verb == Verb.CLOSE:
        return [done]
    return [told] if event.verb in SAID_WHOLLY else [done, told]


def _named(reads: Iterable[AuditEntry]) -> list[AuditEntry]:
    """``reads``, each with the name of its ``picture`` as far as it still stands."""
    reads = list(reads)
    shots = Screenshot.objects.filter(uuid__in=[read.data.get("screenshot") for read in reads])
    names = {str(uuid): name for uuid, name in shots.values_list("uuid", "name")}
    for read in reads:
        read.picture = names.get(read.data.get("screenshot"), "")
    return reads
