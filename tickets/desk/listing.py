"""The work list as a page: what stands in each row, and where each filter leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST

from accounts import throttle
from accounts.answers import see_other
from accounts.models import Rank, User

from ..models import Incident, Ticket, TicketLanguage, Topic
from ..models.lifecycle import Status
from ..models.queries import NUMBER
from ..worklist import FILTER_TITLES, VIEWS, WORK, Page, Worklist
from .durations import in_words
from .outcome import list_address, ticket_address
from .undo import offered_undo

LATE = timedelta(days=1)  # support's turn for longer than that is marked
AGES = [
    ("1", gettext_lazy("More than 1 day")),
    ("3", gettext_lazy("More than 3 days")),
    ("7", gettext_lazy("More than 7 days")),
]


@dataclass(frozen=True)
class Row:
    """A ticket as the list shows it."""

    ticket: Ticket
    query: str
    now: datetime

    @property
    def url(self) -> str:
        return ticket_address(self.ticket.pk, self.query)

    @property
    def since(self) -> datetime:
        return self.ticket.closed_at or self.ticket.waiting_since

    @property
    def age(self) -> str:
        """How long ago, in the largest unit that fits."""
        return in_words(self.now - self.since, roughly=True)

    @property
    def is_late(self) -> bool:
        return self.ticket.status == Status.OPEN and self.now - self.since > LATE

    @property
    def last_word(self) -> str:
        """Who wrote last, once somebody has answered."""
        ticket = self.ticket
        if ticket.last_reply_at is None:
            return pgettext("who spoke last", "Nobody yet")
        if ticket.last_reply_by_id == ticket.member_id:
            return pgettext("label", "Member")
        return ticket.last_reply_by.display_name if ticket.last_reply_by else "–"


class Filter(NamedTuple):
    """A filter as a field; an active one is also a chip that leads to the list ``without`` it."""

    name: str
    title: str
    choices: list[tuple[str, Any]]
    value: str
    without: str

    @property
    def label(self) -> str:
        return str(dict(self.choices).get(self.value, self.value))


class Tab(NamedTuple):
    title: str
    query: str
    count: str
    is_current: bool


def work_list(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """Show the list, or go straight to the one ticket whose number was typed."""
    work = Worklist(request.GET, request.user, timezone.now())
    if (number := work.number) and _exists(request.user, number):
        return HttpResponseRedirect(ticket_address(number, work.query_with(q="")))
    if any(request.GET.get(name) == "" for name in ("view", "q", *FILTER_TITLES)):
        return HttpResponseRedirect(list_address(work.query))
    return TemplateResponse(
        request,
        "admin/tickets/ticket/change_list.html",
        _context(work, frame) | {"undo": offered_undo(request)},
    )


@require_POST
def ticket_next(request: HttpRequest) -> HttpResponse:
    """Take the ticket that has waited longest and go there."""
    if not request.user.has_perms(WORK):
        raise PermissionDenied
    now, address = timezone.now(), throttle.client_address(request)
    work = Worklist(request.GET, request.user, now)
    visible = Ticket.objects.visible_to(request.user)
    ticket = visible.take_next(request.user, at=now, address=address)
    if ticket is None:
        messages.info(request, _("No open ticket is unassigned."))
        return see_other(_came_from(request, work))
    messages.success(request, _("The ticket is yours."))
    return see_other(ticket_address(ticket.pk, work.query))


def _came_from(request: HttpRequest, work: Worklist) -> str:
    """The ticket that the post names, or else the list."""
    if number := NUMBER.match(request.POST.get("back", "")):
        return ticket_address(int(number[1]), work.place)
    return list_address(work.query)


def _context(work: Worklist, frame: dict[str, Any]) -> dict[str, Any]:
    counts, page = work.counts, work.page()
    agents = [agent for agent in User.objects.agents() if agent != work.agent]
    filters = list(_filters(work, agents))
    found = _found(counts, page)
    return {
        **frame,
        "may_change": work.agent.has_perms(WORK),
        "work": work,
        "rows": [Row(ticket, work.query, work.now) for ticket in page.tickets],
        "page": page,
        "tabs": list(_tabs(work, counts)),
        "filters": filters,
        "chips": [entry for entry in filters if entry.value],
        "found": found,
        "found_text": _capped(found or 0),
        "without_q": work.query_with(q=""),
        "agents": agents,
    }


def _found(counts: dict[str, int], page: Page) -> int | None:
    """How many tickets there are, where that was counted or all of them are in sight."""
    is_whole = not (page.before or page.after)
    return counts.get("found", len(page.tickets) if is_whole else None)


def _tabs(work: Worklist, counts: dict[str, int]) -> Iterator[Tab]:
    for view in VIEWS:
        query = f"view={view.name}" if view.name else ""
        yield Tab(view.title, query, _capped(counts[view.name or "work"]), view is work.shown)


def _filters(work: Worklist, agents: list[User]) -> Iterator[Filter]:
    others = [(str(agent.pk), agent.display_name) for agent in agents]
    mine = [
        ("me", pgettext_lazy("tickets", "Mine")),
        ("nobody", pgettext_lazy("tickets", "Unassigned")),
    ]
    choices = {
        "status": Status.choices,
        "language": TicketLanguage.choices,
        "assignee": mine + others,
        "age": AGES,
        "rank": [(rank.code, rank.label) for rank in Rank if rank >= Rank.minimum()],
        "topic": [
            ("none", pgettext_lazy("topic", "None")),
            *((str(topic.pk), topic.name) for topic in Topic.objects.all()),
        ],
        "pictures": [("1", gettext_lazy("With screenshots"))],
        **_incident(work),
    }
    for name, offered in choices.items():
        value, without = work.filters.get(name, ""), work.query_with(**{name: ""})
        yield Filter(name, FILTER_TITLES[name], offered, value, without)


def _incident(work: Worklist) -> dict[str, list[tuple[str, str]]]:
    """The incident whose tickets are listed: one comes here from its page only."""
    if not (pk := work.filters.get("incident")):
        return {}
    found = Incident.objects.filter(pk=int(pk)).first()
    return {"incident": [(pk, found.title if found else f"#{pk}")]}


def _capped(count: int) -> str:
    """*12*, or *1,000+* where counting has ended."""
    cap = settings.COUNT_CAP
    shown = number_format(min(count, cap), force_grouping=True)
    return f"{shown}+" if count > cap else shown


def _exists(agent: User, number: int) -> bool:
    return Ticket.objects.visible_to(agent).filter(pk=number).exists()
