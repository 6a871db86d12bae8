"""Canned replies, for supervisors."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from accounts.lookups import FiltersOnly

from ..desk.preview import ReplyTextField, preview_page
from ..models import CannedReply
from ..models.canned import PLACEHOLDERS, TRANSLATIONS, Coverage

_NAMES = dict(settings.LANGUAGES)
_ICONS = {Coverage.OK: "tick", Coverage.MISSING: "close", Coverage.OUTDATED: "clock"}
_KINDS = {Coverage.OK: "good", Coverage.MISSING: "over", Coverage.OUTDATED: "awaiting"}


class _LanguageFilter(admin.SimpleListFilter):
    """Replies with something to do in one language."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(code, _NAMES[code]) for code in TRANSLATIONS]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        is_known = self.value() in dict(self.lookup_choices)
        return self.chosen(queryset, self.value()) if is_known else queryset


class MissingTranslationFilter(_LanguageFilter):
    title = gettext_lazy("Missing translation")
    parameter_name = "missing"

    def chosen(self, replies: QuerySet, language: str) -> QuerySet:
        return replies.lacking(language)


class OutdatedTranslationFilter(_LanguageFilter):
    title = gettext_lazy("Translation out of date")
    parameter_name = "outdated"

    def chosen(self, replies: QuerySet, language: str) -> QuerySet:
        return replies.outdated(language)


class ReplyForm(forms.ModelForm):
    """The texts, and a box for each translation that was read again and kept."""

    still_cs = forms.BooleanField(required=False)
    still_sl = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code in TRANSLATIONS:
            box = self.fields[f"still_{code}"]
            box.label = _("%(language)s is still right") % {"language": _NAMES[code]}
            box.help_text = self._standing(code)

    def _standing(self, language: str) -> str:
        """Why the box may be needed."""
        if self.instance.coverage(language) != Coverage.OUTDATED:
            return ""
        changed = timezone.localtime(self.instance.checked_en)
        since = {"date": date_format(changed, "DATE_FORMAT")}
        return _("Out of date: the English text changed on %(date)s.") % since

    @property
    def still_right(self) -> list[str]:
        return [code for code in TRANSLATIONS if self.cleaned_data.get(f"still_{code}")]


@admin.register(CannedReply)
class CannedReplyAdmin(FiltersOnly, admin.ModelAdmin):
    """The languages stand side by side, so that one sees what is missing or differs."""

    form = ReplyForm
    list_display = ["__str__", "english", "czech", "slovenian", "offered"]
    show_facets = admin.ShowFacets.NEVER
    list_filter = [
        MissingTranslationFilter,
        OutdatedTranslationFilter,
        "for_chat",
        "for_tickets",
    ]
    search_fields = ["shortcut", *(f"text_{code}" for code in _NAMES)]
    fieldsets = [
        (None, {"fields": ["shortcut", ("for_chat", "for_tickets")]}),
        (
            gettext_lazy("Text"),
            {
                "fields": [("text_en", "text_cs", "still_cs", "text_sl", "still_sl")],
                "description": format_html_join(
                    " ", "<code>{}</code>", [[f"{{{name}}}"] for name in PLACEHOLDERS]
                ),
            },
        ),
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="tickets_cannedreply_preview"), *super().get_urls()]

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if isinstance(db_field, models.TextField):
            language = db_field.name.removeprefix("text_")
            box = forms.Textarea({"rows": 10, "cols": 36, "lang": language, "dir": "auto"})
            kwargs |= {"form_class": ReplyTextField, "widget": box}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: CannedReply, form: ReplyForm, change: bool
    ) -> None:
        obj.revise(at=timezone.now(), still_right=form.still_right)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return preview_page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        totals = {"totals": _totals(list(self.get_queryset(request)))}
        return super().changelist_view(request, {**totals, **(extra_context or {})})

    @admin.display(description="English")
    def english(self, reply: CannedReply) -> str:
        return format_html('<span lang="en">{}</span>', Truncator(reply.text_en).chars(100))

    @admin.display(description=_NAMES["cs"])
    def czech(self, reply: CannedReply) -> str:
        return _standing(reply, "cs")

    @admin.display(description=_NAMES["sl"])
    def slovenian(self, reply: CannedReply) -> str:
        return _standing(reply, "sl")

    @admin.display(description=gettext_lazy("Offered in"))
    def offered(self, reply: CannedReply) -> str:
        places = [
            pgettext("canned replies", "chats") if reply.for_chat else "",
            pgettext("canned replies", "tickets") if reply.for_tickets else "",
        ]
        return ", ".join(filter(None, places)) or "–"


def _standing(reply: CannedReply, language: str) -> str:
    """A word with an icon: never told by colour alone."""
    coverage = reply.coverage(language)
    cell = {"icon_name": _ICONS[coverage], "kind": _KINDS[coverage], "label": coverage.label}
    cell["language"] = _NAMES[language]
    return render_to_string("admin/tickets/cannedreply/_coverage.html", cell)


def _totals(replies: list[CannedReply]) -> list[str]:
    """What is left to translate, one sentence for each language and kind; empty if nothing is."""
    sentences = []
    for code in TRANSLATIONS:
        for coverage, sentence in ((Coverage.MISSING, _lacking), (Coverage.OUTDATED, _behind)):
            n = sum(reply.coverage(code) == coverage for reply in replies)
            if n:
                sentences.append(sentence(code, n) % {"n": n, "total": len(replies)})
    return sentences


def _lacking(language: str, n: int) -> str:
    if language == "cs":
        return ngettext(
            "%(n)s of %(total)s replies lacks Czech.", "%(n)s of %(total)s replies lack Czech.", n
        )
    return ngettext(
        "%(n)s of %(total)s replies lacks Slovenian.",
        "%(n)s of %(total)s replies lack Slovenian.",
        n,
    )


def _behind(language: str, n: int) -> str:
    if language == "cs":
        return ngettext(
            "In %(n)s of %(total)s replies Czech is out of date.",
            "In %(n)s of %(total)s replies Czech is out of date.",
            n,
        )
    return ngettext(
        "In %(n)s of %(total)s replies Slovenian is out of date.",
        "In %(n)s of %(total)s replies Slovenian is out of date.",
        n,
    )
