"""Headers of every answer, and what happens when something the portal stands on is away."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.answers import refuse, refuse_too_many
from accounts.throttle import TooMany
from tickets.images import ImagesBusy

from .views import unavailable

Next = Callable[[HttpRequest], HttpResponse]


class HeadersMiddleware:
    """Isolation headers that Django has no setting for."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Embedder-Policy", "require-corp")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class RefusalsMiddleware:
    """Say no in the portal's frame: used-up limits, what is away for a moment, wrong methods."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            return self._explain(request, response)
        return response

    def _explain(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """An empty 405 with words and a way on, and its Allow header."""
        message = _("This address takes no such request.")
        explained = refuse(request, 405, "method_not_allowed", "405.html", message=message)
        explained["Allow"] = response["Allow"]
        return explained

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TooMany):
            return refuse_too_many(request, error.retry_after)
        if isinstance(error, (ImagesBusy, OperationalError, InterfaceError)):
            return unavailable(request)
        return None
