"""Answers: what an agent writes, and what becomes of it."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import throttle

from ..forms import DeskForm
from ..models import Ticket

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
