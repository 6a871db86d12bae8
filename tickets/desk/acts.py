"""Acts without an answer: take, hand over, reopen."""

from __future__ import annotations

import uuid

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import throttle

from ..forms import AssignForm
from ..models import Ticket, TransitionError


def change(request: HttpRequest, ticket: Ticket) -> str:
    """Apply a verb without words; return what to tell the agent."""
    action, now = request.POST.get("action"), timezone.now()
    act = {"at": now, "address": throttle.client_address(request)}
    if action == "take":
        ticket.assign(request.user, request.user, **act)
        return _("The ticket is yours.")
    if action == "reopen":
        ticket.reopen(request.user, submission_id=uuid.uuid4(), **act)
        return _("The ticket is open again.")
    form = AssignForm(request.POST)
    if action != "assign" or not form.is_valid():
        raise TransitionError(_("Choose what to do with the ticket."))
    ticket.assign(request.user, form.cleaned_data["assignee"], **act)
    return _("The ticket is handed over.")
