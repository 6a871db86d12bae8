"""Into the queue: the form, the closed door, and the way to a ticket instead (S46–S60)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import throttle
from accounts.answers import refuse_json, see_other, wants_json
from tickets.models import Draft, Incident

from .. import queue, transcript
from ..forms import ChatForm
from ..models import ChatClosed, Conflict, Conversation, Message
from ..text import normalise
from .conversations import sweep, ticket_language


@require_http_methods(["GET", "HEAD", "POST"])
def chat_start(request: HttpRequest) -> HttpResponse:
    """Ask what it is about and put the member into the queue; out of hours say when it opens."""
    sweep()
    now, own = timezone.now(), Conversation.objects.filter(member=request.user)
    if request.method != "POST":
        unfinished = own.unfinished().first()
        return redirect(unfinished) if unfinished else _show(request, _blank(request), now)
    form = ChatForm(request.POST)
    if form.is_valid() and (earlier := _started_before(own, form)):
        return see_other(earlier)
    if form.is_valid() and (unfinished := own.unfinished().first()):
        return _lead_back(request, unfinished, form)
    if not queue.outlook(queue.current(), now).is_open:
        return _too_late(request, form, now)
    if not form.is_valid():
        return _refuse(request, form, now)
    conversation, is_new = _start(request, form)
    return see_other(conversation) if is_new else _lead_back(request, conversation, form)


@require_POST
def question_ticket(request: HttpRequest) -> HttpResponse:
    """Carry the question, as far as it is written, into the form of a ticket (S48, S60)."""
    throttle.hit("drafts", request.user.pk)
    question = normalise(request.POST.get("question", "")).strip()[: 2 * settings.TEXT_MAX_LENGTH]
    if not question:
        return see_other("tickets:ticket_new")
    now = timezone.now()
    text = {
        "owner": request.user,
        "language": ticket_language(request),
        "title": transcript.first_line(question),
        "description": question,
    }
    draft = Draft.objects.fresh(now).filter(**text).first()
    draft = draft or Draft.objects.create(**text, saved_at=now)
    return see_other(reverse("tickets:ticket_new", query={"draft": draft.uuid}))


@transaction.atomic
def _start(request: HttpRequest, form: ChatForm) -> tuple[Conversation, bool]:
    """Start it; only what is new counts. Raises ``TooMany``, and then there is nothing."""
    post = form.cleaned_data
    agent = request.headers.get("User-Agent", "")
    conversation, is_new = Conversation.objects.start(
        request.user,
        question=post["question"],
        submission_id=post["submission_id"],
        name=post["name"],
        given_member_id=post["member_id"],
        email=post["email"],
        language=get_language() or "en",
        browser="".join(char for char in agent if char.isprintable())[:300],
    )
    if is_new:
        throttle.hit("chats", request.user.pk)
    return conversation, is_new


def _started_before(own: QuerySet[Conversation], form: ChatForm) -> Conversation | None:
    """The conversation of the same form: a double click, a retry, a reload.

    A form that comes back with another question was changed by hand and sent on purpose.
    """
    post = form.cleaned_data
    earlier = own.filter(submission_id=post["submission_id"]).first()
    if earlier and earlier.messages.get(seq=1).body != post["question"]:
        post["submission_id"] = uuid.uuid5(post["submission_id"], post["question"])
        return own.filter(submission_id=post["submission_id"]).first()
    return earlier


def _lead_back(request: HttpRequest, conversation: Conversation, form: ChatForm) -> HttpResponse:
    """There is one conversation at a time (I11): another question is said in it, not lost."""
    post = form.cleaned_data
    if conversation.submission_id == post["submission_id"]:
        return see_other(conversation)
    throttle.hit("messages", request.user.pk)
    try:
        _say(conversation, request, post)
    except ChatClosed:
        return _show(request, form, timezone.now(), status=409)
    return see_other(conversation)


def _say(conversation: Conversation, request: HttpRequest, post: dict[str, Any]) -> None:
    try:
        conversation.post(request.user, post["question"], post["submission_id"])
    except Conflict:  # the form came back with another question
        again = uuid.uuid5(post["submission_id"], post["question"])
        conversation.post(request.user, post["question"], again)


def _refuse(request: HttpRequest, form: ChatForm, now: datetime) -> HttpResponse:
    if wants_json(request):
        return refuse_json(400, "invalid", errors=form.errors)
    return _show(request, form, now, status=400)


def _too_late(request: HttpRequest, form: ChatForm, now: datetime) -> HttpResponse:
    if wants_json(request):
        return refuse_json(409, "closed", _("Chat is closed now"))
    return _show(request, form, now, status=409)


def _blank(request: HttpRequest) -> ChatForm:
    """The form with what the account knows, and what was said in the chat named by ``?again=``."""
    person: Any = request.user
    known = {"name": person.display_name, "member_id": person.member_id, "email": person.email}
    again = {"question": _asked(request)} if "again" in request.GET else {}
    return ChatForm(initial={**known, **again, "submission_id": uuid.uuid4()})


def _asked(request: HttpRequest) -> str:
    try:
        name = uuid.UUID(request.GET["again"])
    except ValueError:
        return ""
    theirs = Message.objects.filter(author_kind=Message.Kind.MEMBER)
    theirs = theirs.filter(conversation__uuid=name, conversation__member=request.user)
    return "\n\n".join(theirs.values_list("body", flat=True))[: settings.MESSAGE_MAX_LENGTH]


def _show(
    request: HttpRequest, form: ChatForm, now: datetime, *, status: int = 200
) -> HttpResponse:
    outlook = queue.outlook(queue.current(), now)
    template = "chat/start.html" if outlook.is_open else "chat/closed.html"
    is_only_copy = form.is_bound and not outlook.is_open
    context = {"form": form, "outlook": outlook, "held": is_only_copy}
    context["incidents"] = Incident.objects.announced_to(request.user)
    return render(request, template, context, status=status)
