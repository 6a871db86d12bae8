"""Members' pages of technical issues. Each view: load, validate, one verb, respond."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.db.models import Count
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import throttle
from accounts.answers import refuse, see_other, wants_json
from accounts.models import User

from .forms import DraftForm, ReopenForm, ReplyForm, TicketForm, parse_uuids
from .images import MAX_BYTES, MEGABYTE, ImageRefused
from .models import Draft, Reply, Screenshot, StaleReply, Ticket, TicketLanguage, TransitionError
from .models.event import Verb
from .thread import entries_for_member, last_seen, reply_entry

SECTIONS = (Ticket.Status.OPEN, Ticket.Status.AWAITING_FEEDBACK, Ticket.Status.CLOSED)


@require_safe
def ticket_list(request: HttpRequest) -> HttpResponse:
    """My Technical Issues: three sections, or one of them page by page (S22–S33)."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:200]
    own = Ticket.objects.owned_by(request.user)
    found = own.matching(query) if query else own
    counts = dict(found.order_by().values_list("status").annotate(Count("pk")))
    only = request.GET.get("section", "")
    shown = [only] if only in SECTIONS else SECTIONS
    sections = [
        _section(request, found, key, counts.get(key, 0), query, is_alone=len(shown) == 1)
        for key in shown
    ]
    awaiting = next((s["tickets"] for s in sections if s["key"] == SECTIONS[1]), [])
    context = {
        "sections": sections,
        "section": only if len(shown) == 1 else "",
        "query": query,
        "result_count": sum(counts.values()),
        "waiting": [] if query else awaiting,
        "first_visit": not query and not counts,
    }
    return render(request, "tickets/ticket_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ticket_new(request: HttpRequest) -> HttpResponse:
    """File a technical issue; everything typed survives an error (S37–S45)."""
    now = timezone.now()
    draft = _draft_of(request, now)
    if request.method == "POST":
        form = TicketForm(request.POST, request.FILES, **_form_extras(request, now))
        ticket = _submitted_before(request) or _submit(request, form)
        if ticket:
            draft.delete() if draft else None
            return see_other("tickets:ticket_received", ticket.pk)
        if wants_json(request):
            return refuse(request, 400, "invalid", "", errors=form.errors)
    else:
        form = TicketForm(initial=_initial(draft), **_form_extras(request, now))
        form.uploads = list(draft.screenshots.waiting()) if draft else []
    context = {
        "form": form,
        "uploads": form.uploads,
        "draft": draft and _draft_context(request, draft),
        "user_agent": form.user_agent,
        "prefixes": [(item.value, item.prefix) for item in TicketLanguage if item.prefix],
        "own_tickets": Ticket.objects.owned_by(request.user).order_by("-created_at")[:5],
        "limits": limits(),
    }
    return render(request, "tickets/ticket_new.html", context, status=400 if form.errors else 200)


@require_safe
def ticket_received(request: HttpRequest, number: int) -> HttpResponse:
    ticket = _own_ticket(request, number)
    return render(request, "tickets/ticket_received.html", {"ticket": ticket})


@require_safe
def ticket_detail(request: HttpRequest, number: int) -> HttpResponse:
    return _show_thread(request, _own_ticket(request, number))


@require_POST
def reply_create(request: HttpRequest, number: int) -> HttpResponse:
    """Answer. To a closed issue the same words reopen it, or begin a new one if it is too late."""
    ticket, now = _own_ticket(request, number), timezone.now()
    form = ReplyForm(request.POST, request.FILES, owner=request.user, at=now)
    throttle.hit("replies", request.user.pk)
    if not form.is_valid():
        return _refuse_reply(request, ticket, form)
    post = form.cleaned_data
    rest = {"at": now, "screenshots": form.uploads, "address": throttle.client_address(request)}
    rest["submission_id"] = post["submission_id"]
    try:
        reply = _answer(request.user, ticket, post, rest)
    except StaleReply as stale:
        return _confirm_stale(request, ticket, form, stale)
    except TransitionError as impossible:
        return _begin_anew(request, ticket, form, impossible)
    if reply is None:
        messages.success(request, _("Thank you. The ticket is open again."))
        return see_other(ticket)
    return see_other(f"{ticket.get_absolute_url()}#reply-{reply.pk}")


@require_POST
def ticket_close(request: HttpRequest, number: int) -> HttpResponse:
    ticket = _own_ticket(request, number)
    try:
        ticket.close(request.user, at=timezone.now(), address=throttle.client_address(request))
    except TransitionError as impossible:
        return _refuse_verb(request, ticket, impossible)
    messages.success(request, _("The issue is closed."))
    return see_other(ticket)


@require_POST
def ticket_reopen(request: HttpRequest, number: int) -> HttpResponse:
    ticket, now = _own_ticket(request, number), timezone.now()
    throttle.hit("replies", request.user.pk)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        if wants_json(request):
            return refuse(request, 400, "invalid", "", errors=form.errors)
        return _show_thread(request, ticket, reopen_form=form, status=400)
    try:
        ticket.reopen(
            request.user,
            form.cleaned_data["reason"],
            submission_id=form.cleaned_data["submission_id"],
            at=now,
            address=throttle.client_address(request),
        )
    except TransitionError as impossible:
        return _refuse_verb(request, ticket, impossible)
    messages.success(request, _("Thank you. The ticket is open again."))
    return see_other(ticket)


@require_POST
def screenshot_upload(request: HttpRequest) -> HttpResponse:
    """Keep one picture as the person's own, before what it belongs to is sent."""
    upload = request.FILES.get("file")
    if upload is None:
        return JsonResponse({"errors": {"file": [_("No file chosen")]}}, status=400)
    throttle.hit("uploads", request.user.pk)
    try:
        screenshot = Screenshot.objects.upload(request.user, upload, timezone.now())
    except ImageRefused as refused:
        return JsonResponse({"errors": {"file": [refused.message]}}, status=400)
    answer = {
        "id": str(screenshot.uuid),
        "name": screenshot.name,
        "size": screenshot.size,
        "thumb": screenshot.thumb_url,
    }
    return JsonResponse(answer, status=201)


@require_safe
def screenshot_detail(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Hand over a picture or its thumbnail to those who may see it, as nothing but a picture."""
    screenshot = get_object_or_404(Screenshot.objects.visible_to(request.user), uuid=uuid)
    file = screenshot.thumb if request.GET.get("size") == "thumb" else screenshot.picture
    if settings.MEDIA_ACCEL_PREFIX:
        response = HttpResponse(
            headers={"X-Accel-Redirect": settings.MEDIA_ACCEL_PREFIX + file.name}
        )
    else:
        response = FileResponse(_opened(file), filename=screenshot.name)
    response["Content-Type"] = screenshot.content_type
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def screenshot_delete(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Throw away an upload that was not sent yet."""
    if not Screenshot.objects.uploaded_by(request.user, [uuid]).discard():
        return refuse(request, 404, "not_found", "404.html")
    return HttpResponse(status=204)


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
    draft.keep(parse_uuids(request.POST.getlist("uploads")))
    return JsonResponse({"draft": str(draft.uuid), "saved_at": now.isoformat()})


@require_POST
def draft_discard(request: HttpRequest) -> HttpResponse:
    draft = _draft_of(request, timezone.now())
    if draft:
        draft.screenshots.waiting().discard()
        draft.delete()
    return see_other("tickets:ticket_new")


def limits() -> dict[str, Any]:
    """What the scripts of a form need to know; the server judges all the same (D5)."""
    return {
        "max_files": settings.SCREENSHOTS_PER_POST,
        "max_bytes": MAX_BYTES,
        "max_size": f"{MAX_BYTES // MEGABYTE}\u00a0MB",
        "max_title": settings.TITLE_MAX_LENGTH,
        "max_text": settings.TEXT_MAX_LENGTH,
        "types": "PNG, JPEG, WebP",
        "accept": "image/jpeg,image/png,image/webp",
    }


def _own_ticket(request: HttpRequest, number: int) -> Ticket:
    own = Ticket.objects.owned_by(request.user).select_related("member")
    return get_object_or_404(own, pk=number)


def _section(
    request: HttpRequest, found: Any, key: str, count: int, query: str, *, is_alone: bool
) -> dict[str, Any]:
    """One section of the list. Without tickets it costs no query."""
    rows = found.in_section(key).defer("description", "search_text", "notes_text")
    if key == Ticket.Status.AWAITING_FEEDBACK:
        rows = rows.with_question()
    paginator = Paginator(rows, settings.PAGE_SIZE)
    paginator.count = count  # known already: no second COUNT
    page = paginator.get_page(request.GET.get("page")) if is_alone else paginator.get_page(1)
    tickets = list(page.object_list) if count else []
    if key == Ticket.Status.CLOSED and not is_alone and not query:
        tickets = tickets[: settings.CLOSED_PREVIEW]
    return {
        "key": key,
        **_section_words(key),
        "count": count,
        "tickets": tickets,
        "page": page if is_alone else None,
        "more_url": _section_url(key, query) if len(tickets) < count and not is_alone else None,
        "is_open_by_default": True,
    }


def _section_words(key: str) -> dict[str, str]:
    return {
        Ticket.Status.OPEN: {
            "heading": pgettext("section", "Open Tech Issues"),
            "empty_text": _("You have no open technical issues."),
        },
        Ticket.Status.AWAITING_FEEDBACK: {
            "heading": pgettext("section", "Awaiting Feedback"),
            "empty_text": _("Nothing is waiting for your reply."),
        },
        Ticket.Status.CLOSED: {
            "heading": pgettext("section", "Closed Tech Issues"),
            "empty_text": _("No closed issues yet."),
        },
    }[key]


def _section_url(key: str, query: str) -> str:
    return reverse("tickets:ticket_list", query={"section": key, **({"q": query} if query else {})})


def _form_extras(request: HttpRequest, now: Any) -> dict[str, Any]:
    agent = request.headers.get("User-Agent", "")[:300]
    return {"owner": request.user, "at": now, "user_agent": agent}


def _submitted_before(request: HttpRequest) -> Ticket | None:
    """The ticket of an identical earlier post: a double click, a retry, a reload (D9)."""
    try:
        submission_id = uuid.UUID(request.POST.get("submission_id", ""))
    except ValueError:
        return None
    return Ticket.objects.submitted(request.user, submission_id)


def _submit(request: HttpRequest, form: TicketForm) -> Ticket | None:
    if not form.is_valid():
        return None
    throttle.hit("tickets", request.user.pk)
    post = form.cleaned_data
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
        )
    except IntegrityError:
        ticket = Ticket.objects.submitted(request.user, post["submission_id"])
        if ticket is None:
            raise
        return ticket


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
        "restored": request.method == "GET" and not draft.is_empty,
    }


