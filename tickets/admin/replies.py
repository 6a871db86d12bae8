"""Canned replies, for supervisors."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy

from accounts.lookups import FiltersOnly

from ..forms import ProseField
from ..models import CannedReply
from ..models.canned import PLACEHOLDERS


class MissingTranslationFilter(admin.SimpleListFilter):
    title = gettext_lazy("Missing translation")
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(code, name) for code, name in settings.LANGUAGES if code != "en"]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() in dict(self.lookup_choices):
            return queryset.lacking(self.value())
        return queryset


@admin.register(CannedReply)
class CannedReplyAdmin(FiltersOnly, admin.ModelAdmin):
    """The languages stand side by side, so that one sees what is missing or differs."""

    list_display = ["__str__", "english", "missing"]
    show_facets = admin.ShowFacets.NEVER
    list_filter = [MissingTranslationFilter]
    search_fields = ["shortcut", *(f"text_{code}" for code, _name in settings.LANGUAGES)]
    fieldsets = [
        (None, {"fields": ["shortcut"]}),
        (
            gettext_lazy("Text"),
            {
                "fields": [tuple(f"text_{code}" for code, _name in settings.LANGUAGES)],
                "description": format_html_join(
                    " ", "<code>{}</code>", [[f"{{{name}}}"] for name in PLACEHOLDERS]
                ),
            },
        ),
    ]

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if isinstance(db_field, models.TextField):
            language = db_field.name.removeprefix("text_")
            box = forms.Textarea({"rows": 10, "cols": 36, "lang": language, "dir": "auto"})
            kwargs |= {"form_class": ProseField, "widget": box}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="English")
    def english(self, reply: CannedReply) -> str:
        return format_html('<span lang="en">{}</span>', Truncator(reply.text_en).chars(100))

    @admin.display(description=gettext_lazy("Missing translation"))
    def missing(self, reply: CannedReply) -> str:
        return ", ".join(reply.missing_languages) or "–"
