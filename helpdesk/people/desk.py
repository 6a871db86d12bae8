"""Supervisors shut people out and let them in again: shown before, noted in the audit log."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.answers import see_other
from accounts.audit import record
from accounts.models import AuditEntry, User
from accounts.throttle import client_address
from helpdesk.privacy.walk import about

from .leaving import left_by, let_in, may_decide, shut_out, why_not_in


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_user", raise_exception=True)
def person_shut_out(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show what would happen; a post does it."""
    person, now = _person(request, object_id), timezone.now()
    if request.method == "POST":
        with transaction.atomic():
            left = shut_out(person, request.user, now, client_address(request))
            if left:
                record(request, AuditEntry.Action.SHUT_OUT, about(person), **asdict(left))
        return _done(request, person, _("%(name)s is shut out.") if left else "")
    left = left_by(person, now)
    return _page(request, "shut_out", person, _("Shut the person out"), left=left)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.change_user", raise_exception=True)
def person_let_in(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show whom it concerns; a post lets them sign in again."""
    person = _person(request, object_id)
    refusal = why_not_in(person)
    if request.method == "POST" and not refusal:
        with transaction.atomic():
            is_new = let_in(person)
            if is_new:
                record(request, AuditEntry.Action.LET_IN, about(person))
        return _done(request, person, _("%(name)s may sign in again.") if is_new else "")
    status = 409 if request.method == "POST" else 200
    title = _("Let the person in again")
    return _page(request, "let_in", person, title, status, refusal=refusal)


def _person(request: HttpRequest, object_id: str) -> User:
    """Whom the address names, if the reader may decide about them."""
    is_number = object_id.isascii() and object_id.isdigit() and len(object_id) < 19
    person = User.objects.filter(pk=int(object_id)).first() if is_number else None
    if person is None:
        raise Http404
    if not may_decide(request.user, person):
        raise PermissionDenied
    return person


def _done(request: HttpRequest, person: User, said: str) -> HttpResponse:
    """Lead to the page of the person; without ``said`` somebody was quicker."""
    if said:
        messages.success(request, said % {"name": person.display_name})
    else:
        messages.info(request, _("Nothing to change here."))
    return see_other("admin:accounts_user_change", person.pk)


def _page(
    request: HttpRequest, name: str, person: User, title: str, status: int = 200, **page: Any
) -> HttpResponse:
    frame = admin.site.each_context(request)
    context = {**frame, "member": person, "title": title, "opts": User._meta, **page}
    return render(request, f"admin/accounts/user/{name}.html", context, status=status)
