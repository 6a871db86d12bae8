"""What must be right before the portal starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from accounts.models import Rank

from . import brand


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_check_rank(), *_check_brand(), *_check_hardening(), *_check_sessions()]


def _check_rank() -> list[CheckMessage]:
    try:
        Rank.minimum()
    except ValueError:
        codes = ", ".join(rank.code for rank in Rank)
        return [Error("PORTAL_MIN_RANK is no rank.", hint=f"One of {codes}.", id="helpdesk.E001")]
    return []


def _check_brand() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name in ("PORTAL_BRAND_PRIMARY", "PORTAL_BRAND_ACCENT"):
        colour = getattr(settings, name)
        if not brand.HEX.fullmatch(colour):
            found.append(Error(f"{name} is not a colour like #5a2d82.", id="helpdesk.E002"))
        elif brand.contrast(colour, brand.SURFACE["light"]) < brand.AA:
            hint = f"The nearest readable colour is {brand.readable(colour, 'light')}; it is used."
            found.append(Warning(f"{name} is too pale for text.", hint=hint, id="helpdesk.W001"))
    return found


def _check_hardening() -> list[CheckMessage]:
    if settings.HARDENED and not settings.REDIS_URL:
        hint = "Set REDIS_URL: a second process would never hear of the first."
        return [
            Error("The in-memory layer serves one process only.", hint=hint, id="helpdesk.E003")
        ]
    if settings.HARDENED and not settings.SECRET_KEY_IS_SET:
        return [Error("Set SECRET_KEY: nodes must share one.", id="helpdesk.E004")]
    return []


def _check_sessions() -> list[CheckMessage]:
    """Open sockets ask for the row of their session; sessions elsewhere could not be revoked."""
    if settings.SESSION_ENGINE != "django.contrib.sessions.backends.db":
        return [Error("Sessions must be kept in the database.", id="helpdesk.E005")]
    return []
