"""WSGI entry point: pages in production."""

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
_CHARSET = re.compile(r";\s*charset\*?\s*=[^;]*", re.IGNORECASE)
_pages = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
    """Forms are UTF-8, whatever their sender claims: other codecs make Django fail or lie."""
    environ["CONTENT_TYPE"] = _CHARSET.sub("", environ.get("CONTENT_TYPE", ""))
    return _pages(environ, start_response)
