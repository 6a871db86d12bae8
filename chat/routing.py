"""Addresses of the sockets (DESIGN §4)."""

from __future__ import annotations

from django.urls import path, re_path

from .consumers import ConsoleSocket, ConversationSocket, Event, Receive, Send
from .delivery import Refused


async def conversation(scope: Event, receive: Receive, send: Send) -> None:
    await ConversationSocket()(scope, receive, send)


async def console(scope: Event, receive: Receive, send: Send) -> None:
    await ConsoleSocket()(scope, receive, send)


async def nowhere(scope: Event, receive: Receive, send: Send) -> None:
    """An address that has no socket: accepted and closed, without a traceback."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": Refused.NOT_FOUND})


urlpatterns = [
    path("ws/chat/<uuid:uuid>/", conversation),
    path("ws/staff/chat/", console),
    re_path("", nowhere),
]
