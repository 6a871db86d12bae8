"""What only somebody may do who has just shown that it is them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponse

from .answers import see_other


def fresh_password(page: str) -> Callable[[Callable], Callable]:
    """Ask for the password again if it was not given lately.

    A post that comes too late is led to ``page``, a route with the same arguments: allauth would
    keep what was posted in the session, and what is posted here names people.
    """

    def decorate(view: Callable) -> Callable:
        guarded = reauthentication_required(view)

        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return guarded(request, *args, **kwargs)
            except ReauthenticationRequired:
                if request.method == "POST":
                    return see_other(page, *args, *kwargs.values())
                raise

        return asked

    return decorate
