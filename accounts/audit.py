"""The audit log: who did or looked at what, when and from where."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from .models import AuditEntry, User
from .throttle import TooMany, client_address, hit

_VARIABLE = re.compile(r"<[^<>]+>|\(\?P<.*")  # what an address may say in the place of a route


def record(
    request: HttpRequest,
    action: AuditEntry.Action,
    about: str = "",
    *,
    actor: User | None = None,
    **data: Any,
) -> None:
    """Note what ``actor`` does, by default the person of ``request``.

    ``data`` holds ids and counts, never texts.
    """
    person = getattr(request, "user", None)
    if actor is None and person is not None and person.is_authenticated:
        actor = person
    AuditEntry.objects.create(
        actor=actor,
        action=action,
        about=about[:100],
        data=data,
        address=client_address(request),
        at=timezone.now(),
    )


def record_denial(request: HttpRequest) -> None:
    """Note that a signed-in person was refused a page: once an hour for each person and route.

    The route stands for what was asked, not the address: that may hold anything.
    """
    route = "/" + _VARIABLE.sub("…", request.resolver_match.route)
    try:
        hit("denials", f"{request.user.pk} {route}")
    except TooMany:
        return
    thing = request.resolver_match.kwargs.get("object_id", "")
    data = {"object": int(thing)} if thing.isascii() and thing.isdigit() and len(thing) < 19 else {}
    record(request, AuditEntry.Action.DENIED, route, **data)
