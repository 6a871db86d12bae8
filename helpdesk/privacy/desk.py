"""Supervisors hand a member's data over, or erase the member: asked twice, noted in the log."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import throttle
from accounts.answers import refuse_json, see_other, wants_json
from accounts.fresh import fresh_password
from accounts.models import ErasureRequest, User

from .download import archive_response
from .erasure import Counts, counts_left, erase, is_erased, open_things
from .walk import about

# What a person calls the tables; the first that fits.
GROUPS: list[tuple[Any, set[str]]] = [
    (gettext_lazy("Tickets"), {"tickets.Ticket"}),
    (
        gettext_lazy("Replies, questions and notes in tickets"),
        {"tickets.Reply", "tickets.Question"},
    ),
    (gettext_lazy("Pictures"), {"tickets.Screenshot"}),
    (gettext_lazy("Chats"), {"chat.Conversation"}),
    (gettext_lazy("Messages and notes in chats"), {"chat.Message", "chat.Note"}),
    (gettext_lazy("Texts not sent yet"), {"tickets.Draft", "tickets.AnswerDraft"}),
    (gettext_lazy("Emails from the portal"), {"post_office.Email"}),
]
REST = gettext_lazy("Account, sign-ins and technical entries")


class EraseForm(forms.Form):
    """The user name, typed: nobody erases by a slip."""

    username = forms.CharField(
        label=gettext_lazy("Type the user name of the member"),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "dir": "auto"}),
    )

    def __init__(self, member: User, *args: Any, **kwargs: Any) -> None:
        self.member = member
        super().__init__(*args, **kwargs)

    def clean_username(self) -> str:
        typed = self.cleaned_data["username"]
        if typed.casefold() != self.member.username.casefold():
            raise ValidationError(_("This is not the user name of this member."))
        return typed


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.export_member", raise_exception=True)
@fresh_password("admin:accounts_user_export")
def member_export(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show what the archive is; a post hands it over."""
    member = _member(object_id)
    if request.method == "POST":
        throttle.hit("exports", request.user.pk)
        return archive_response(request, member)
    return _page(request, "export", member, _("Download everything about the member"))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.erase_member", raise_exception=True)
@fresh_password("admin:accounts_user_erase")
def member_erase(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show what would go; a post with the user name erases."""
    member = _member(object_id)
    form = EraseForm(member, request.POST if request.method == "POST" else None)
    if form.is_valid():
        by = {"by": request.user, "address": throttle.client_address(request)}
        erase(member, timezone.now(), lambda line: None, **by)
        messages.success(request, _("The member is erased: %s.") % about(member))
        return see_other("admin:accounts_user_changelist")
    if form.errors and wants_json(request):
        return refuse_json(400, "invalid", errors=form.errors)
    page = {
        "form": form,
        "groups": _grouped(counts_left(member, timezone.now())),
        "open_tickets": open_things(member),
        "asked": ErasureRequest.objects.filter(person=member).first(),
        "is_erased": is_erased(member),
    }
    status = 400 if form.errors else 200
    return _page(request, "erase", member, _("Erase the member"), status, **page)


def _member(object_id: str) -> User:
    """The member; staff are nobody's to export or erase."""
    is_number = object_id.isascii() and object_id.isdigit() and len(object_id) < 19
    member = User.objects.filter(pk=int(object_id)).first() if is_number else None
    if member is None:
        raise Http404
    if member.is_staff or member.is_superuser:
        raise PermissionDenied
    return member


def _grouped(counts: Counts) -> list[tuple[Any, int]]:
    """How many rows are affected, in the words of people."""
    rows = []
    for name, tables in GROUPS:
        rows.append((name, sum(n for (table, _fate), n in counts.items() if table in tables)))
    return [*rows, (REST, sum(counts.values()) - sum(count for _name, count in rows))]


def _page(
    request: HttpRequest, name: str, member: User, title: str, status: int = 200, **page: Any
) -> HttpResponse:
    frame = admin.site.each_context(request)
    context = {**frame, "member": member, "title": title, "opts": User._meta, **page}
    return render(request, f"admin/accounts/user/{name}.html", context, status=status)
