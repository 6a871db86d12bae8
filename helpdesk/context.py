"""What every template may use."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext, pgettext

from accounts.zones import zone_city
from tickets import hours
from tickets.models import Holiday, ServiceWindow

from . import brand
from .hours_panel import ServiceHours


def portal(request: HttpRequest) -> dict[str, Any]:
    """Brand, links, languages, appearance and the (lazy) service hours. Asks no database itself."""
    return {
        "brand": {
            "name": settings.PORTAL_BRAND or gettext("Help Portal"),
            "legal_name": settings.PORTAL_BRAND_LEGAL_NAME,
            "logo_light": settings.PORTAL_BRAND_LOGO_LIGHT,
            "logo_dark": settings.PORTAL_BRAND_LOGO_DARK,
            "favicon": settings.PORTAL_BRAND_FAVICON or static("favicon.svg"),
            "stylesheet": reverse("brand_stylesheet", args=[brand.digest()]),
        },
        "header_links": [
            {**link, "label": _in_reader_language(link["label"])}
            for link in settings.PORTAL_HEADER_LINKS
        ],
        "utility_links": SimpleLazyObject(lambda: _utility_links(request)),
        "contact_url": settings.PORTAL_CONTACT_URL,
        "account_manager_url": settings.PORTAL_ACCOUNT_MANAGER_URL,
        "languages": settings.LANGUAGES,
        "appearance": _appearance(request),
        "csrf_cookie_name": settings.CSRF_COOKIE_NAME,
        "service_hours": SimpleLazyObject(_service_hours),
        "zone_city": zone_city(timezone.get_current_timezone()),
    }


def service_hours(
    windows: Collection[hours.Window], holidays: Collection[hours.Holiday], at: datetime
) -> ServiceHours:
    """The hours in the reader's language and time zone."""
    return ServiceHours(
        windows, holidays, at, timezone.get_current_timezone(), get_language() or "en"
    )


def _service_hours() -> ServiceHours:
    now = timezone.now()
    windows = list(ServiceWindow.objects.all())
    return service_hours(windows, list(Holiday.objects.filter(date__gte=now.date())), now)


def _utility_links(request: HttpRequest) -> list[dict[str, Any]]:
    links = [
        {"key": "help", "label": pgettext("link", "Help"), "url": reverse("guide")},
        {"key": "account", "label": gettext("Account"), "url": reverse("preferences")},
    ]
    if getattr(getattr(request, "user", None), "has_portal_access", False):
        search = {"label": gettext("Search"), "url": reverse("tickets:ticket_list") + "#search"}
        links.insert(0, {"key": "search", **search})
    if settings.PORTAL_BAG_URL:
        links.append({"key": "bag", "label": gettext("Bag"), "url": settings.PORTAL_BAG_URL})
    return links


def _in_reader_language(label: Any) -> str:
    """A label is a text, or texts by language with English as the last resort."""
    if isinstance(label, dict):
        return label.get(get_language() or "en") or label.get("en", "")
    return str(label)


def _appearance(request: HttpRequest) -> str:
    chosen = request.COOKIES.get("appearance", "system")
    return chosen if chosen in {"light", "dark"} else "system"
