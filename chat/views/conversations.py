"""One conversation as its member sees it: the waiting room, the talk, what is left of it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import throttle
from accounts.answers import refuse, refuse_json, see_other, wants_json
from tickets.forms import parse_uuids
from tickets.models import Draft, Screenshot, TicketLanguage

from .. import emails, queue
from ..delivery import message_html
from ..forms import MessageForm, message_limits
from ..models import Conversation, Ending, Event, Message, Rating
from ..text import normalise

REFRESH = 60  # seconds after which a page without scripts looks again
COME_BACK = (Event.RELEASED, Event.AGENT_LOST)  # events that lead back into the queue


@require_safe
def conversation_detail(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Waiting room, conversation and ended page: one address (DESIGN §4)."""
    sweep()
    conversation = _own(request, uuid)
    if conversation.status != Conversation.Status.CLOSED:
        conversation.renew_member()
    return show_conversation(request, conversation)


@require_POST
def conversation_end(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """End the chat, or leave the queue; who has not confirmed it is asked in place first."""
    conversation = _own(request, uuid)
    is_over = conversation.status == Conversation.Status.CLOSED
    if not (is_over or request.POST.get("confirm")):
        if wants_json(request):
            return refuse_json(400, "invalid", errors={"confirm": [_("End the chat?")]})
        return show_conversation(request, conversation, is_ending=True)
    conversation.close(request.user)
    if wants_json(request):
        return JsonResponse({"status": conversation.status})
    return see_other(conversation)


@require_POST
def conversation_ticket(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Carry the chat, and a last message that came too late for it, into the form of a ticket."""
    conversation, now = _own(request, uuid), timezone.now()
    throttle.hit("drafts", request.user.pk)
    draft = conversation.to_draft(ticket_language(request), now)
    if not _add_unsent(draft, request):
        return refuse(request, 413, "too_large", "413.html", message=_("Too much at once"))
    page = reverse("tickets:ticket_new", query={"draft": draft.uuid})
    return JsonResponse({"url": page}) if wants_json(request) else see_other(page)


@require_POST
def conversation_transcript(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Mail the transcript to the account's address, never to one that was typed."""
    conversation = _own(request, uuid)
    if not request.user.email:
        return _answer(request, conversation, _("Your account has no email address."), status=409)
    throttle.hit("transcripts", request.user.pk)
    emails.transcript(conversation)
    sent = _("We sent the transcript to: %(email)s") % {"email": request.user.email}
    return _answer(request, conversation, sent)


@require_POST
def conversation_rating(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Keep the answer to *Did this help?*; another answer replaces it."""
    conversation = _own(request, uuid)
    rating = request.POST.get("rating", "")
    if conversation.status != Conversation.Status.CLOSED or rating not in Rating.values:
        return _answer(request, conversation, _("Choose one of the answers."), status=400)
    conversation.rate(Rating(rating))
    return _answer(request, conversation, _("Thank you for your answer."))


def show_conversation(
    request: HttpRequest, conversation: Conversation, *, status: int = 200, **context: Any
) -> HttpResponse:
    """The page of ``conversation`` as it is now; ``context`` replaces parts of it."""
    now = timezone.now()
    lines = list(_said(conversation))
    said = [message_html(line, viewer_is_agent=False) for line in lines]
    page = {
        "conversation": conversation,
        "said": said,
        "last_seq": conversation.last_seq,
        "limits": message_limits(),
        "language_next": conversation.get_absolute_url(),
        **context,
    }
    if conversation.status == Conversation.Status.CLOSED:
        page |= {"minutes": _minutes(conversation), "tickets": conversation.tickets[:10]}
        page["has_left"] = conversation.ending == Ending.MEMBER and not conversation.claimed_at
        return render(request, "chat/ended.html", {**page, "ratings": Rating.choices})
    form = MessageForm(owner=request.user, at=now, initial={"client_id": uuid.uuid4()})
    is_still = status != 200 or "is_ending" in context or "still" in request.GET
    page = {
        "me": "member",
        "came_back": next((line for line in reversed(lines) if line.event in COME_BACK), None),
        "form": form,
        "uploads": [],
        "outlook": _outlook(conversation, now),
        "refresh": None if is_still else REFRESH,
        "keep_minutes": settings.CHAT_MEMBER_LEASE // 60,
        **page,
    }
    return render(request, "chat/conversation.html", page, status=status)


def sweep() -> None:
    """Let nobody act on a lease that is dead, also where no job runs; one query if there is none.

    A page does it before it renews the lease of who asks for it.
    """
    conversations = Conversation.objects
    if (conversations.abandoned() | conversations.orphaned()).exists():
        conversations.sweep()


def ticket_language(request: HttpRequest) -> str:
    """The language that was asked for, or that of the interface."""
    language = request.POST.get("language", "")
    return language if language in TicketLanguage.values else get_language() or "en"


def _own(request: HttpRequest, uuid: uuid.UUID) -> Conversation:
    """The member's own; agents have their place at the console."""
    own = Conversation.objects.filter(member=request.user).select_related("member", "agent")
    return get_object_or_404(own, uuid=uuid)


def _said(conversation: Conversation) -> QuerySet[Message]:
    said = conversation.messages.select_related("conversation", "author")
    return said.prefetch_related("screenshots")


def _outlook(conversation: Conversation, now: datetime) -> queue.Outlook:
    """What to expect; who has just come into the queue is not yet in a snapshot that was kept."""
    is_waiting = conversation.status == Conversation.Status.WAITING
    if is_waiting and conversation.pk not in queue.current().waiting:
        queue.forget()
    return queue.outlook(queue.current(), now, conversation.pk)


def _minutes(conversation: Conversation) -> int | None:
    """How long somebody talked with the member, at least one; ``None`` if nobody did."""
    claimed = conversation.messages.filter(event=Event.CLAIMED).first()
    if claimed is None or not conversation.closed_at:
        return None
    return max(1, round((conversation.closed_at - claimed.at).total_seconds() / 60))


def _add_unsent(draft: Draft, request: HttpRequest) -> bool:
    """Write what could not be sent below the rest, once; return whether there was room for it."""
    body = normalise(request.POST.get("body", "")).strip()
    if body and not draft.description.endswith(f"\n\n{body}"):
        draft.description = f"{draft.description}\n\n{body}"
        if len(draft.description) > 2 * settings.TEXT_MAX_LENGTH:  # as long as a draft may be
            return False
        draft.save(update_fields=["description"])
    uploads = parse_uuids(request.POST.getlist("uploads"))
    Screenshot.objects.uploaded_by(request.user, uploads).update(draft=draft)
    return True


def _answer(
    request: HttpRequest, conversation: Conversation, words: str, *, status: int = 200
) -> HttpResponse:
    """Say how it went: to a script in JSON, else on the page that comes next."""
    if wants_json(request):
        if status == 200:
            return JsonResponse({"message": words})
        return refuse_json(status, "invalid", words)
    (messages.success if status == 200 else messages.warning)(request, words)
    return see_other(conversation)
