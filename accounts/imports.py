"""The import of people at the desk: a file is uploaded, looked through, and then taken over.

Reading and writing is done by ``run_jobs``; a page only shows how far that is. Nobody is made staff
and no password is set by a file.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods

from .answers import refuse_json, see_other, wants_json
from .audit import record
from .fresh import fresh_password
from .members import COLUMNS
from .models import AuditEntry, PeopleImport, Rank, User
from .models.people_import import KINDS as COUNTED

PAST = 20  # runs below the form
RANKS = {rank.code: rank for rank in Rank}
PULSE = 3  # seconds until a page looks again
KINDS = {
    "created": pgettext_lazy("person", "New"),
    "updated": pgettext_lazy("person", "Changed"),
    "deactivated": pgettext_lazy("person", "Shut out"),
}


class ImportForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV in UTF-8, or the first sheet of an XLSX workbook."),
        widget=forms.FileInput({"accept": ".csv,.xlsx"}),
        error_messages={"required": gettext_lazy("Choose a file.")},
    )
    skip_bad = forms.BooleanField(
        label=gettext_lazy("Leave bad rows out"),
        help_text=gettext_lazy("Otherwise a single bad row refuses the whole file."),
        required=False,
    )
    deactivate_missing = forms.BooleanField(
        label=gettext_lazy("Shut out members whom the file does not name"),
        help_text=gettext_lazy("Only for a file with all members. Staff stay."),
        required=False,
    )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_MAX_BYTES:
            most = filesizeformat(settings.IMPORT_MAX_BYTES)
            raise ValidationError(_("The file is larger than %(size)s.") % {"size": most})
        return file


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.add_peopleimport", raise_exception=True)
def people_import(request: HttpRequest) -> HttpResponse:
    """Show the form and past runs; a post keeps the file to be checked."""
    is_post = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if is_post else ImportForm()
    if form.is_valid():
        kept = PeopleImport.objects.upload(request.user, at=timezone.now(), **form.cleaned_data)
        return see_other("admin:accounts_user_import_detail", kept.pk)
    if form.errors and wants_json(request):
        return refuse_json(400, "invalid", errors=form.errors)
    page = {
        "form": form,
        "columns": [name for name in COLUMNS if name != "password"],
        "ranks": [rank.code for rank in Rank],
        "past": PeopleImport.objects.select_related("by")[:PAST],
        "title": _("Import people"),
    }
    return _page(request, "import", page, 400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("accounts.add_peopleimport", raise_exception=True)
@fresh_password("admin:accounts_user_import_detail")
def people_import_detail(request: HttpRequest, people_import: int) -> HttpResponse:
    """Show how far a run is and what it would change; a post takes over or discards."""
    runs = PeopleImport.objects.select_related("by")
    one = get_object_or_404(runs, pk=people_import)
    if request.method == "POST":
        _decide(request, one)
        return see_other("admin:accounts_user_import_detail", one.pk)
    page = {
        "one": one,
        "sentences": _sentences(one),
        "progress": _progress(one),
        "changes": [_told(change) for change in one.shown],
        "more_changes": one.changed > len(one.shown),
        "more_refused": one.counts.get("refused", 0) > len(one.refused),
        "title": one.file_name or _("Import people"),
    }
    response = _page(request, "import_detail", page)
    if one.is_waiting:
        response["Refresh"] = str(PULSE)
    return response


def _decide(request: HttpRequest, one: PeopleImport) -> None:
    """Take over or discard, once: of two pages the second is told that it is decided."""
    act = request.POST.get("act")
    if act not in {"confirm", "discard"}:
        raise BadRequest
    if act == "confirm" and one.confirm(timezone.now()):
        record(request, AuditEntry.Action.IMPORT, f"import {one.pk}", **one.counts)
        messages.success(request, _("The file is being taken over."))
    elif act == "discard" and one.discard(timezone.now()):
        messages.success(request, _("The file is discarded. Nothing was changed."))
    else:
        messages.error(request, _("This cannot be done any more. See below where the file is."))


def _page(request: HttpRequest, name: str, page: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {**admin.site.each_context(request), "opts": User._meta, **page}
    return render(request, f"admin/accounts/user/{name}.html", context, status=status)


def _progress(one: PeopleImport) -> str:
    """How far the check is; taking over shows nothing until it is done."""
    if one.state != PeopleImport.State.UPLOADED or not one.lines:
        return ""
    return _count(one.lines, ngettext("%(n)s row read", "%(n)s rows read", one.lines))


def _sentences(one: PeopleImport) -> list[str]:
    """What the run would do or has done, a sentence for each kind that there is."""
    if one.state == PeopleImport.State.CHECKED:
        told = [_would(kind, count) for kind, count in _counted(one)]
        nobody = _("Nobody would be changed.")
    elif one.state == PeopleImport.State.DONE:
        told = [_did(kind, count) for kind, count in _counted(one)]
        nobody = _("Nobody was changed.")
    else:
        return []
    return told if one.changed else [nobody, *told]


def _counted(one: PeopleImport) -> list[tuple[str, int]]:
    return [(kind, one.counts[kind]) for kind in COUNTED if one.counts.get(kind)]


def _would(kind: str, n: int) -> str:
    words = {
        "created": ngettext("%(n)s person would be added.", "%(n)s people would be added.", n),
        "updated": ngettext("%(n)s person would change.", "%(n)s people would change.", n),
        "unchanged": ngettext(
            "%(n)s person would stay the same.", "%(n)s people would stay the same.", n
        ),
        "deactivated": ngettext(
            "%(n)s member would be shut out.", "%(n)s members would be shut out.", n
        ),
        "refused": ngettext("%(n)s row is bad.", "%(n)s rows are bad.", n),
    }
    return _count(n, words[kind])


def _did(kind: str, n: int) -> str:
    words = {
        "created": ngettext("%(n)s person was added.", "%(n)s people were added.", n),
        "updated": ngettext("%(n)s person was changed.", "%(n)s people were changed.", n),
        "unchanged": ngettext("%(n)s person stayed the same.", "%(n)s people stayed the same.", n),
        "deactivated": ngettext("%(n)s member was shut out.", "%(n)s members were shut out.", n),
        "refused": ngettext("%(n)s bad row was left out.", "%(n)s bad rows were left out.", n),
    }
    return _count(n, words[kind])


def _count(n: int, words: str) -> str:
    return words % {"n": number_format(n, force_grouping=True)}


def _told(change: dict[str, Any]) -> dict[str, Any]:
    """A change in the words of people; kept changes name columns and codes."""
    columns = [
        {"label": _label(name), "old": _value(name, old), "new": _value(name, new)}
        for name, (old, new) in change["columns"].items()
    ]
    return {**change, "kind": KINDS[change["kind"]], "columns": columns}


def _label(name: str) -> str:
    try:
        return capfirst(User._meta.get_field(name).verbose_name)
    except FieldDoesNotExist:
        return name


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if name == "rank":
        return str(RANKS[value].label) if value in RANKS else "–"
    return "–" if value in {None, ""} else str(value)
