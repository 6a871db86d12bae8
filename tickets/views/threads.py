"""One technical issue: read it, answer, close, reopen."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import throttle
from accounts.answers import refuse_json, see_other, wants_json
from accounts.models import User

from ..forms import ReopenForm, ReplyForm, limits
from ..models import Draft, Reply, StaleReply, Ticket, TransitionError
from ..models.event import Verb
from ..thread import Entry, entries_for_member, last_seen, reply_entry


@require_safe
def ticket_detail(request: HttpRequest, number: int) -> HttpResponse:
    return _show_thread(request, _own_ticket(request, number))


@require_safe
def ticket_received(request: HttpRequest, number: int) -> HttpResponse:
    """Say that a new issue has arrived; safe to reload."""
    ticket = _own_ticket(request, number)
    return render(request, "tickets/ticket_received.html", {"ticket": ticket})


@require_POST
def reply_create(request: HttpRequest, number: int) -> HttpResponse:
    """Answer. To a closed issue the same words reopen it, or begin a new one if it is too late."""
    ticket, now = _own_ticket(request, number), timezone.now()
    form = ReplyForm(request.POST, request.FILES, owner=request.user, at=now)
    throttle.hit("replies", request.user.pk)
    if not form.is_valid():
        return _refuse_reply(request, ticket, form)
    post = form.cleaned_data
    rest = {"at": now, "screenshots": form.uploads, "address": throttle.client_address(request)}
    rest["submission_id"] = post["submission_id"]
    try:
        reply = _answer(request.user, ticket, post, rest)
    except StaleReply as stale:
        return _confirm_stale(request, ticket, form, stale)
    except TransitionError as impossible:
        return _begin_anew(request, ticket, form, impossible)
    if reply is not None:
        messages.success(request, _("Your reply is sent."))
        return see_other(f"{ticket.get_absolute_url()}#reply-{reply.pk}")
    messages.success(request, _("Thank you. The ticket is open again."))
    return see_other(ticket)


@require_POST
def ticket_close(request: HttpRequest, number: int) -> HttpResponse:
    ticket = _own_ticket(request, number)
    try:
        ticket.close(request.user, at=timezone.now(), address=throttle.client_address(request))
    except TransitionError as impossible:
        return _refuse_verb(request, ticket, impossible)
    messages.success(request, _("The issue is closed."))
    return see_other(ticket)


@require_POST
def ticket_reopen(request: HttpRequest, number: int) -> HttpResponse:
    ticket, now = _own_ticket(request, number), timezone.now()
    throttle.hit("replies", request.user.pk)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        if wants_json(request):
            return refuse_json(400, "invalid", errors=form.errors)
        return _show_thread(request, ticket, reopen_form=form, status=400)
    try:
        ticket.reopen(
            request.user,
            form.cleaned_data["reason"],
            submission_id=form.cleaned_data["submission_id"],
            at=now,
            address=throttle.client_address(request),
        )
    except TransitionError as impossible:
        return _refuse_verb(request, ticket, impossible)
    messages.success(request, _("Thank you. The ticket is open again."))
    return see_other(ticket)


def _own_ticket(request: HttpRequest, number: int) -> Ticket:
    own = Ticket.objects.owned_by(request.user).select_related("member")
    return get_object_or_404(own, pk=number)


def _show_thread(
    request: HttpRequest, ticket: Ticket, *, status: int = 200, **context: Any
) -> HttpResponse:
    now, entries = timezone.now(), entries_for_member(ticket)
    questions = [entry for entry in entries if entry.kind == "question"]
    ids = {"submission_id": uuid.uuid4()}
    page = {
        "ticket": ticket,
        "entries": entries,
        "form": ReplyForm(initial={**ids, "seen": last_seen(entries)}, owner=request.user, at=now),
        "reopen_form": ReopenForm(initial=ids),
        "attachment_count": sum(len(entry.screenshots) for entry in entries),
        "uploads": [],
        "question": questions[-1].text
        if questions and ticket.status == Ticket.Status.AWAITING_FEEDBACK
        else "",
        "can_reply": ticket.can(request.user, Verb.REPLY, now),
        "can_close": ticket.can(request.user, Verb.CLOSE, now),
        "can_reopen": ticket.can(request.user, Verb.REOPEN, now),
        "reopen_until": ticket.reopen_until,
        "closed_by_member": _closed_by_member(ticket, entries),
        "language_next": ticket.get_absolute_url(),  # this page may answer a post elsewhere
        "limits": limits(),
        **context,
    }
    return render(request, "tickets/ticket_detail.html", page, status=status)


def _closed_by_member(ticket: Ticket, entries: list[Entry]) -> bool:
    """Whether it was the member who closed a closed ticket."""
    return ticket.is_closed and entries[-1].is_own


def _answer(user: User, ticket: Ticket, post: dict[str, Any], rest: dict[str, Any]) -> Reply | None:
    """Reply, or reopen a ticket that is closed, be it since a moment; ``None`` for the latter."""
    if not ticket.is_closed:
        try:
            return ticket.reply(user, post["body"], seen=post["seen"], **rest)
        except TransitionError:
            if not ticket.is_closed:
                raise
    try:
        ticket.reopen(user, post["body"], **rest)
    except TransitionError:
        if ticket.is_closed:
            raise
        return ticket.reply(user, post["body"], **rest)  # somebody else has just reopened it
    return None


def _refuse_reply(request: HttpRequest, ticket: Ticket, form: ReplyForm) -> HttpResponse:
    if wants_json(request):
        return refuse_json(400, "invalid", errors=form.errors)
    return _show_thread(request, ticket, form=form, uploads=form.uploads, status=400)


def _confirm_stale(
    request: HttpRequest, ticket: Ticket, form: ReplyForm, stale: StaleReply
) -> HttpResponse:
    """Show what is new above the kept text; sending again confirms."""
    if wants_json(request):
        return refuse_json(409, "stale", _("There is a newer reply."))
    newer = [reply_entry(ticket, reply, request.user) for reply in stale.newer]
    form.data = form.data.copy()
    form.data["seen"] = stale.newer[-1].pk
    return _show_thread(request, ticket, form=form, uploads=form.uploads, stale=newer, status=409)


def _begin_anew(
    request: HttpRequest, ticket: Ticket, form: ReplyForm, impossible: TransitionError
) -> HttpResponse:
    """Too late to reopen: the words and pictures wait in the form of a new issue."""
    if wants_json(request):
        return refuse_json(409, "closed", impossible.message)
    draft = Draft.objects.create(
        owner=request.user,
        language=ticket.language,
        title=ticket.title,
        description=form.cleaned_data["body"],
        saved_at=form.at,
    )
    draft.keep([shot.uuid for shot in form.uploads])
    messages.warning(request, impossible.message)
    return see_other(reverse("tickets:ticket_new", query={"draft": draft.uuid}))


def _refuse_verb(request: HttpRequest, ticket: Ticket, impossible: TransitionError) -> HttpResponse:
    if wants_json(request):
        return refuse_json(409, "impossible", impossible.message)
    messages.warning(request, impossible.message)
    return see_other(ticket)
