"""Filing a technical issue, and the draft that keeps it while it is written (S37–S45)."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from accounts import throttle
from accounts.answers import refuse_json, see_other, wants_json
from accounts.text import normalise_newlines

from ..forms import DraftForm, TicketForm, limits, parse_uuids
from ..models import Draft, Incident, Ticket, TicketLanguage


@require_http_methods(["GET", "HEAD", "POST"])
def ticket_new(request: HttpRequest) -> HttpResponse:
    """File a technical issue; everything typed survives an error (S37–S45)."""
    now = timezone.now()
    draft = _draft_of(request, now)
    if request.method == "POST":
        form = TicketForm(request.POST, request.FILES, **_form_extras(request, now))
        ticket = _submitted_before(request) or _submit(request, form, draft)
        if ticket:
            # Also a draft that the post did not name: its pictures have just been sent.
            sent = {shot.draft_id for shot in form.uploads} | {draft.pk if draft else None}
            Draft.objects.filter(owner=request.user, pk__in=sent - {None}).delete()
            return see_other("tickets:ticket_received", ticket.pk)
        if wants_json(request):
            return refuse_json(400, "invalid", errors=form.errors)
    else:
        form = TicketForm(initial=_initial(draft), **_form_extras(request, now))
        form.uploads = list(draft.screenshots.waiting()) if draft else []
    own = Ticket.objects.owned_by(request.user)
    context = {
        "form": form,
        "uploads": form.uploads,
        "draft": draft and _draft_context(request, draft),
        "user_agent": form.user_agent,
        "prefixes": [(item.value, item.prefix) for item in TicketLanguage if item.prefix],
        "own_tickets": own.standing().order_by("-created_at")[:5],
        "limits": limits(),
        "incidents": Incident.objects.announced_to(request.user),
    }
    return render(request, "tickets/ticket_new.html", context, status=400 if form.errors else 200)


@require_POST
def draft_save(request: HttpRequest) -> HttpResponse:
    """Keep what is being typed; answers the draft's name and when it was saved."""
    throttle.hit("drafts", request.user.pk)
    now = timezone.now()
    draft = _draft_of(request, now) or Draft(owner=request.user)
    form = DraftForm(request.POST, instance=draft)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=400)
    draft.saved_at = now
    form.save()
    older = Draft.objects.filter(owner=request.user).order_by("-saved_at", "-pk")
    surplus = older.values_list("pk", flat=True)[settings.DRAFTS_PER_PERSON :]
    Draft.objects.filter(pk__in=list(surplus)).delete()
    draft.keep(parse_uuids(request.POST.getlist("uploads")))
    return JsonResponse({"draft": str(draft.uuid), "saved_at": now.isoformat()})


@require_POST
def draft_discard(request: HttpRequest) -> HttpResponse:
    draft = _draft_of(request, timezone.now())
    if draft:
        draft.screenshots.waiting().discard()
        draft.delete()
    return see_other("tickets:ticket_new")


def _form_extras(request: HttpRequest, now: Any) -> dict[str, Any]:
    agent = request.headers.get("User-Agent", "")[:300]
    return {"owner": request.user, "at": now, "user_agent": agent}


def _submitted_before(request: HttpRequest) -> Ticket | None:
    """The ticket of an identical earlier post: a double click, a retry, a reload (D9)."""
    try:
        submission_id = uuid.UUID(request.POST.get("submission_id", ""))
    except ValueError:
        return None
    ticket = Ticket.objects.submitted(request.user, submission_id)
    text = normalise_newlines(request.POST.get("description", "")).strip()
    return ticket if ticket and ticket.description == text else None


def _submit(request: HttpRequest, form: TicketForm, draft: Draft | None) -> Ticket | None:
    if not form.is_valid():
        return None
    throttle.hit("tickets", request.user.pk)
    post = form.cleaned_data
    earlier = Ticket.objects.submitted(request.user, post["submission_id"])
    if earlier and earlier.description == post["description"]:
        return earlier  # a parallel post was faster than the look before
    if earlier:
        post["submission_id"] = uuid.uuid4()  # the form was sent before, with another text
    try:
        return Ticket.objects.submit(
            request.user,
            language=post["language"],
            title=post["title"],
            description=post["description"],
            submission_id=post["submission_id"],
            at=form.at,
            screenshots=form.uploads,
            technical_details=form.technical_details,
            address=throttle.client_address(request),
            from_chat=draft and draft.from_chat,
            follow_up_of=draft and _followed(draft),
        )
    except IntegrityError:
        ticket = Ticket.objects.submitted(request.user, post["submission_id"])
        if ticket is None:
            raise
        return ticket


def _followed(draft: Draft) -> Ticket | None:
    """The ticket that ``draft`` goes on from, if it is of the same member."""
    followed = draft.follow_up_of
    return followed if followed and followed.member_id == draft.owner_id else None


def _draft_of(request: HttpRequest, now: Any) -> Draft | None:
    """The draft that the address or the form names; on a bare GET the newest one kept."""
    fresh = Draft.objects.filter(owner=request.user).fresh(now)
    name = request.POST.get("draft") or request.GET.get("draft") or ""
    try:
        return fresh.filter(uuid=uuid.UUID(name)).first()
    except ValueError:
        return fresh.first() if request.method == "GET" else None


def _initial(draft: Draft | None) -> dict[str, Any]:
    kept = draft and {
        "language": draft.language,
        "title": draft.title,
        "description": draft.description,
    }
    language = get_language() or "en"
    return {
        "language": language,
        "context": True,
        "submission_id": uuid.uuid4(),
        **{name: value for name, value in (kept or {}).items() if value},
    }


def _draft_context(request: HttpRequest, draft: Draft) -> dict[str, Any]:
    return {
        "uuid": draft.uuid,
        "saved_at": draft.saved_at,
        "follow_up_of": _followed(draft),
        "restored": request.method == "GET" and not draft.is_empty,
    }
