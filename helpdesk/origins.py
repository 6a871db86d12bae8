"""Sockets open for our own pages alone: cookies go along with a stranger's handshake too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Event, Receive, Send], Awaitable[None]]


class OwnOrigin:
    """Refuse, before the handshake, every socket whose page is not the portal's."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        if is_own(scope["headers"]):
            await self.app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close"})


def is_own(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the one Origin is that of ``PORTAL_URL``, or an allowed host asking itself."""
    origins = [value for name, value in headers if name == b"origin"]
    hosts = [value for name, value in headers if name == b"host"]
    if len(origins) != 1:
        return False
    origin = origins[0].decode("latin-1").lower()
    if origin in {known.lower() for known in settings.CSRF_TRUSTED_ORIGINS}:
        return True
    if settings.HARDENED or len(hosts) != 1:
        return False
    host = hosts[0].decode("latin-1").lower()
    domain, _port = split_domain_port(host)
    is_itself = origin in {f"http://{host}", f"https://{host}"}
    return is_itself and bool(urlsplit(origin).hostname) and validate_host(domain, allowed())


def allowed() -> list[str]:
    return settings.ALLOWED_HOSTS
