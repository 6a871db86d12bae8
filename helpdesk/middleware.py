"""Headers of every answer, and what happens when something the portal stands on is away."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from accounts.answers import refuse_too_many
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


class UnavailableMiddleware:
    """Turn used-up limits into 429, a busy picture worker or an absent database into 503."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TooMany):
            return refuse_too_many(request, error.retry_after)
        if isinstance(error, (ImagesBusy, OperationalError, InterfaceError)):
            return unavailable(request)
        return None
