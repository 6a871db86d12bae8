"""A person's own data: to take along, or to have erased."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import throttle
from accounts.answers import see_other
from accounts.fresh import fresh_password
from accounts.models import ErasureRequest

from .download import archive_response


@require_safe
@fresh_password("personal_data")
def personal_data(request: HttpRequest) -> HttpResponse:
    """What a person can do about their own data; open to every rank."""
    asked = ErasureRequest.objects.filter(person=request.user).first()
    return render(request, "privacy/personal_data.html", {"asked": asked})


@require_POST
@fresh_password("personal_data")
def personal_data_download(request: HttpRequest) -> HttpResponse:
    """Hand over everything, as one archive."""
    throttle.hit("exports", request.user.pk)
    return archive_response(request, request.user)


@require_POST
@fresh_password("personal_data")
def erasure_request(request: HttpRequest) -> HttpResponse:
    """Ask for erasure, or withdraw the request; what staff did is the record of the house."""
    if request.user.is_staff:
        raise PermissionDenied
    if request.POST.get("action") == "withdraw":
        ErasureRequest.objects.withdraw(request.user)
        messages.success(request, _("Your request is withdrawn."))
    else:
        ErasureRequest.objects.file(request.user, timezone.now())
        messages.success(request, _("Your request has reached us."))
    return see_other("personal_data")
