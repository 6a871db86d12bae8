"""The front page of the desk, and its figures one by one as files."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from .choice import choose
from .duties import duties
from .export import figure_export
from .figures import figure, gather


def board(request: HttpRequest) -> dict[str, Any]:
    """Return what the front page shows; without figures for those who do not work on tickets."""
    now = timezone.now()
    choice = choose(request, now)
    if choice is None:
        return {}
    return {
        "choice": choice,
        "board": gather(choice.scope, now, team=choice.team),
        "duties": duties(request.user, now, is_own=choice.is_own),
    }


@require_safe
def figure_csv(request: HttpRequest, key: str) -> HttpResponse:
    now = timezone.now()
    choice = choose(request, now)
    if choice is None:
        raise PermissionDenied
    found = figure(key, choice.scope, now, team=choice.team)
    if found is None:
        raise Http404
    return figure_export(request, found, f"{key}-{choice.today:%Y-%m-%d}.csv")
