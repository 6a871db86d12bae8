"""Site-wide pages: home, guide, language, refusals, health, the brand's stylesheet."""

from __future__ import annotations

import sys
import uuid
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from post_office.models import STATUS, Email

from accounts.answers import Held, refuse, refuse_too_many, see_other, wants_json
from accounts.middleware import remember_language
from accounts.models import PeopleImport, Rank
from chat import queue
from tickets.models import Incident, Ticket

from . import brand
from .context import service_hours

logger = structlog.get_logger(__name__)
RETRY_AFTER = 30  # seconds


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    own, now = Ticket.objects.owned_by(request.user).standing(), timezone.now()
    tally, waiting, snapshot = {}, [], queue.current()
    if request.user.has_portal_access:
        tally = own.with_unread(request.user).tally()
    counts = {status: count for status, (count, _unread) in tally.items()}
    if counts.get(Ticket.Status.AWAITING_FEEDBACK):
        waiting = list(own.in_section(Ticket.Status.AWAITING_FEEDBACK)[:3])
    context = {
        "counts": {
            "open": counts.get(Ticket.Status.OPEN, 0),
            "awaiting": counts.get(Ticket.Status.AWAITING_FEEDBACK, 0),
            "closed": counts.get(Ticket.Status.CLOSED, 0),
            "unread": sum(unread for _count, unread in tally.values()),
        },
        "waiting": waiting,
        "incidents": Incident.objects.announced_to(request.user),
        "greeting": request.user.display_name,
        "min_rank": Rank.minimum().label,
        "chat": queue.outlook(snapshot, now),
        "service_hours": service_hours(snapshot.windows, snapshot.holidays, now),
    }
    return render(request, "home.html", context)


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    return render(request, "guide.html", {"min_rank": Rank.minimum().label})


@login_not_required
@require_POST
def language_set(request: HttpRequest) -> HttpResponse:
    """Speak another language from here on, on the same page (D28)."""
    language = request.POST.get("language", "")
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    if not is_ours or not target.startswith("/"):  # a bare word would be taken for a route
        target = "/"
    response = see_other(target)
    if language in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            request.user.language = language
            request.user.save(update_fields=["language"])
        translation.activate(language)
        remember_language(response, language)
    return response


@login_not_required
@require_safe
def brand_stylesheet(request: HttpRequest, digest: str) -> HttpResponse:
    if digest != brand.digest():
        raise Http404
    response = HttpResponse(brand.stylesheet(), content_type="text/css")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@login_not_required
def nowhere(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: says nothing else and asks nobody."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether what the portal stands on is there; names parts, never details.

    Beside them, and without a say: when people were taken over last, and whether it succeeded.
    """
    parts = {"database": False, "migrations": False, "cache": False, "outbox": False}
    people = {"at": None, "result": None}
    try:
        executor = MigrationExecutor(connection)
        parts["database"] = True
        parts["migrations"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        parts["outbox"] = not _has_old_mail()
        if parts["migrations"]:
            people = _last_import() or people
    except (OperationalError, InterfaceError):
        logger.warning("not_ready")
    cache.set("readyz", 1, 5)
    parts["cache"] = cache.get("readyz") == 1
    status = 200 if all(parts.values()) else 503
    return JsonResponse({**parts, "people": people}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        message = _("What you sent is too large.")
        return refuse(request, 413, "too_large", "413.html", message=message)
    return refuse(request, 400, "bad_request", "400.html", message=_("This request is not valid."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = _("You do not have access to this page")
    return refuse(request, 403, "forbidden", "403.html", message=message)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 404, "not_found", "404.html", message=_("Page not found"))


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """A limit of allauth is used up; those that lead here count by the minute."""
    return refuse_too_many(request, 60)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page has expired: the text comes back in a form with a fresh token (B12)."""
    message = _("The page has expired. Your text is kept")
    return refuse(request, 403, "csrf", "csrf.html", message=message)


def server_error(request: HttpRequest) -> HttpResponse:
    """Our fault. Uses no database, session or context processor."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return unavailable(request)
    error_id = uuid.uuid4().hex[:12]
    logger.error("server_error", error_id=error_id)  # Django logs the traceback beside it
    if wants_json(request):
        return JsonResponse({"error": "server_error", "id": error_id}, status=500)
    page = get_template("500.html").render(
        {"language": _cookie_language(request), "error_id": error_id}
    )
    return HttpResponse(page, status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Something the portal stands on is away for a moment; what was posted is given back."""
    logger.warning("unavailable", exc_info=True)
    headers = {"Retry-After": str(RETRY_AFTER)}
    if wants_json(request):
        body = {"error": "unavailable", "errors": {"__all__": [_("Try again")]}}
        return JsonResponse(body, status=503, headers=headers)
    context = {"language": _cookie_language(request), "held": Held.of(request)}
    page = get_template("503.html").render(context, request)
    return HttpResponse(page, status=503, headers=headers)


def _cookie_language(request: HttpRequest) -> str:
    """The reader's language without asking the database; empty if this browser never chose."""
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return language if language in dict(settings.LANGUAGES) else ""


def _last_import() -> dict[str, Any] | None:
    """When people were synchronised last, and how it ended; ``None`` if they never were."""
    newest = PeopleImport.objects.last_synchronisation().first()
    return newest and {"at": newest.ended_at.isoformat(), "result": newest.state}


def _has_old_mail() -> bool:
    """Whether a mail has waited for an hour: somebody should look at the sender."""
    before = timezone.now() - timedelta(hours=1)
    return Email.objects.filter(status=STATUS.queued, created__lt=before).exists()
