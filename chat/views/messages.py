"""What is said: written by HTTP, answered after commit (DESIGN §5)."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import throttle
from accounts.answers import refuse, refuse_json, see_other, wants_json
from accounts.models import User

from .. import delivery
from ..forms import MessageForm
from ..models import ChatClosed, Conflict, Conversation, Message, NotYours, Presence
from .conversations import show_conversation


@require_http_methods(["GET", "HEAD", "POST"])
def message_list(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Say something, or read what was said after ``?after=``; both sides use it."""
    if request.method == "POST":
        return _post(request, uuid)
    return _frames(request, uuid)


def _frames(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    after = request.GET.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 10):
        message = _("This request is not valid.")
        return refuse_json(400, "invalid", errors={"after": [message]})
    try:
        found = delivery.frames(request.user, uuid, int(after))
    except delivery.Refused:
        raise Http404 from None
    _renew(request.user, Conversation.objects.get(pk=found.conversation_id))
    return JsonResponse({"frames": found.frames, "more": found.seq < found.last_seq})


def _post(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    visible = Conversation.objects.visible_to(request.user).select_related("member", "agent")
    conversation = visible.filter(uuid=uuid).first()
    if conversation is None:
        return _refuse_unseen(request)
    throttle.hit("messages", request.user.pk)
    _renew(request.user, conversation)
    form = MessageForm(request.POST, request.FILES, owner=request.user, at=timezone.now())
    try:
        message, is_new = _say(request, conversation, form)
    except Conflict:
        message = _("This was sent before with another text.")
        return refuse_json(409, "conflict", message)
    except ChatClosed:
        return _refuse(request, conversation, form, 409, "closed", _("Chat ended"))
    except NotYours:
        message = _("Only the agent of this chat can write in it.")
        return _refuse(request, conversation, form, 403, "not_yours", message)
    if message is None:
        return _refuse(request, conversation, form, 400, "invalid")
    if not wants_json(request):
        return see_other(_page_of(conversation, request.user))
    answer = {"seq": message.seq, "client_id": message.client_id, "at": message.at.isoformat()}
    return JsonResponse(answer, status=201 if is_new else 200)


def _refuse_unseen(request: HttpRequest) -> HttpResponse:
    """Nothing is there for members; staff are told that it is not, or no longer, for them."""
    if not request.user.is_staff:
        raise Http404
    message = _("Only the agent of this chat can write in it.")
    return refuse(request, 403, "not_yours", "403.html", message=message)


def _say(
    request: HttpRequest, conversation: Conversation, form: MessageForm
) -> tuple[Message | None, bool]:
    """Post it; without a message if the form is not valid. Raises what ``post`` raises.

    A page that comes back with another text under its old ``client_id`` was changed by hand, and
    sent on purpose; a script is told of the conflict.
    """
    if not form.is_valid():
        return _sent_before(conversation, form), False
    post = form.cleaned_data
    uploads = [shot.uuid for shot in form.uploads]
    try:
        return conversation.post(request.user, post["body"], post["client_id"], uploads)
    except Conflict:
        if wants_json(request):
            raise
    return conversation.post(request.user, post["body"], uuid.uuid4(), uploads)


def _sent_before(conversation: Conversation, form: MessageForm) -> Message | None:
    """The message of an identical post, whose pictures are taken since."""
    same = {name: form.cleaned_data.get(name) for name in ("body", "client_id")}
    if not form.has_lost_uploads or None in same.values():
        return None
    return conversation.messages.filter(author=form.owner, **same).first()


def _renew(person: User, conversation: Conversation) -> None:
    """Whoever asks is there: the member in the queue, the agent at the console."""
    if conversation.member_id == person.pk:
        conversation.renew_member()
    else:
        Presence.renew(person)


def _refuse(
    request: HttpRequest,
    conversation: Conversation,
    form: MessageForm,
    status: int,
    code: str,
    message: str = "",
) -> HttpResponse:
    """Say no, in JSON or on a page that keeps the text."""
    if wants_json(request):
        return refuse_json(status, code, message, errors=form.errors)
    if conversation.member_id != request.user.pk:
        message = message or _("Check your message.")
        context = {"back": _page_of(conversation, request.user)}
        template = "chat/refused.html"
        return refuse(request, status, code, template, message=message, context=context)
    if conversation.status == Conversation.Status.CLOSED:
        context = {"chat": conversation, "form": form, "uploads": form.uploads, "held": True}
        return render(request, "chat/too_late.html", context, status=409)
    uploads = form.uploads
    return show_conversation(request, conversation, form=form, uploads=uploads, status=status)


def _page_of(conversation: Conversation, person: User) -> str:
    if conversation.member_id == person.pk:
        return f"{conversation.get_absolute_url()}#last"
    return reverse("console:console_conversation", args=[conversation.uuid])
