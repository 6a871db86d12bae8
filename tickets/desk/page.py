"""The ticket page: what an agent reads, and where each button leads."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.answers import see_other

from ..forms import AssignForm, DeskForm, limits, parse_uuids
from ..models import Screenshot, StaleReply, Ticket, TransitionError
from ..models.event import Verb
from ..thread import entries_for_desk, last_seen, reply_entry
from .acts import change
from .answers import DONE, apply


def ticket_page(request: HttpRequest, ticket: Ticket, frame: dict[str, Any]) -> HttpResponse:
    """Show a ticket, or apply the verb of the button that was pressed.

    ``frame`` is the admin site's context. What was typed survives every other verb.
    """
    if request.method != "POST":
        return _show(request, ticket, frame)
    if request.POST.get("action") in DeskForm.ACTIONS:
        return _answer(request, ticket, frame)
    try:
        said = change(request, ticket)
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
        place = apply(request, ticket, form)
    except StaleReply as stale:
        kept["stale"] = [reply_entry(ticket, item, request.user) for item in stale.newer]
        form.data = form.data.copy()
        form.data["seen"] = stale.newer[-1].pk
    except TransitionError as impossible:
        form.add_error(None, impossible.message)
    else:
        messages.success(request, DONE[form.cleaned_data["action"]]())
        return see_other(reverse("admin:tickets_ticket_change", args=[ticket.pk]) + place)
    return _show(request, ticket, frame, status=409, **kept)


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
