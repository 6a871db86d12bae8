"""One technical issue: read it, answer, close, reopen."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import throttle
from accounts.answers import refuse_json, see_other, wants_json
from accounts.models import User

from ..forms import ReopenForm, ReplyForm, limits
from ..models import Draft, Question, Reply, StaleReply, Ticket, TransitionError
from ..models.event import Verb
from ..models.queries import TicketQuerySet
from ..thread import Entry, entries_for_member, last_seen, mark_new, offer_changes, reply_entry


@require_safe
def ticket_detail(request: HttpRequest, number: int) -> HttpResponse:
    parts = _own_tickets(request).filter(Q(pk=number) | Q(merged_into__pk=number)).in_bulk()
    ticket = parts.pop(number, None)
    if ticket is None:
        raise Http404
    if ticket.merged_into_id:
        return _lead_on(request, ticket)
    response = _show_thread(request, ticket, list(parts.values()))
    if _is_read(request):
        ticket.seen_by(request.user)
    return response


@require_safe
def ticket_received(request: HttpRequest, number: int) -> HttpResponse:
    """Say that a new issue has arrived; safe to reload."""
    ticket = _own_ticket(request, number)
    if ticket.merged_into_id:
        return _lead_on(request, ticket)
    return render(request, "tickets/ticket_received.html", {"ticket": ticket})


@require_POST
def reply_create(request: HttpRequest, number: int) -> HttpResponse:
    """Answer. To a closed issue the same words reopen it, or begin a new one if it is too late."""
    ticket = _standing(_own_ticket(request, number))
    throttle.hit("replies", request.user.pk)
    return _reply(request, ticket, request.POST)


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
    """Open it again; words for what cannot be reopened become a reply or a new issue."""
    ticket, now = _own_ticket(request, number), timezone.now()
    throttle.hit("replies", request.user.pk)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return _refuse_reason(request, ticket, form)
    try:
        ticket.reopen(
            request.user,
            form.cleaned_data["reason"],
            submission_id=form.cleaned_data["submission_id"],
            at=now,
            address=throttle.client_address(request),
        )
    except TransitionError as impossible:
        if form.cleaned_data["reason"]:
            return _reply(request, _standing(ticket), _as_reply(form.data))
        return _refuse_verb(request, ticket, impossible)
    messages.success(request, _("Thank you. The ticket is open again."))
    return see_other(ticket)


def _refuse_reason(request: HttpRequest, ticket: Ticket, form: ReopenForm) -> HttpResponse:
    if wants_json(request):
        return refuse_json(400, "invalid", errors=form.errors)
    if not ticket.can(request.user, Verb.REOPEN, timezone.now()):
        return _reply(request, _standing(ticket), _as_reply(form.data))
    return _show_thread(request, ticket, reopen_form=form, status=400)


def _own_ticket(request: HttpRequest, number: int) -> Ticket:
    return get_object_or_404(_own_tickets(request), pk=number)


def _own_tickets(request: HttpRequest) -> TicketQuerySet:
    """The member's own, with what was read of each and the tickets before and after it."""
    own = Ticket.objects.owned_by(request.user)
    later = own.filter(follow_up_of=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    rows = own.with_unread(request.user).select_related("member", "affected__incident")
    return rows.annotate(before=F("follow_up_of__member"), later=Subquery(later))


def _standing(ticket: Ticket) -> Ticket:
    """The ticket itself, or the one it was merged into."""
    return ticket.merged_into or ticket


def _lead_on(request: HttpRequest, duplicate: Ticket) -> HttpResponse:
    """From the old number to the ticket that shows both."""
    if request.method == "GET":
        numbers = {"duplicate": duplicate.number, "number": duplicate.merged_into.number}
        said = _("%(duplicate)s was put together with %(number)s. This page shows both.")
        messages.info(request, said % numbers)
    return redirect(duplicate.merged_into)


def _is_read(request: HttpRequest) -> bool:
    """Whether somebody looks at the page, and not a browser that fetches it ahead or its head."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.method == "GET" and "prefetch" not in purpose


def _show_thread(
    request: HttpRequest,
    ticket: Ticket,
    merged: list[Ticket] | None = None,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    now, entries = timezone.now(), entries_for_member(ticket, merged)
    offer_changes(entries, request.user, now)
    mark_new(entries, getattr(ticket, "seen_event", 0))
    questions, ids = _open_questions(entries), {"submission_id": uuid.uuid4()}
    form = ReplyForm(
        initial={**ids, "seen": last_seen(entries)},
        owner=request.user,
        at=now,
        questions=questions,
    )
    page = {
        "ticket": ticket,
        "entries": entries,
        "form": form,
        "reopen_form": ReopenForm(initial=ids),
        "attachment_count": sum(
            not shot.removed_at for entry in entries for shot in entry.screenshots
        ),
        "uploads": [],
        "question": _last_question(ticket, entries),
        "open_count": len(questions),
        "reopen_until": ticket.reopen_until,
        "closed_by_member": _closed_by_member(ticket, entries),
        "language_next": ticket.get_absolute_url(),  # this page may answer a post elsewhere
        "limits": limits(),
        **_ways_on(ticket, request.user, now),
        **_follow_ups(ticket),
        **context,
    }
    return render(request, "tickets/ticket_detail.html", page, status=status)


def _ways_on(ticket: Ticket, member: User, now: datetime) -> dict[str, bool]:
    return {
        "can_reply": ticket.can(member, Verb.REPLY, now),
        "can_close": ticket.can(member, Verb.CLOSE, now),
        "can_reopen": ticket.can(member, Verb.REOPEN, now),
    }


def _follow_ups(ticket: Ticket) -> dict[str, Ticket | None]:
    """The member's own tickets before and after this one; only their numbers are known."""
    is_own = getattr(ticket, "before", None) == ticket.member_id
    later = getattr(ticket, "later", None)
    return {
        "follows": Ticket(pk=ticket.follow_up_of_id) if is_own else None,
        "followed_by": Ticket(pk=later) if later else None,
    }


def _open_questions(entries: list[Entry]) -> list[Question]:
    """Those that still want an answer; a duplicate's were settled when it was merged."""
    asked = (question for entry in entries if not entry.number for question in entry.questions)
    return [question for question in asked if not question.answered_in_id]


def _last_question(ticket: Ticket, entries: list[Entry]) -> Entry | None:
    """What support asked last, if that is what the ticket waits for."""
    if ticket.status != Ticket.Status.AWAITING_FEEDBACK:
        return None
    return next((entry for entry in reversed(entries) if entry.kind == "question"), None)


def _closed_by_member(ticket: Ticket, entries: list[Entry]) -> bool:
    """Whether it was the member who closed a closed ticket."""
    closing = [entry for entry in entries if entry.kind == "event" and entry.at == ticket.closed_at]
    return any(entry.is_own for entry in closing)


def _reply(request: HttpRequest, ticket: Ticket, data: QueryDict) -> HttpResponse:
    questions = {
        question.pk: question for question in ticket.open_questions.select_related("reply")
    }
    posted = Question.objects.filter(reply__ticket__member=request.user).select_related("reply")
    questions |= posted.in_bulk(ReplyForm.answered(data))
    form = ReplyForm(
        data, request.FILES, owner=request.user, at=timezone.now(), questions=questions.values()
    )
    if not form.is_valid():
        return _refuse_reply(request, ticket, form)
    return _send(request, ticket, form)


def _as_reply(data: QueryDict) -> QueryDict:
    """The post of a reopening as that of a reply."""
    data = data.copy()
    data["body"] = data.get("reason", "")
    return data


def _send(request: HttpRequest, ticket: Ticket, form: ReplyForm) -> HttpResponse:
    if not form.fits(ticket):
        return _refuse_reply(request, ticket, form)
    post = form.cleaned_data
    rest = {"at": form.at, "screenshots": form.uploads, "submission_id": post["submission_id"]}
    rest["address"] = throttle.client_address(request)
    body, answers = form.said_in(ticket)
    words = {"body": body, "answers": answers, "seen": post["seen"]}
    try:
        reply = _answer(request.user, ticket, words, rest)
    except StaleReply as stale:
        return _confirm_stale(request, ticket, form, stale)
    except TransitionError as impossible:
        if ticket.merged_into_id:  # since a moment
            return _send(request, ticket.merged_into, form)
        return _begin_anew(request, ticket, form, impossible)
    if reply is not None:
        messages.success(request, _("Your reply is sent."))
        return see_other(f"{ticket.get_absolute_url()}#reply-{reply.pk}")
    messages.success(request, _("Thank you. The ticket is open again."))
    return see_other(ticket)


def _answer(user: User, ticket: Ticket, post: dict[str, Any], rest: dict[str, Any]) -> Reply | None:
    """Reply, or reopen a ticket that is closed, be it since a moment; ``None`` for the latter."""
    words = {"answers": post.get("answers"), **rest}
    if not ticket.is_closed:
        try:
            return ticket.reply(user, post["body"], seen=post["seen"], **words)
        except TransitionError:
            if not ticket.is_closed:
                raise
    if post.get("answers"):
        return _reopen_with_answers(user, ticket, post, words)
    try:
        ticket.reopen(user, post["body"], **rest)
    except TransitionError:
        if ticket.is_closed:
            raise
        return ticket.reply(user, post["body"], **rest)  # somebody else has just reopened it
    return None


@transaction.atomic
def _reopen_with_answers(
    user: User, ticket: Ticket, post: dict[str, Any], words: dict[str, Any]
) -> Reply:
    """Open it first, so that the answers come to stand with their questions."""
    try:
        ticket.reopen(user, submission_id=uuid.uuid4(), at=words["at"], address=words["address"])
    except TransitionError:
        if ticket.is_closed:
            raise
    return ticket.reply(user, post["body"], **words)


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
    asked = Question.objects.filter(reply__in=stale.newer)
    asked = [*asked, *Question.objects.filter(answered_in__in=stale.newer)]
    newer = [reply_entry(ticket, reply, request.user, (), asked) for reply in stale.newer]
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
        description=form.said_in(None)[0],
        follow_up_of=ticket,
        saved_at=form.at,
    )
    draft.keep([shot.uuid for shot in form.uploads])
    messages.warning(request, impossible.message)
    return see_other(reverse("tickets:ticket_new", query={"draft": draft.uuid}))


def _refuse_verb(request: HttpRequest, ticket: Ticket, impossible: TransitionError) -> HttpResponse:
    if wants_json(request):
        return refuse_json(409, "impossible", impossible.message)
    messages.warning(request, impossible.message)
    return see_other(_standing(ticket))
