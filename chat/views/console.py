"""The staff console: the queue, one's own chats, and what an agent may do with them (B13)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import throttle
from accounts.answers import refuse, refuse_json, see_other, wants_json
from accounts.models import User
from tickets.models import TicketLanguage

from .. import desk
from ..forms import NoteForm, PresenceForm
from ..models import (
    CONSOLE_PERMISSIONS,
    ChatClosed,
    Conflict,
    Conversation,
    LimitReached,
    NotYours,
    Presence,
    Taken,
)
from .conversations import sweep

REFRESH = 30  # seconds after which a console without scripts looks again
agents_only = permission_required(CONSOLE_PERMISSIONS, raise_exception=True)


def on_conversation(act: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A post of an agent on one conversation, which ``act`` gets; what it may not do is said."""

    @wraps(act)
    def view(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
        sweep()
        chat = _visible(request.user, uuid)
        Presence.renew(request.user)
        try:
            return act(request, chat)
        except ChatClosed:
            return _refuse(request, chat, 409, "closed", _("Chat ended"))
        except NotYours:
            message = _("This chat is not yours.")
            return _refuse(request, chat, 403, "not_yours", message)

    return agents_only(require_POST(view))


@agents_only
@require_safe
def console_show(request: HttpRequest) -> HttpResponse:
    """The console with no chat open."""
    sweep()
    return _show(request, None)


@agents_only
@require_safe
def console_conversation(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """The console with this chat open, or with ``?part=talk`` the chat alone.

    An agent who asks for the whole page of their own chat reads it; a part may be asked for by a
    tab that nobody looks at, whose script tells what was seen.
    """
    sweep()
    chat = _visible(request.user, uuid)
    is_part = request.GET.get("part") == "talk"
    if request.method == "GET" and not is_part and chat.agent_id == request.user.pk:
        Conversation.objects.mark_seen("agent_seen", {chat.pk: chat.last_seq})
    return _show(request, chat, "chat/console/_chat.html" if is_part else None)


@agents_only
@require_POST
def console_next(request: HttpRequest) -> HttpResponse:
    """Take the head of the queue, whatever the switch says."""
    sweep()
    try:
        chat = Conversation.objects.claim_next(request.user)
    except LimitReached:
        return _refuse(request, None, 409, "limit", _limit_reached(request.user))
    if wants_json(request):
        return JsonResponse({"conversation": chat and str(chat.uuid)})
    if chat is None:
        messages.info(request, _("Nobody is waiting"))
        return see_other("console:console")
    return see_other("console:console_conversation", chat.uuid)


@agents_only
@require_POST
def console_presence(request: HttpRequest) -> HttpResponse:
    """Take chats or not, and how many at once."""
    sweep()
    form = PresenceForm(request.POST)
    if not form.is_valid():
        message = _("Enter a number from %(low)s to %(high)s.") % {"low": 1, "high": form.MOST}
        return _refuse(request, None, 400, "invalid", message)
    presence = Presence.choose(request.user, **form.choice)
    if wants_json(request):
        return JsonResponse({"accepting": presence.accepting, "limit": presence.limit})
    return _back(request)


@on_conversation
def console_claim(request: HttpRequest, chat: Conversation) -> HttpResponse:
    """Take this very chat out of the queue; to have it already is as good."""
    try:
        chat.claim(request.user)
    except Taken as taken:
        return _refuse(request, None, 409, "taken", _taken_by(taken.by))
    except LimitReached:
        return _refuse(request, None, 409, "limit", _limit_reached(request.user))
    return _done(request, chat)


@on_conversation
def console_release(request: HttpRequest, chat: Conversation) -> HttpResponse:
    """Give the chat back to the queue, in its old place."""
    chat.release(request.user)
    return _done(request, chat, _("Back in the queue."))


@on_conversation
def console_transfer(request: HttpRequest, chat: Conversation) -> HttpResponse:
    """Hand the chat to a colleague who is there."""
    name = request.POST.get("agent", "").replace("\0", "")
    colleague = desk.colleagues(request.user).filter(username=name).first()
    if colleague is None:
        message = _("This agent is not at the console now.")
        return _refuse(request, chat, 400, "invalid", message, field="agent")
    chat.transfer(request.user, colleague)
    return _done(request, chat, _("The chat is handed over."))


@on_conversation
def console_notes(request: HttpRequest, chat: Conversation) -> HttpResponse:
    """Write a note for colleagues; no member ever gets it."""
    throttle.hit("messages", request.user.pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        if wants_json(request):
            return refuse_json(400, "invalid", errors=form.errors)
        return _refuse(request, chat, 400, "invalid", " ".join(form.errors.get("body", [])))
    post = form.cleaned_data
    try:
        note = chat.add_note(request.user, post["body"], post["client_id"])
    except Conflict:
        message = _("This was sent before with another text.")
        return _refuse(request, chat, 409, "conflict", message)
    if wants_json(request):
        html = render_to_string("chat/console/_note.html", {"note": note})
        return JsonResponse({"id": note.pk, "html": html}, status=201)
    return _done(request, chat)


@on_conversation
def console_end(request: HttpRequest, chat: Conversation) -> HttpResponse:
    """End the chat for support; who has not confirmed it is asked in place first."""
    is_over = chat.status == Conversation.Status.CLOSED
    if not (is_over or request.POST.get("confirm")):
        if wants_json(request):
            return refuse_json(400, "invalid", errors={"confirm": [_("End the chat?")]})
        return _show(request, chat, is_ending=True)
    chat.close(request.user)
    return _done(request, chat)


@on_conversation
def console_ticket(request: HttpRequest, chat: Conversation) -> HttpResponse:
    """Make a ticket of the chat for its member; the transcript is in English."""
    language = request.POST.get("language", "")
    language = language if language in TicketLanguage.values else TicketLanguage.ENGLISH
    ticket = chat.to_ticket(request.user, language, timezone.now())
    if wants_json(request):
        page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
        return JsonResponse({"ticket": ticket.number, "url": page})
    created = _("A ticket was created from the chat: %(number)s") % {"number": ticket.number}
    return _done(request, chat, created)


@on_conversation
def console_language(request: HttpRequest, chat: Conversation) -> HttpResponse:
    """Ask the member for a ticket in their language, once (S48)."""
    asked = uuid.uuid5(chat.uuid, "language")
    with suppress(Conflict):  # asked already, and the canned reply reads differently since
        chat.ask_for_ticket(request.user, desk.language_reply(chat, request.user), asked)
    return _done(request, chat)


def _show(
    request: HttpRequest, chat: Conversation | None, template: str | None = None, **context: Any
) -> HttpResponse:
    Presence.renew(request.user)
    is_still = context or "still" in request.GET
    page = {
        **desk.console_page(request.user, chat, timezone.now()),
        "refresh": None if is_still else REFRESH,
        **context,
    }
    return render(request, template or "chat/console/console.html", page)


def _visible(agent: User, name: uuid.UUID) -> Conversation:
    """Anybody's conversation but the agent's own as a member: its notes are not for them."""
    visible = Conversation.objects.visible_to(agent).exclude(member=agent)
    return get_object_or_404(visible.select_related("member", "agent"), uuid=name)


def _limit_reached(agent: User) -> str:
    limit = Presence.objects.get(agent=agent).limit
    return _("You have as many chats as you take at once: %(n)s") % {"n": limit}


def _taken_by(agent: User | None) -> str:
    if agent is None:
        return _("This chat no longer waits.")
    return _("Taken by: %(name)s") % {"name": agent.display_name}


def _done(request: HttpRequest, chat: Conversation, words: str = "") -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"conversation": str(chat.uuid), "status": chat.status})
    if words:
        messages.success(request, words)
    return see_other("console:console_conversation", chat.uuid)


def _back(request: HttpRequest) -> HttpResponse:
    """To the chat that was open, if the form named one."""
    try:
        return see_other("console:console_conversation", uuid.UUID(request.POST.get("chat", "")))
    except ValueError:
        return see_other("console:console")


def _refuse(
    request: HttpRequest,
    chat: Conversation | None,
    status: int,
    code: str,
    message: str,
    *,
    field: str = "__all__",
) -> HttpResponse:
    """Say no, in JSON or on a page that keeps the text and leads back."""
    if wants_json(request):
        return refuse_json(status, code, errors={field: [message]})
    args = [chat.uuid] if chat else []
    back = reverse(f"console:console{'_conversation' if chat else ''}", args=args)
    template, context = "chat/refused.html", {"back": back}
    return refuse(request, status, code, template, message=message, context=context)
