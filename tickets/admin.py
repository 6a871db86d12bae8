"""The agents' desk: work list and ticket page; hours and holidays for supervisors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.answers import see_other
from accounts.lookups import FiltersOnly
from accounts.models import Rank

from .desk import ticket_page
from .forms import ProseField
from .models import CannedReply, Holiday, ServiceWindow, Ticket
from .models.canned import PLACEHOLDERS
from .models.ticket import NUMBER

_DATE, _TIME = {"type": "date"}, {"type": "time"}


class StatusFilter(admin.SimpleListFilter):
    """What is not closed, unless asked otherwise: a work list shows work."""

    title = pgettext_lazy("label", "Status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*Ticket.Status.choices, ("all", pgettext_lazy("tickets", "All"))]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": pgettext_lazy("tickets", "Not closed"),
        }
        for value, label in self.lookup_choices:
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() in Ticket.Status.values:
            return queryset.filter(status=self.value())
        if self.value() == "all" or request.GET.get("q"):
            return queryset
        return queryset.unfinished()


class AssigneeFilter(admin.SimpleListFilter):
    title = pgettext_lazy("desk", "Handled by")
    parameter_name = "assignee"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        agents = get_user_model().objects.agents().exclude(pk=request.user.pk)
        others = [(str(agent.pk), agent.display_name) for agent in agents]
        return [
            ("me", pgettext_lazy("tickets", "Mine")),
            ("nobody", pgettext_lazy("tickets", "Unassigned")),
            *others,
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "me":
            return queryset.filter(assignee=request.user)
        if self.value() == "nobody":
            return queryset.filter(assignee=None)
        if self.value() in dict(self.lookup_choices):
            return queryset.filter(assignee=self.value())
        return queryset


class RankFilter(admin.SimpleListFilter):
    title = gettext_lazy("rank")
    parameter_name = "rank"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(rank.code, rank.label) for rank in Rank if rank >= Rank.minimum()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        try:
            return queryset.filter(member__rank=Rank.from_code(self.value() or ""))
        except ValueError:
            return queryset


class AgeFilter(admin.SimpleListFilter):
    title = gettext_lazy("Waiting for")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("1", gettext_lazy("More than 1 day")),
            ("3", gettext_lazy("More than 3 days")),
            ("7", gettext_lazy("More than 7 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() in {"1", "3", "7"}:
            before = timezone.now() - timedelta(days=int(self.value()))
            return queryset.filter(waiting_since__lt=before)
        return queryset


@admin.register(Ticket)
class TicketAdmin(FiltersOnly, admin.ModelAdmin):
    """Tickets are worked on, never edited: rows change only through the verbs."""

    list_display = ["ref", "subject", "state", "age", "handled_by", "written_in", "member_rank"]
    list_display_links = ["ref", "subject"]
    list_filter = [StatusFilter, "language", AssigneeFilter, RankFilter, AgeFilter]
    list_select_related = ["member", "assignee"]
    list_per_page = settings.PAGE_SIZE
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["title"]  # shows the box; get_search_results does the search
    search_help_text = gettext_lazy("Number, title, text or internal note")
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("description", "search_text", "notes_text")

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """What waits for support before what waits for the member; in what is past, the newest.

        "open" is the last of the statuses by the alphabet, and the index runs that way.
        """
        is_past = request.GET.get("status") in {Ticket.Status.CLOSED, "all"}
        if is_past or request.GET.get("q"):
            return ["-pk"]
        return ["-status", "waiting_since", "pk"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        words = search_term.replace("\0", "").strip()[:200]
        return (queryset.matching(words, notes=True) if words else queryset), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        number = NUMBER.match(object_id)
        rows = Ticket.objects.visible_to(request.user).select_related("member", "assignee")
        ticket = rows.filter(pk=int(number[1])).first() if number else None
        if ticket is None:
            raise Http404
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return ticket_page(request, ticket, frame)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a ticket is its thread."""
        return see_other("admin:tickets_ticket_change", object_id)

    @admin.display(description=gettext_lazy("number"), ordering="pk")
    def ref(self, ticket: Ticket) -> str:
        return ticket.number

    @admin.display(description=gettext_lazy("Title"))
    def subject(self, ticket: Ticket) -> str:
        return format_html('<span lang="{}">{}</span>', ticket.text_language, ticket.title)

    @admin.display(description=pgettext_lazy("label", "Status"), ordering="status")
    def state(self, ticket: Ticket) -> str:
        return ticket.get_status_display()

    @admin.display(description=gettext_lazy("Language"), ordering="language")
    def written_in(self, ticket: Ticket) -> str:
        return ticket.get_language_display()

    @admin.display(description=gettext_lazy("rank"), ordering="member__rank")
    def member_rank(self, ticket: Ticket) -> str:
        return ticket.member.get_rank_display()

    @admin.display(description=gettext_lazy("Waiting for"), ordering="waiting_since")
    def age(self, ticket: Ticket) -> str:
        since = ticket.waiting_since
        stamp, full = since.isoformat(), date_format(timezone.localtime(since), "DATETIME_FORMAT")
        return format_html(
            '<time datetime="{}" title="{}">{}</time>', stamp, full, _age(since, timezone.now())
        )

    @admin.display(description=pgettext_lazy("desk", "Handled by"), ordering="assignee")
    def handled_by(self, ticket: Ticket) -> str:
        return ticket.assignee.display_name if ticket.assignee else "–"


class WindowForm(forms.ModelForm):
    def validate_constraints(self) -> None:
        """Say once what is wrong: a window that overlaps may begin at the same time too."""
        if not self.errors:
            super().validate_constraints()


@admin.register(ServiceWindow)
class ServiceWindowAdmin(FiltersOnly, admin.ModelAdmin):
    """Times are GMT: Django's own widgets would add shortcuts and notes about other clocks."""

    form = WindowForm
    formfield_overrides = {models.TimeField: {"widget": forms.TimeInput(_TIME, "%H:%M")}}
    list_display = ["__str__", "kind"]
    list_filter = ["kind", "weekday"]


@admin.register(Holiday)
class HolidayAdmin(FiltersOnly, admin.ModelAdmin):
    formfield_overrides = {models.DateField: {"widget": forms.DateInput(_DATE, "%Y-%m-%d")}}
    list_display = ["date", "name"]


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


def _age(since: datetime, now: datetime) -> str:
    """How long ago in the largest unit that fits: minutes, hours, days."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return _("%(n)s min") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(n)s h") % {"n": minutes // 60}
    return _("%(n)s d") % {"n": minutes // (24 * 60)}
