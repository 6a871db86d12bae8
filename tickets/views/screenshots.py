"""Pictures: uploaded first, handed over only to those who may see them."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import throttle
from accounts.answers import refuse

from ..images import ImageRefused
from ..models import Screenshot


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


def _opened(file: Any) -> Any:
    """The file, or 404 if the store has lost it: a page goes on without one picture."""
    try:
        return file.open("rb")
    except OSError:
        raise Http404 from None
