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
    origins = [value.decode("latin-1").lower() for name, value in headers if name == b"origin"]
    hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    if len(origins) != 1:
        return False
    if origins == [_portal()]:
        return True
    if len(hosts) != 1 or not validate_host(split_domain_port(hosts[0])[0], settings.ALLOWED_HOSTS):
        return False
    schemes = ("https",) if settings.HARDENED else ("http", "https")
    return origins[0] in {f"{scheme}://{hosts[0]}" for scheme in schemes}


def _portal() -> str:
    """The origin of ``PORTAL_URL`` as browsers write it: lower case, no port that goes unsaid."""
    parts = urlsplit(settings.PORTAL_URL)
    port = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(port)}"
