"""ASGI entry point: pages through Django; sockets join here."""

import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.utils.module_loading import import_string

from .origins import OwnOrigin

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
_CHARSET = re.compile(rb";\s*charset\*?\s*=[^;]*", re.IGNORECASE)
_pages = get_asgi_application()


async def utf8_pages(scope: Message, receive: Receive, send: Send) -> None:
    """Forms are UTF-8, whatever their sender claims: other codecs make Django fail or lie."""
    headers = [
        (name, _CHARSET.sub(b"", value) if name == b"content-type" else value)
        for name, value in scope["headers"]
    ]
    await _pages({**scope, "headers": headers}, receive, send)


# By name: models cannot be imported before the applications are set up, above.
_sockets = OwnOrigin(URLRouter(import_string("chat.routing.urlpatterns")))
application = ProtocolTypeRouter({"http": utf8_pages, "websocket": _sockets})
