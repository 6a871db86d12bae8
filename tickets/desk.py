"""The agents' ticket page in Django admin: read the thread, answer through the verbs."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import throttle
from accounts.answers import see_other

from .forms import AssignForm, DeskForm, limits, parse_uuids
from .models import Screenshot, StaleReply, Ticket, TransitionError
from .models.event import Verb
from .thread import entries_for_desk, last_seen, reply_entry

DONE = {
    "reply": lambda: _("The reply is sent to the member."),
    "ask": lambda: _("The question is sent; the ticket waits for the member."),
    "finish": lambda: _("The reply is sent and the ticket is closed."),
    "note": lambda: _("The internal note is saved. Members cannot see this note."),
    "close": lambda: _("The ticket is closed."),
}


def ticket_page(request: HttpRequest, ticket: Ticket, frame: dict[str, Any]) -> HttpResponse:
    """Show a ticket, or apply the verb of the button that was pressed.

    ``frame`` is the admin site's context. What was typed survives every other verb.
    """
    if request.method != "POST":
        return _show(request, ticket, frame)
    if request.POST.get("action") in DeskForm.ACTIONS:
        return _answer(request, ticket, frame)
    try:
        said = _change(request, ticket)
    except TransitionError as impossible:
        messages.warning(request, impossible.message)
    else:
        messages.success(request, said)
    named = parse_uuids(request.POST.getlist("uploads"))
    uploads = list(Screenshot.objects.uploaded_by(request.user, named))
    if uploads or request.POST.get("body", "").strip():
        form = DeskForm(initial=_typed(request), owner=request.user, at=timezone.now())
        return _show(request, ticket, frame, form=form, uploads=uploads)
    return see_other("admin:tickets_ticket_change", ticket.pk)


def _answer(request: HttpRequest, ticket: Ticket, frame: dict[str, Any]) -> HttpResponse:
    form = DeskForm(request.POST, request.FILES, owner=request.user, at=timezone.now())
    kept: dict[str, Any] = {"form": form, "uploads": form.uploads}
    if not form.is_valid():
        status = 409 if form.data["action"] == "close" else 400
        return _show(request, ticket, frame, status=status, **kept)
    try:
        place = _apply(request, ticket, form)
    except StaleReply as stale:
        kept["stale"] = [reply_entry(ticket, item, request.user, []) for item in stale.newer]
        form.data = form.data.copy()
        form.data["seen"] = stale.newer[-1].pk
    except TransitionError as impossible:
        form.add_error(None, impossible.message)
    else:
        messages.success(request, DONE[form.cleaned_data["action"]]())
        return see_other(reverse("admin:tickets_ticket_change", args=[ticket.pk]) + place)
    return _show(request, ticket, frame, status=409, **kept)


@transaction.atomic
def _apply(request: HttpRequest, ticket: Ticket, form: DeskForm) -> str:
    """Do what the button says; return the place of the new reply on the page."""
    post, action = form.cleaned_data, form.cleaned_data["action"]
    act = {"at": form.at, "address": throttle.client_address(request)}
    if action == "close":
        ticket.close(request.user, **act)
        return ""
    verb = ticket.reply if action == "finish" else getattr(ticket, action)
    reply = verb(
        request.user,
        post["body"],
        submission_id=post["submission_id"],
        screenshots=form.uploads,
        seen=post["seen"],
        **act,
    )
    if action == "finish" and not ticket.is_closed:
        ticket.close(request.user, **act)
    return f"#reply-{reply.pk}"


def _change(request: HttpRequest, ticket: Ticket) -> str:
    """Apply a verb without words; return what to tell the agent."""
    action, now = request.POST.get("action"), timezone.now()
    act = {"at": now, "address": throttle.client_address(request)}
    if action == "take":
        ticket.assign(request.user, request.user, **act)
        return _("The ticket is yours.")
    if action == "reopen":
        ticket.reopen(request.user, submission_id=uuid.uuid4(), **act)
        return _("The ticket is open again.")
    form = AssignForm(request.POST)
    if action != "assign" or not form.is_valid():
        raise TransitionError(_("Choose what to do with the ticket."))
    ticket.assign(request.user, form.cleaned_data["assignee"], **act)
    return _("The ticket is handed over.")


def _show(
    request: HttpRequest,
    ticket: Ticket,
    frame: dict[str, Any],
    *,
    status: int = 200,
    **kept: Any,
) -> HttpResponse:
    now, entries = timezone.now(), entries_for_desk(ticket, request.user)
    ids = {"submission_id": uuid.uuid4(), "seen": last_seen(entries)}
    form = DeskForm(initial=ids, owner=request.user, at=now)
    context = {
        **frame,
        "title": ticket.number,
        "ticket": ticket,
        "entries": entries,
        "form": form,
        "uploads": [],
        "assign_form": AssignForm(initial={"assignee": ticket.assignee_id}),
        "can_write": ticket.can(request.user, Verb.REPLY, now),
        "can_ask": ticket.can(request.user, Verb.ASK, now),
        "can_note": ticket.can(request.user, Verb.NOTE, now),
        "can_close": ticket.can(request.user, Verb.CLOSE, now),
        "can_reopen": ticket.can(request.user, Verb.REOPEN, now),
        "member_zone": ticket.member.zone,
        "open_count": ticket.member.tickets.unfinished().count(),
        "now": now,
        "limits": limits(),
        **kept,
    }
    template = "admin/tickets/ticket/change_form.html"
    return TemplateResponse(request, template, context, status=status)


def _typed(request: HttpRequest) -> dict[str, Any]:
    return {name: request.POST.get(name) for name in ("body", "mode", "seen", "submission_id")}
