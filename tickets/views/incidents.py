"""Known incidents as members meet them: the page of all, and "this affects me too"."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import throttle
from accounts.answers import refuse_json, see_other, wants_json
from accounts.gate import rank_not_required

from ..forms import AffectsForm, limits
from ..models import Draft, Incident, Ticket, TicketLanguage, TransitionError
from ..models.incident import AlreadyDone

MOST_TICKETS = 20  # of the member's own that one may choose from
_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@require_safe
@rank_not_required
def incident_list(request: HttpRequest) -> HttpResponse:
    """What goes on, and then page by page what is over."""
    page = Paginator(Incident.objects.past(), settings.PAGE_SIZE).get_page(request.GET.get("page"))
    current = Incident.objects.current().shown_to(request.user) if page.number == 1 else []
    return render(request, "tickets/incident_list.html", {"incidents": current, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def incident_affects(request: HttpRequest, pk: int) -> HttpResponse:
    """Link an own ticket to the incident, or file a short one; nothing typed is lost."""
    incident = get_object_or_404(Incident.objects.published().shown_to(request.user), pk=pk)
    if request.method != "POST":
        return _ask(request, incident)
    chosen, form = _chosen(request), AffectsForm(request.POST)
    if not form.is_valid():
        return _refuse(request, incident, form, 400)
    try:
        ticket = _tell(request, incident, chosen, form.cleaned_data, timezone.now())
    except AlreadyDone:
        return _too_late(request, incident, form)
    except TransitionError as impossible:
        form.add_error(None, impossible.message)
        return _refuse(request, incident, form, 409)
    messages.success(request, _("Thank you. We will write to you when it is solved."))
    if ticket.submission_id == incident.post_id(form.cleaned_data["submission_id"]):
        return see_other("tickets:ticket_received", ticket.pk)
    return see_other(ticket)


def _ask(request: HttpRequest, incident: Incident) -> HttpResponse:
    if incident.is_current:
        initial = {"language": get_language(), "submission_id": uuid.uuid4()}
        return _show(request, incident, AffectsForm(initial=initial))
    if request.method == "GET":
        messages.info(request, _("This incident has ended."))
    return redirect("incidents:incident_list")


def _chosen(request: HttpRequest) -> Ticket | None:
    """The own ticket that was chosen, or the one it was merged into; ``None`` for a new one."""
    number = request.POST.get("ticket", "")
    if not number:
        return None
    if not _ID.fullmatch(number):
        raise Http404
    ticket = get_object_or_404(Ticket.objects.owned_by(request.user), pk=int(number))
    return ticket.merged_into or ticket


@transaction.atomic
def _tell(
    request: HttpRequest,
    incident: Incident,
    chosen: Ticket | None,
    post: dict[str, Any],
    now: datetime,
) -> Ticket:
    """Link ``chosen`` or file a short ticket; what the ticket does not say yet becomes a reply.

    Raises ``AlreadyDone`` once the incident has ended, but not for a post that comes twice.
    """
    text, rest = post["description"], {"at": now, "address": throttle.client_address(request)}
    known = chosen or incident.ticket_of(request.user)
    once = {"author": request.user, "submission_id": post["submission_id"], "body": text}
    if known and known.replies.filter(**once).exists():
        return known
    if chosen:
        incident.affect(chosen, request.user, **rest)
    else:
        chosen = _file(request, incident, post, rest)
    if text and text != chosen.description:
        if not incident.is_current:
            raise AlreadyDone
        throttle.hit("replies", request.user.pk)
        chosen.reply(request.user, text, submission_id=post["submission_id"], **rest)
    return chosen


def _file(
    request: HttpRequest, incident: Incident, post: dict[str, Any], rest: dict[str, Any]
) -> Ticket:
    if incident.is_current and not incident.told_in:
        throttle.hit("tickets", request.user.pk)
    return incident.file_short(
        request.user,
        language=post["language"] or get_language() or "en",
        description=post["description"],
        submission_id=post["submission_id"],
        **rest,
    )


def _too_late(request: HttpRequest, incident: Incident, form: AffectsForm) -> HttpResponse:
    """It has ended: the words, if there are any, wait in the form of an ordinary issue."""
    message, text = _("This incident has ended."), form.cleaned_data["description"]
    if wants_json(request):
        return refuse_json(409, "ended", message)
    messages.warning(request, message)
    if not text:
        return see_other("incidents:incident_list")
    language = form.cleaned_data["language"] or get_language() or "en"
    words = {"language": language, "title": incident.title_in(language), "description": text}
    throttle.hit("drafts", request.user.pk)
    now = timezone.now()
    draft = Draft.objects.fresh(now).filter(owner=request.user, **words).first()
    draft = draft or Draft.objects.create(owner=request.user, **words, saved_at=now)
    return see_other(reverse("tickets:ticket_new", query={"draft": draft.uuid}))


def _refuse(
    request: HttpRequest, incident: Incident, form: AffectsForm, status: int
) -> HttpResponse:
    if wants_json(request):
        return refuse_json(status, "invalid", errors=form.errors)
    return _show(request, incident, form, status=status)


def _show(
    request: HttpRequest, incident: Incident, form: AffectsForm, *, status: int = 200
) -> HttpResponse:
    own = Ticket.objects.owned_by(request.user).unfinished().order_by("-created_at", "-pk")
    context = {
        "incident": incident,
        "form": form,
        "own": own[:MOST_TICKETS],
        "chosen": request.POST.get("ticket", ""),
        "prefixes": [(item.value, item.prefix) for item in TicketLanguage if item.prefix],
        "limits": limits(),
    }
    return render(request, "tickets/incident_affects.html", context, status=status)
