"""The audit log: who did or looked at what, when and from where."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from .models import AuditEntry
from .throttle import client_address


def record(request: HttpRequest, action: AuditEntry.Action, about: str = "", **data: Any) -> None:
    """Note what the person of ``request`` does; ``data`` holds ids and counts, never texts."""
    actor = request.user if request.user.is_authenticated else None
    AuditEntry.objects.create(
        actor=actor,
        action=action,
        about=about[:100],
        data=data,
        address=client_address(request),
        at=timezone.now(),
    )
