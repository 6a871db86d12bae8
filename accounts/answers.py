"""How the portal answers: on to the next page, or no, with the text given back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    RawPostDataException,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render, resolve_url
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext_lazy as _

LABELS = {
    "title": _("Title"),
    "description": _("Detailed description of the issue"),
    "body": _("Your reply"),
    "reason": _("Why do you reopen the issue?"),
    "question": _("How can we help?"),
    "answer": _("Your answer"),
    "questions": _("Question"),
    "note": _("Internal note"),
}
_MULTILINE = {"description", "body", "reason", "question", "answer", "questions", "note"}
_MAY_BE_EMPTY = {"answer", "questions", "note"}  # then nobody misses them
# Never shown again: secrets, and the token that the fresh form replaces.
_SECRETS = ("csrfmiddlewaretoken", "password", "oldpassword", "password1", "password2", "code")


# What reading a post may raise; the page that says so must not raise it again.
_UNREADABLE = (
    BadRequest,
    SuspiciousOperation,
    MultiPartParserError,
    RawPostDataException,
    UnreadablePostError,
)


@dataclass(frozen=True)
class HeldField:
    name: str
    label: str
    value: str
    multiline: bool
    hidden: bool


@dataclass(frozen=True)
class Held:
    """What a refused post carried, to be shown in a fresh form and sent again."""

    action: str
    fields: list[HeldField] = field(default_factory=list)
    had_files: bool = False
    is_note: bool = False

    @property
    def kept_count(self) -> int:
        """How many pictures were uploaded before and go along again."""
        return sum(entry.name == "uploads" for entry in self.fields)

    @classmethod
    def of(cls, request: HttpRequest) -> Held | None:
        """Return what ``request`` posted, or ``None`` if it posted no text."""
        if request.method != "POST" or not _came_from_here(request):
            return None
        try:
            request.POST.lists()
        except _UNREADABLE:
            return None
        is_note = request.POST.get("action") == "note"
        labels = {**LABELS, "body": _("Internal note")} if is_note else LABELS
        fields = [
            _held_field(name, value, labels)
            for name, values in request.POST.lists()
            if name not in _SECRETS
            for value in values
        ]
        if not any(entry.value and not entry.hidden for entry in fields):
            return None
        return cls(
            escape_leading_slashes(request.get_full_path()), fields, bool(request.FILES), is_note
        )


def _held_field(name: str, value: str, labels: dict[str, Any]) -> HeldField:
    kind = name.partition("-")[0]  # of several boxes each has its number, as in answer-12
    is_hidden = kind not in labels or (kind in _MAY_BE_EMPTY and not value)
    return HeldField(name, str(labels.get(kind, "")), value, kind in _MULTILINE, is_hidden)


def wants_json(request: HttpRequest) -> bool:
    """Whether the client prefers JSON to a page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def see_other(to: Any, *args: Any) -> HttpResponse:
    """Lead on after a post: to an address, a route with ``args`` or a row with a page (303)."""
    return HttpResponseRedirect(resolve_url(to, *args), status=303)


def refuse_json(
    status: int, code: str, message: str = "", errors: dict[str, list[str]] | None = None
) -> JsonResponse:
    """Answer a script: ``code`` for it, ``errors`` by field (or ``message``) for its person."""
    body = {"error": code, "errors": errors or {"__all__": [str(message or code)]}}
    return JsonResponse(body, status=status, headers={"Cache-Control": "private, no-store"})


def refuse(
    request: HttpRequest,
    status: int,
    code: str,
    template: str,
    *,
    message: str = "",
    retry_after: int | None = None,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Answer ``status`` with ``template``, or with JSON to who prefers it.

    ``retry_after`` is in seconds and becomes the header of that name.
    """
    if wants_json(request):
        response: HttpResponse = refuse_json(status, code, message)
    else:
        page = {"held": Held.of(request), "message": message, **(context or {})}
        if retry_after:
            page["retry_minutes"] = math.ceil(retry_after / 60)
        response = render(request, template, page, status=status)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    response["Cache-Control"] = "private, no-store"
    return response


def refuse_too_many(request: HttpRequest, retry_after: int) -> HttpResponse:
    """Answer 429 with the text kept; ``retry_after`` is in seconds."""
    message = str(_("Too many attempts. Wait a moment"))
    return refuse(request, 429, "too_many", "429.html", message=message, retry_after=retry_after)


def _came_from_here(request: HttpRequest) -> bool:
    """Whether our own page posted this; a stranger's form would be one click from obeyed."""
    try:
        own = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    except SuspiciousOperation:
        return False
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    return (origin is None or origin in own) and site in {None, "same-origin", "none"}
