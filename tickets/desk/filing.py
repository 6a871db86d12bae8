"""Filing for a member: somebody who called, or what follows up a ticket that is past."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import throttle
from accounts.answers import see_other
from accounts.models import User

from ..forms import limits
from ..models import Ticket, TicketLanguage
from .forms import OnBehalfForm, person_named, ticket_numbered


def ticket_file(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    """Show the form, or file the ticket; what was typed survives an error."""
    extras = {"owner": request.user, "at": timezone.now(), "follow_up_of": _follow_up_of(request)}
    if request.method != "POST":
        form = OnBehalfForm(initial=_initial(request, extras["follow_up_of"]), **extras)
        return _show(request, form, frame)
    form = OnBehalfForm(request.POST, request.FILES, **extras)
    if not form.is_valid():
        return _show(request, form, frame, status=400)
    ticket = _file(request, form)
    words = _("%(number)s is filed. The member is told by email.")
    messages.success(request, words % {"number": ticket.number})
    return see_other("admin:tickets_ticket_change", ticket.pk)


def _follow_up_of(request: HttpRequest) -> Ticket | None:
    """The ticket that the address names, if it names one."""
    if "follow_up" not in request.GET:
        return None
    ticket = ticket_numbered(request.GET["follow_up"], request.user)
    if ticket is None:
        raise Http404
    return ticket


def _initial(request: HttpRequest, earlier: Ticket | None) -> dict[str, Any]:
    if earlier:
        known = {"language": earlier.language, "title": earlier.title}
    else:
        member = request.GET.get("member", "").replace("\0", "")[:254]
        person = person_named(member)
        known = {"member": member, "language": person.language if person else "en"}
    return {**known, "submission_id": uuid.uuid4()}


@transaction.atomic
def _file(request: HttpRequest, form: OnBehalfForm) -> Ticket:
    """File what ``form`` holds, once however often it is sent."""
    post = form.cleaned_data
    member: User = post["member"]
    if earlier := Ticket.objects.submitted(member, post["submission_id"]):
        if (earlier.title, earlier.description) == (post["title"], post["description"]):
            return earlier
        post["submission_id"] = uuid.uuid4()  # the form was sent before, with another text
    throttle.hit("tickets", request.user.pk)
    act = {"at": form.at, "address": throttle.client_address(request)}
    try:
        with transaction.atomic():
            ticket = Ticket.objects.submit(
                member,
                language=post["language"],
                title=post["title"],
                description=post["description"],
                submission_id=post["submission_id"],
                screenshots=form.uploads,
                follow_up_of=form.follow_up_of,
                by=request.user,
                **act,
            )
    except IntegrityError:
        ticket = Ticket.objects.submitted(member, post["submission_id"])
        if ticket is None:
            raise
        return ticket  # a parallel post was faster
    if post["assign_to_me"]:
        ticket.assign(request.user, request.user, **act)
    return ticket


def _show(
    request: HttpRequest, form: OnBehalfForm, frame: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    title, earlier = _("File a ticket for a member"), form.follow_up_of
    if earlier:
        title = _("Follow-up of %(number)s") % {"number": earlier.number}
    context = {
        **frame,
        "title": title,
        "form": form,
        "uploads": form.uploads,
        "follow_up_of": earlier,
        "prefixes": [(item.value, item.prefix) for item in TicketLanguage if item.prefix],
        "limits": limits(),
    }
    template = "admin/tickets/ticket/file.html"
    return TemplateResponse(request, template, context, status=status)
