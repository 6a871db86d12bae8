"""The ticket page: what an agent reads, and where each button leads."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.answers import see_other

from ..forms import DeskForm, limits
from ..models import StaleReply, Ticket, TransitionError
from ..models.event import Verb
from ..thread import entries_for_desk, last_seen, mark_new, offer_changes, reply_entry
from .acts import change, merge, merge_target, named_target, unsent_note
from .answers import apply, discard, insert_canned, kept, kept_draft, other_text, said
from .card import card, other_tickets
from .composer import composer, draft_of
from .house import House
from .ways import Ways, query_with, ways_from


def ticket_page(request: HttpRequest, ticket: Ticket, frame: dict[str, Any]) -> HttpResponse:
    """Show a ticket, or apply the verb of the button that was pressed.

    ``frame`` is the admin site's context. What was typed survives every other verb.
    """
    if request.method != "POST":
        return _read(request, ticket, frame)
    action, changed, note = request.POST.get("action"), {}, unsent_note(request)
    if action in DeskForm.ACTIONS:
        return _answer(request, ticket, frame)
    if action == "merge" or _names_target(request):
        return _merge(request, ticket, frame)
    if action == "discard":
        discard(request, ticket)
        return _back(request, ticket)
    ways = ways_from(request, ticket)  # an act may move it within the view
    try:
        if action == "canned":
            changed["body"] = insert_canned(request, ticket)
        else:
            messages.success(request, change(request, ticket))
            note = {} if action == "assign" else note
    except TransitionError as impossible:
        messages.warning(request, impossible.message)
    if typed := kept(request, **changed) | note:
        return _show(request, ticket, frame, ways=ways, **typed)
    return _back(request, ticket, ways=ways)


def _names_target(request: HttpRequest) -> bool:
    """Whether the Enter key was pressed in the field for the ticket that stays."""
    return not request.POST.get("action") and bool(named_target(request)["typed_target"].strip())


def _read(request: HttpRequest, ticket: Ticket, frame: dict[str, Any]) -> HttpResponse:
    """Show the ticket and note that it was read; a duplicate leads to where its thread is."""
    if ticket.merged_into:
        where = _("%(number)s was merged into this ticket.") % {"number": ticket.number}
        messages.info(request, where)
        return _back(request, ticket.merged_into)
    page = _show(request, ticket, frame)
    if request.method == "GET":
        ticket.seen_by(request.user)
    return page


def _merge(request: HttpRequest, ticket: Ticket, frame: dict[str, Any]) -> HttpResponse:
    """Ask once, with both titles; the second time put the two tickets together."""
    now, typed = timezone.now(), kept(request) | unsent_note(request)
    shown = {**typed, **named_target(request)}
    is_unsent = bool(typed) and not kept_draft(request, ticket, typed)
    if ticket.merged_into_id and not is_unsent:
        return _read(request, ticket, frame)  # pressed twice
    try:
        if is_unsent:
            raise TransitionError(_("The text is not sent yet. Send it first or empty the box."))
        target = merge_target(request, ticket, now)
        is_confirmed = request.POST.get("confirmed") == str(target.pk)
        if request.POST.get("action") != "merge" or not is_confirmed:
            return _show(request, ticket, frame, merge_into=target, **shown)
        messages.success(request, merge(request, ticket, target, now))
    except TransitionError as impossible:
        shown |= {"merge_fault": impossible.message, "is_unsent": is_unsent}
        if not ticket.can(request.user, Verb.MERGE, now):
            messages.warning(request, impossible.message)
        return _show(request, ticket, frame, status=409, **shown)
    return _back(request, target)


def _answer(request: HttpRequest, ticket: Ticket, frame: dict[str, Any]) -> HttpResponse:
    form = DeskForm(request.POST, request.FILES, owner=request.user, at=timezone.now())
    note = unsent_note(request)
    typed: dict[str, Any] = {"form": form, "uploads": form.uploads, **other_text(request), **note}
    if not form.is_valid():
        status = 409 if form.data["action"] == "close" else 400
        return _show(request, ticket, frame, status=status, **typed)
    ways = ways_from(request, ticket)
    try:
        place = apply(request, ticket, form)
    except StaleReply as stale:
        typed["stale"] = [reply_entry(ticket, item, request.user) for item in stale.newer]
        form.data = form.data.copy()
        form.data["seen"] = stale.newer[-1].pk
    except TransitionError as impossible:
        form.add_error(None, impossible.message)
    else:
        messages.success(request, said(request, form.cleaned_data["action"], ways.following))
        if note:
            return _show(request, ticket, frame, ways=ways, **note)
        return _back(request, ticket, place, ways)
    return _show(request, ticket, frame, status=409, **typed)


def _back(
    request: HttpRequest, ticket: Ticket, place: str = "", ways: Ways | None = None
) -> HttpResponse:
    """To the same page, at ``place``, in the same view of the work list, leading on by ``ways``."""
    address = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    query = query_with(request, ways)
    return see_other(f"{address}?{query}{place}" if query else address + place)


def _show(
    request: HttpRequest,
    ticket: Ticket,
    frame: dict[str, Any],
    *,
    status: int = 200,
    ways: Ways | None = None,
    **kept: Any,
) -> HttpResponse:
    here = query_with(request, ways)
    ways = ways or ways_from(request, ticket)
    now, others, house = timezone.now(), other_tickets(ticket), House(ticket, request.user)
    entries = entries_for_desk(ticket, request.user, others.merged, house.names)
    mark_new(entries, ticket.seen_event)
    offer_changes(entries, request.user, now)
    ids = {"submission_id": uuid.uuid4(), "seen": last_seen(entries)}
    draft = draft_of(ticket, request.user)
    if draft:
        ids |= {"body": draft.body, "mode": draft.mode, "questions": draft.questions}
    form = DeskForm(initial=ids, owner=request.user, at=now)
    context = {
        **frame,
        "title": ticket.number,
        "ticket": ticket,
        "entries": entries,
        "form": form,
        "uploads": [],
        "can_write": ticket.can(request.user, Verb.REPLY, now),
        "can_ask": ticket.can(request.user, Verb.ASK, now),
        "can_note": ticket.can(request.user, Verb.NOTE, now),
        "can_close": ticket.can(request.user, Verb.CLOSE, now),
        "can_reopen": ticket.can(request.user, Verb.REOPEN, now),
        "can_merge": ticket.can(request.user, Verb.MERGE, now),
        "now": now,
        "limits": limits(),
        "others": others,
        "here": here,
        **ways._asdict(),
        **card(request, ticket, house, entries, now),
        **composer(ticket, request.user, draft, house.colleagues),
        **kept,
    }
    template = "admin/tickets/ticket/change_form.html"
    return TemplateResponse(request, template, context, status=status)