def _show_thread(
    request: HttpRequest, ticket: Ticket, *, status: int = 200, **context: Any
) -> HttpResponse:
    now, entries = timezone.now(), entries_for_member(ticket)
    questions = [entry for entry in entries if entry.kind == "question"]
    ids = {"submission_id": uuid.uuid4()}
    page = {
        "ticket": ticket,
        "entries": entries,
        "form": ReplyForm(initial={**ids, "seen": last_seen(entries)}, owner=request.user, at=now),
        "reopen_form": ReopenForm(initial=ids),
        "attachment_count": sum(len(entry.screenshots) for entry in entries),
        "uploads": [],
        "question": questions[-1].text
        if questions and ticket.status == Ticket.Status.AWAITING_FEEDBACK
        else "",
        "can_reply": ticket.can(request.user, Verb.REPLY, now),
        "can_close": ticket.can(request.user, Verb.CLOSE, now),
        "can_reopen": ticket.can(request.user, Verb.REOPEN, now),
        "reopen_until": ticket.reopen_until,
        "limits": limits(),
        **context,
    }
    return render(request, "tickets/ticket_detail.html", page, status=status)


def _answer(user: User, ticket: Ticket, post: dict[str, Any], rest: dict[str, Any]) -> Reply | None:
    """Reply, or reopen a ticket that is closed, be it since a moment; ``None`` for the latter."""
    if not ticket.is_closed:
        try:
            return ticket.reply(user, post["body"], seen=post["seen"], **rest)
        except TransitionError:
            if not ticket.is_closed:
                raise
    ticket.reopen(user, post["body"], **rest)
    return None


