"""Pictures: uploaded first, handed over only to those who may see them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit, throttle
from accounts.answers import refuse, refuse_json, see_other, wants_json
from accounts.models import AuditEntry

from ..images import ImageRefused
from ..models import Screenshot, TransitionError
from ..redaction import RedactForm

ONE_READ = timedelta(minutes=1)  # in which loading a picture again is not another read


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
    visible = Screenshot.objects.visible_to(request.user).standing().select_related("ticket")
    screenshot = get_object_or_404(visible, uuid=uuid)
    is_thumb = request.GET.get("size") == "thumb"
    file = screenshot.thumb if is_thumb else screenshot.picture
    if settings.MEDIA_ACCEL_PREFIX:
        response = HttpResponse(
            headers={"X-Accel-Redirect": settings.MEDIA_ACCEL_PREFIX + file.name}
        )
    else:
        response = FileResponse(_opened(file), filename=screenshot.name)
    response["Content-Type"] = screenshot.content_type
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    if request.method == "GET" and not is_thumb:
        _record_read(request, screenshot)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def screenshot_redact(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Black out parts of a picture that was sent, or remove it."""
    sent = Screenshot.objects.visible_to(request.user).sent().select_related("ticket", "reply")
    screenshot, now = get_object_or_404(sent, uuid=uuid), timezone.now()
    try:
        screenshot.check_change(request.user, now)
        if request.method != "POST":
            return _show_editor(request, screenshot, RedactForm())
        return _change(request, screenshot, now)
    except (TransitionError, ImageRefused) as impossible:
        return _refuse_change(request, screenshot, impossible.message)
    except OSError:
        message = _("The picture could not be changed just now. Try again in a moment.")
        return _refuse_change(request, screenshot, message)


@require_POST
def screenshot_delete(request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:
    """Throw away an upload that was not sent yet."""
    if not Screenshot.objects.uploaded_by(request.user, [uuid]).discard():
        return refuse(request, 404, "not_found", "404.html")
    return HttpResponse(status=204)


def _opened(file: Any) -> Any:
    """The file, or 404 if the store has lost it: a page goes on without one picture."""
    try:
        return file.open("rb")
    except OSError:
        raise Http404 from None


def _record_read(request: HttpRequest, screenshot: Screenshot) -> None:
    """Note that an agent looked at somebody else's picture (issue 4)."""
    user, ticket, now = request.user, screenshot.ticket, timezone.now()
    own = {screenshot.owner_id, screenshot.shown_to_id, ticket and ticket.member_id}
    if not user.is_staff or user.pk in own:
        return
    read = {"actor": user, "action": AuditEntry.Action.PICTURE}
    read["data__screenshot"] = str(screenshot.uuid)
    if not AuditEntry.objects.filter(**read, at__gt=now - ONE_READ).exists():
        number = ticket.number if ticket else ""
        audit.record(request, AuditEntry.Action.PICTURE, number, screenshot=str(screenshot.uuid))


def _change(request: HttpRequest, screenshot: Screenshot, now: datetime) -> HttpResponse:
    """Do what the button says; ``more`` only gives another row to type into."""
    action, form = request.POST.get("action"), RedactForm(request.POST)
    act = {"at": now, "address": throttle.client_address(request)}
    if action == "more":
        return _show_editor(request, screenshot, form)
    if action == "remove":
        screenshot.remove(request.user, **act)
        messages.success(request, _("The picture is removed."))
        return see_other(_place(request, screenshot))
    if not form.is_valid():
        return _show_editor(request, screenshot, form, status=400)
    throttle.hit("uploads", request.user.pk)
    screenshot.blacken(request.user, form.cleaned_data["boxes"], **act)
    messages.success(request, _("The picture is blacked out."))
    return see_other(_place(request, screenshot))


def _show_editor(
    request: HttpRequest, screenshot: Screenshot, form: RedactForm, status: int = 200
) -> HttpResponse:
    if status == 400 and wants_json(request):
        return refuse_json(400, "invalid", errors=form.errors)
    page = {
        "screenshot": screenshot,
        "ticket": screenshot.ticket,
        "form": form,
        "rows": [*filter(any, form.rows), ("", "", "", "")],
        "back": _place(request, screenshot),
    }
    return render(request, "tickets/screenshot_redact.html", page, status=status)


def _refuse_change(request: HttpRequest, screenshot: Screenshot, message: str) -> HttpResponse:
    if wants_json(request):
        return refuse_json(409, "impossible", message)
    messages.warning(request, message)
    return see_other(_place(request, screenshot))


def _place(request: HttpRequest, screenshot: Screenshot) -> str:
    """Where in which ticket page the person was: the member's own, or the desk's."""
    ticket = screenshot.ticket.merged_into or screenshot.ticket
    if ticket.member_id == request.user.pk:
        page = ticket.get_absolute_url()
    else:
        page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    return f"{page}#reply-{screenshot.reply_id}" if screenshot.reply_id else page
