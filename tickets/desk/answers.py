"""Answers: what an agent writes, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts import throttle

from ..forms import AnswerDraftForm, DeskForm, PostForm, filled
from ..models import AnswerDraft, Ticket, TransitionError
from ..worklist import Worklist
from .composer import draft_of, offered

DONE = {
    "reply": lambda: _("The reply is sent to the member."),
    "ask": lambda: _("The question is sent; the ticket waits for the member."),
    "finish": lambda: _("The reply is sent and the ticket is closed."),
    "note": lambda: _("The internal note is saved. Members cannot see this note."),
    "close": lambda: _("The ticket is closed."),
}


@transaction.atomic
def apply(request: HttpRequest, ticket: Ticket, form: DeskForm) -> str:
    """Do what the button says; return the place of the new reply on the page."""
    post, action = form.cleaned_data, form.cleaned_data["action"]
    act = {"at": form.at, "address": throttle.client_address(request)}
    if action == "close":
        ticket.close(request.user, **act)
        return ""
    verb = ticket.reply if action == "finish" else getattr(ticket, action)
    asked = {"questions": post["questions"]} if action == "ask" else {}
    reply = verb(
        request.user,
        post["body"],
        submission_id=post["submission_id"],
        screenshots=form.uploads,
        seen=post["seen"],
        **asked,
        **act,
    )
    if reply.is_new:  # else the post came again, and much may have happened since
        if action == "finish" and not ticket.is_closed:
            ticket.close(request.user, **act)
        _end_draft(request, ticket, form.at)
    return f"#reply-{reply.pk}"


def _end_draft(request: HttpRequest, ticket: Ticket, at: datetime) -> None:
    """Forget what was sent; what stands under the other tab is the draft from now on."""
    discard(request, ticket)
    other = _draft_form(request.POST.get("other", ""), _other_mode(request), [])
    if other.is_valid() and other.cleaned_data["body"]:
        AnswerDraft.objects.create(
            ticket=ticket, author=request.user, saved_at=at, **other.cleaned_data
        )


def _draft_form(body: str, mode: str, questions: list[str]) -> AnswerDraftForm:
    return AnswerDraftForm(MultiValueDict({"body": [body], "mode": [mode], "questions": questions}))


def _other_mode(request: HttpRequest) -> str:
    return "reply" if request.POST.get("mode") == "note" else "note"


def other_text(request: HttpRequest) -> dict[str, str]:
    """What was typed under the tab that did not show when the button was pressed."""
    other = request.POST.get("other", "")
    return {"other": other} if other.strip() else {}


def kept_draft(request: HttpRequest, ticket: Ticket, typed: dict[str, Any]) -> bool:
    """Whether all of ``typed`` is the draft that the server keeps, so that nothing gets lost."""
    draft, post = draft_of(ticket, request.user), request.POST
    if draft is None or "note" in typed or typed["uploads"]:
        return False
    body, mode = post.get("body", ""), post.get("mode", "")
    if "other" in typed:
        if body.strip():
            return False
        body, mode = post["other"], _other_mode(request)
    shown = _draft_form(body, mode, post.getlist("questions"))
    return shown.is_valid() and all(
        getattr(draft, name) == value for name, value in shown.cleaned_data.items()
    )


def said(request: HttpRequest, action: str, following: int | None) -> str:
    """What was done, and the way to the ticket ``following``."""
    if following is None:
        return DONE[action]()
    place = reverse("admin:tickets_ticket_change", args=[following])
    if query := Worklist(request.GET, request.user, timezone.now()).place:
        place = f"{place}?{query}"
    link = format_html('<a href="{}">{}</a>', place, _("Next ticket"))
    return format_html("{} {}", DONE[action](), link)


def discard(request: HttpRequest, ticket: Ticket) -> None:
    """Throw away what the agent has typed and not sent."""
    AnswerDraft.objects.filter(ticket=ticket, author=request.user).delete()


def insert_canned(request: HttpRequest, ticket: Ticket) -> str:
    """What was typed, with the canned reply that was chosen below it.

    Raises ``TransitionError`` if that reply is not offered.
    """
    chosen = request.POST.get("canned")
    texts = [reply.text for reply in offered(ticket, request.user) if reply.shortcut == chosen]
    if not texts:
        raise TransitionError(_("Choose a canned reply."))
    return "\n\n".join([*filled([request.POST.get("body", "").rstrip()]), *texts])


def kept(request: HttpRequest, **changed: str) -> dict[str, Any]:
    """Form and pictures as they were when a button was pressed that sends nothing.

    Empty if nothing was typed or added. Good files become uploads, and of bad ones it is said why.
    """
    files = PostForm(request.POST, request.FILES, owner=request.user, at=timezone.now())
    if not files.is_valid():
        for fault in files.errors.get("screenshots", []):
            messages.warning(request, fault)
    names = ("body", "mode", "seen", "submission_id")
    typed = {name: request.POST.get(name) for name in names} | changed
    typed["questions"] = filled(request.POST.getlist("questions"))
    other = other_text(request)
    if not (other or files.uploads or typed["questions"] or filled([typed["body"] or ""])):
        return {}
    form = DeskForm(initial=typed, owner=request.user, at=timezone.now())
    return {"form": form, "uploads": files.uploads, **other}
