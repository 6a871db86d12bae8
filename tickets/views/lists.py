"""My Technical Issues: the list in three sections (S22–S33)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from ..models import Ticket
from ..models.queries import NUMBER, TicketQuerySet

SECTIONS = (Ticket.Status.OPEN, Ticket.Status.AWAITING_FEEDBACK, Ticket.Status.CLOSED)


@require_safe
def ticket_list(request: HttpRequest) -> HttpResponse:
    """My Technical Issues: three sections, or one of them page by page (S22–S33)."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    own = Ticket.objects.owned_by(request.user)
    found = (_found(own, query) if query else own.standing()).with_unread(request.user)
    tally = found.tally()
    counts = {status: count for status, (count, _unread) in tally.items()}
    only = request.GET.get("section", "")
    shown = [only] if only in SECTIONS else SECTIONS
    sections = [
        _section(request, found, key, counts.get(key, 0), query, is_alone=len(shown) == 1)
        for key in shown
    ]
    awaiting = next((s["tickets"] for s in sections if s["key"] == SECTIONS[1]), [])
    context = {
        "sections": sections,
        "section": only if len(shown) == 1 else "",
        "query": query,
        "result_count": sum(counts.values()),
        "unread_count": sum(unread for _count, unread in tally.values()),
        "waiting": [] if query else awaiting,
        "first_visit": not query and not counts,
    }
    return render(request, "tickets/ticket_list.html", context)


def _found(own: TicketQuerySet, query: str) -> TicketQuerySet:
    """What matches ``query``; the number of a merged ticket finds the one that shows it."""
    found = own.standing().matching(query)
    if number := NUMBER.match(query):
        targets = own.filter(pk=int(number[1])).values("merged_into")
        found |= own.standing().filter(pk__in=targets)
    return found


def _section(
    request: HttpRequest, found: Any, key: str, count: int, query: str, *, is_alone: bool
) -> dict[str, Any]:
    """One section of the list. Without tickets it costs no query."""
    rows = found.in_section(key).defer("description", "search_text", "notes_text")
    if key == Ticket.Status.AWAITING_FEEDBACK:
        rows = rows.with_question()
    paginator = Paginator(rows, settings.PAGE_SIZE)
    paginator.count = count  # known already: no second COUNT
    page = paginator.get_page(request.GET.get("page")) if is_alone else paginator.get_page(1)
    tickets = list(page.object_list) if count else []
    if key == Ticket.Status.CLOSED and not is_alone and not query:
        tickets = tickets[: settings.CLOSED_PREVIEW]
    return {
        "key": key,
        **_section_words(key),
        "count": count,
        "tickets": tickets,
        "page": page if is_alone else None,
        "more_url": _section_url(key, query) if len(tickets) < count and not is_alone else None,
        "is_open_by_default": True,
    }


def _section_words(key: str) -> dict[str, str]:
    return {
        Ticket.Status.OPEN: {
            "heading": pgettext("section", "Open Tech Issues"),
            "empty_text": _("You have no open technical issues."),
        },
        Ticket.Status.AWAITING_FEEDBACK: {
            "heading": pgettext("section", "Awaiting Feedback"),
            "empty_text": _("Nothing is waiting for your reply."),
        },
        Ticket.Status.CLOSED: {
            "heading": pgettext("section", "Closed Tech Issues"),
            "empty_text": _("No closed issues yet."),
        },
    }[key]


def _section_url(key: str, query: str) -> str:
    return reverse("tickets:ticket_list", query={"section": key, **({"q": query} if query else {})})