def _refuse_reply(request: HttpRequest, ticket: Ticket, form: ReplyForm) -> HttpResponse:
    if wants_json(request):
        return refuse(request, 400, "invalid", "", errors=form.errors)
    return _show_thread(request, ticket, form=form, uploads=form.uploads, status=400)


def _confirm_stale(
    request: HttpRequest, ticket: Ticket, form: ReplyForm, stale: StaleReply
) -> HttpResponse:
    """Show what is new above the kept text; sending again confirms."""
    if wants_json(request):
        return refuse(request, 409, "stale", "", message=_("There is a newer reply."))
    newer = [reply_entry(ticket, reply, request.user, []) for reply in stale.newer]
    form.data = form.data.copy()
    form.data["seen"] = stale.newer[-1].pk
    return _show_thread(request, ticket, form=form, uploads=form.uploads, stale=newer, status=409)


def _begin_anew(
    request: HttpRequest, ticket: Ticket, form: ReplyForm, impossible: TransitionError
) -> HttpResponse:
    """Too late to reopen: the words and pictures wait in the form of a new issue."""
    if wants_json(request):
        return refuse(request, 409, "closed", "", message=impossible.message)
    draft = Draft.objects.create(
        owner=request.user,
        language=ticket.language,
        title=ticket.title,
        description=form.cleaned_data["body"],
        saved_at=form.at,
    )
    draft.keep([shot.uuid for shot in form.uploads])
    messages.warning(request, impossible.message)
    return see_other(reverse("tickets:ticket_new", query={"draft": draft.uuid}))


def _refuse_verb(request: HttpRequest, ticket: Ticket, impossible: TransitionError) -> HttpResponse:
    if wants_json(request):
        return refuse(request, 409, "impossible", "", message=impossible.message)
    messages.warning(request, impossible.message)
    return see_other(ticket)


def _opened(file: Any) -> Any:
    """The file, or 404 if the store has lost it: a page goes on without one picture."""
    try:
        return file.open("rb")
    except OSError:
        raise Http404 from None
