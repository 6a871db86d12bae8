"""What is done to several tickets at once: each through its own verb, and judged at that moment."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import throttle
from accounts.answers import see_other

from ..forms import AssignForm, ProseField
from ..models import Ticket, TicketEvent, TransitionError
from ..models.event import Verb
from ..worklist import WORK, Worklist
from .export import tickets_export
from .outcome import Outcome, list_address
from .undo import offer_undo

LIMIT = 100  # tickets of one post


class AskForm(forms.Form):
    """One question, for every ticket chosen."""

    body = ProseField(
        label=gettext_lazy("Question"),
        max_length=settings.QUESTION_MAX_LENGTH,
        error_messages={"required": gettext_lazy("Write a question.")},
    )
    submission_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_submission_id(self) -> uuid.UUID:
        return self.cleaned_data["submission_id"] or uuid.uuid4()


class CloseForm(AskForm):
    """The text is a reply to each member; there need not be one."""

    body = ProseField(
        label=gettext_lazy("Reply to each member (optional)"),
        max_length=settings.TEXT_MAX_LENGTH,
        required=False,
    )


def tickets_act(request: HttpRequest, frame: dict[str, Any], *, may_change: bool) -> HttpResponse:
    """Do what the button of the list says to the tickets chosen there."""
    work, action = Worklist(request.GET, request.user, timezone.now()), request.POST.get("action")
    chosen = _chosen(request)
    if action == "export":
        return tickets_export(request, work, chosen)
    if not (may_change and request.user.has_perms(WORK)):
        raise PermissionDenied
    if fault := _fault(action, chosen):
        messages.warning(request, fault)
        return see_other(list_address(work.place))
    if action == "assign":
        return _assign(request, work, chosen)
    if "confirmed" not in request.POST:
        return _confirm(request, frame, work, chosen)
    form = (AskForm if action == "ask" else CloseForm)(request.POST)
    if not form.is_valid():
        return _confirm(request, frame, work, chosen, form=form)
    return (_ask if action == "ask" else _close)(request, work, chosen, form)


def _chosen(request: HttpRequest) -> list[int]:
    """The numbers that were ticked, each once, in the order of the list."""
    named = request.POST.getlist("selected")
    return list(dict.fromkeys(int(name) for name in named if name.isdecimal() and len(name) < 19))


def _fault(action: str | None, chosen: list[int]) -> str:
    """Why nothing is done at all; empty if something can be."""
    if action not in {"assign", "ask", "close"}:
        return _("Choose what to do with the tickets.")
    if not chosen:
        return _("Select at least one ticket.")
    if len(chosen) > LIMIT:
        return _("Select %(n)s tickets at most.") % {"n": LIMIT}
    return ""


def _confirm(
    request: HttpRequest,
    frame: dict[str, Any],
    work: Worklist,
    chosen: list[int],
    form: AskForm | None = None,
) -> HttpResponse:
    """Ask again before members are written to, naming whom it concerns and who is passed over."""
    action = request.POST["action"]
    new = AskForm if action == "ask" else CloseForm
    found = Ticket.objects.visible_to(request.user).in_bulk(chosen)
    tickets = [found[number] for number in chosen if number in found]
    verb = Verb.ASK if action == "ask" else Verb.CLOSE
    possible = [ticket for ticket in tickets if ticket.can(request.user, verb, work.now)]
    context = {
        **frame,
        "work": work,
        "action": action,
        "chosen": chosen,
        "tickets": possible,
        "skipped": [ticket for ticket in tickets if ticket not in possible],
        "unknown": [f"TI-{number}" for number in chosen if number not in found],
        "form": form or new(initial={"submission_id": uuid.uuid4()}),
    }
    template = "admin/tickets/ticket/bulk.html"
    return TemplateResponse(request, template, context, status=400 if form else 200)


def _assign(request: HttpRequest, work: Worklist, chosen: list[int]) -> HttpResponse:
    form = AssignForm(request.POST)
    if "assignee" not in request.POST or not form.is_valid():
        messages.warning(request, _("Choose who takes the tickets."))
        return see_other(list_address(work.place))
    to = form.cleaned_data["assignee"]

    def assign(ticket: Ticket, act: dict[str, Any]) -> TicketEvent:
        event = ticket.assign(request.user, to, **act)
        if event is None:
            raise TransitionError(_("Nothing to change here."))
        return event

    outcome, events = _each(request, work, chosen, assign)
    if to:
        said = ngettext(
            "%(n)s ticket is handed over.", "%(n)s tickets are handed over.", outcome.done
        )
    else:
        said = ngettext(
            "%(n)s ticket is unassigned.", "%(n)s tickets are unassigned.", outcome.done
        )
    return _told(request, work, outcome, said, events)


def _ask(request: HttpRequest, work: Worklist, chosen: list[int], form: AskForm) -> HttpResponse:
    def ask(ticket: Ticket, act: dict[str, Any]) -> None:
        post = {**act, "submission_id": _own_id(form, ticket)}
        ticket.ask(request.user, "", questions=[form.cleaned_data["body"]], **post)

    outcome, _events = _each(request, work, chosen, ask)
    said = ngettext(
        "The question is sent in %(n)s ticket.",
        "The question is sent in %(n)s tickets.",
        outcome.done,
    )
    return _told(request, work, outcome, said)


def _close(request: HttpRequest, work: Worklist, chosen: list[int], form: AskForm) -> HttpResponse:
    body = form.cleaned_data["body"]

    def close(ticket: Ticket, act: dict[str, Any]) -> TicketEvent | None:
        if body:
            reply = ticket.reply(request.user, body, **act, submission_id=_own_id(form, ticket))
            if not reply.is_new and ticket.is_closed:
                return None  # by this very form, sent twice
            if not reply.is_new:  # it was, and somebody has opened it again since
                raise TransitionError(_("Nothing to change here."))
        return ticket.close(request.user, **act, hold=True)

    outcome, events = _each(request, work, chosen, close)
    said = ngettext("%(n)s ticket is closed.", "%(n)s tickets are closed.", outcome.done)
    return _told(request, work, outcome, said, events, replied=bool(body))


def _own_id(form: AskForm, ticket: Ticket) -> uuid.UUID:
    """The same for the same form and ticket: what is sent twice is written once."""
    return uuid.uuid5(form.cleaned_data["submission_id"], ticket.number)


def _each(
    request: HttpRequest,
    work: Worklist,
    chosen: list[int],
    verb: Callable[[Ticket, dict[str, Any]], TicketEvent | None],
) -> tuple[Outcome, list[TicketEvent]]:
    """Apply ``verb`` to each ticket in a transaction of its own."""
    found = Ticket.objects.visible_to(request.user).in_bulk(chosen)
    act = {"at": work.now, "address": throttle.client_address(request)}
    outcome, events = Outcome(), []
    for number in chosen:
        if number not in found:
            outcome.skip(f"TI-{number}", _("There is no such ticket."))
            continue
        try:
            with transaction.atomic():
                events.append(verb(found[number], act))
        except TransitionError as impossible:
            outcome.skip(found[number].number, impossible.message)
        else:
            outcome.done += 1
    return outcome, [event for event in events if event]


def _told(
    request: HttpRequest,
    work: Worklist,
    outcome: Outcome,
    said: str,
    events: Sequence[TicketEvent] = (),
    *,
    replied: bool = False,
) -> HttpResponse:
    """Say what became of it; what can be undone is said beside the button that does so."""
    said = said % {"n": outcome.done}
    if events:
        offer_undo(request, list(events), said, replied=replied)
    outcome.tell(request, "" if events else said)
    return see_other(list_address(work.place))
