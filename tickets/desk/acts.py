"""Acts without an answer: take, hand over, label, put together, reopen."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.forms import Form
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import throttle
from accounts.models import User

from ..forms import parse_uuids
from ..models import Ticket, TransitionError
from .answers import DONE
from .forms import HandOverForm, TopicForm, ticket_numbered


def change(request: HttpRequest, ticket: Ticket) -> str:
    """Apply a verb without an answer; return what to tell the agent."""
    action, now = request.POST.get("action"), timezone.now()
    act = {"at": now, "address": throttle.client_address(request)}
    if action == "take":
        ticket.assign(request.user, request.user, **act)
        return _("The ticket is yours.")
    if action == "reopen":
        ticket.reopen(request.user, submission_id=uuid.uuid4(), **act)
        return _("The ticket is open again.")
    if action == "assign":
        return _hand_over(request, ticket, act)
    if action == "topic":
        topic = _valid(TopicForm(request.POST))["topic"]
        ticket.set_topic(request.user, topic, **act)
        return _("The topic is saved.")
    raise TransitionError(_("Choose what to do with the ticket."))


def named_target(request: HttpRequest) -> dict[str, str]:
    """The number that was typed or else chosen, and what stands in the box to type it in."""
    named = [value.strip()[:40] for value in request.POST.getlist("target")]
    return {
        "target": next(filter(None, reversed(named)), ""),
        "typed_target": named[-1] if named else "",
    }


def merge_target(request: HttpRequest, ticket: Ticket, at: datetime) -> Ticket:
    """The ticket that the post names; raises ``TransitionError`` if the two cannot be merged."""
    if not (number := named_target(request)["target"]):
        raise TransitionError(_("Enter the number of the ticket that stays."))
    target = ticket_numbered(number, request.user)
    if target is None:
        raise TransitionError(_("There is no ticket with this number."))
    ticket.check_merge(request.user, target, at=at)
    return target


def unsent_note(request: HttpRequest) -> dict[str, str]:
    """What was written for a colleague and not handed over yet."""
    note = request.POST.get("note", "")
    return {"note": note} if note.strip() else {}


def merge(request: HttpRequest, ticket: Ticket, target: Ticket, at: datetime) -> str:
    ticket.merge_into(request.user, target, at=at, address=throttle.client_address(request))
    words = _("%(number)s is merged into this ticket. The member is told by email.")
    return words % {"number": ticket.number}


@transaction.atomic
def _hand_over(request: HttpRequest, ticket: Ticket, act: dict[str, Any]) -> str:
    post = _valid(HandOverForm(request.POST))
    if post["note"]:
        ticket.note(request.user, post["note"], submission_id=_note_id(request), **act)
    if ticket.assign(request.user, post["assignee"], **act):
        return _handed_to(post["assignee"], request.user)
    if not post["note"]:
        raise TransitionError(_("Nothing to change here."))
    return DONE["note"]()


def _handed_to(person: User | None, agent: User) -> str:
    if person is None:
        return _("Nobody handles the ticket now.")
    if person == agent:
        return _("The ticket is yours.")
    return _("The ticket is handed over to %(name)s.") % {"name": person.display_name}


def _note_id(request: HttpRequest) -> uuid.UUID:
    """The same at every repetition of this post, and no other text's."""
    posted = parse_uuids([request.POST.get("submission_id", "")])
    return uuid.uuid5(posted.pop(), "note") if posted else uuid.uuid4()


def _valid(form: Form) -> dict[str, Any]:
    if form.is_valid():
        return form.cleaned_data
    if "note" in form.errors:
        raise TransitionError(" ".join(form.errors["note"]))
    raise TransitionError(_("Choose what to do with the ticket."))
