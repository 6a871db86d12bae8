"""What every log in the admin is: read only, newest first, searched within bounds however long."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from .answers import see_other
from .lookups import FiltersOnly, ReadOnly
from .models import User

# Beyond these no log has entries, and some calendars and clocks end.
_FIRST, _LAST = date(2000, 1, 1), date(2200, 1, 1)


class CappedPaginator(Paginator):
    """Counts up to ``COUNT_CAP`` and has no pages beyond it."""

    @cached_property
    def count(self) -> int:
        return min(self._counted, settings.COUNT_CAP)

    @property
    def is_capped(self) -> bool:
        return self._counted > settings.COUNT_CAP

    @cached_property
    def _counted(self) -> int:
        # In the order of the list: its index is walked, and counting stops with it.
        return self.object_list[: settings.COUNT_CAP + 1].count()


class RangeForm(forms.Form):
    since = forms.DateField(
        label=pgettext_lazy("range of dates", "From"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    until = forms.DateField(
        label=pgettext_lazy("range of dates", "To"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first."))
        return self.cleaned_data


class DateRangeFilter(admin.ListFilter):
    """Entries from one day to another, both included, by the reader's clock."""

    title = gettext_lazy("Date")
    template = "admin/date_range_filter.html"
    parameter_name, last_parameter = "since", "until"

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        names = self.expected_parameters()
        given = {name: params.pop(name)[-1] for name in names if name in params}
        self.form = RangeForm(given if given else None, auto_id="filter-%s")
        self.others: dict[str, str] = {}

    def expected_parameters(self) -> list[str]:
        return [self.parameter_name, self.last_parameter]

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """None: it is a form, which carries on what else was chosen."""
        own = {*self.expected_parameters(), "p"}
        self.others = {name: value for name, value in changelist.params.items() if name not in own}
        return iter(())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.form.is_bound:
            return queryset
        if not self.form.is_valid():
            return queryset.none()
        if since := self.form.cleaned_data["since"]:
            queryset = queryset.filter(at__gte=_midnight(since))
        if until := self.form.cleaned_data["until"]:
            queryset = queryset.filter(at__lt=_midnight(min(until, _LAST) + timedelta(days=1)))
        return queryset


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(min(max(day, _FIRST), _LAST), time()))


class ActorFilter(admin.SimpleListFilter):
    """What one of the agents did; members are found by their user names."""

    title = pgettext_lazy("log", "Who")
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(agent.pk), agent.display_name) for agent in User.objects.agents()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        is_known = self.value() in dict(self.lookup_choices)
        return queryset.filter(actor=self.value()) if is_known else queryset


class LogAdmin(FiltersOnly, ReadOnly, admin.ModelAdmin):
    """A log of rows with ``at``, ``actor`` and ``address``."""

    paginator = CappedPaginator
    ordering = ["-at", "-pk"]
    sortable_by: list[str] = []
    list_per_page = settings.PAGE_SIZE
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["address"]  # shows the box; get_search_results does the search
    search_help_text = gettext_lazy("Ticket number, user name or address")
    actions = None
    change_list_template = "admin/log_change_list.html"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        is_range = lookup == DateRangeFilter.last_parameter and "\0" not in str(value)
        return is_range or super().lookup_allowed(lookup, value, request)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """An entry of a log has no history: it is one."""
        return see_other(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        words = search_term.replace("\0", "").strip()[:200]
        return (queryset.filter(self.about(words)) if words else queryset), False

    def about(self, words: str) -> Q:
        """Entries of the person whose user name or address ``words`` is."""
        by_name = User.objects.alias(lowered=Lower("username"))
        person = by_name.filter(lowered=Lower(Value(words))).values_list("pk", flat=True).first()
        found = Q(actor=person) if person else Q(pk=None)
        try:
            return found | Q(address=str(ipaddress.ip_address(words)))
        except ValueError:
            return found

    @admin.display(description=pgettext_lazy("log", "When"))
    def when(self, entry: Any) -> str:
        full = date_format(timezone.localtime(entry.at), "DATETIME_FORMAT")
        return format_html('<time datetime="{}">{}</time>', entry.at.isoformat(), full)

    @admin.display(description=pgettext_lazy("log", "Who"))
    def who(self, entry: Any) -> str:
        return entry.actor.display_name if entry.actor else "–"

    @admin.display(description=pgettext_lazy("log", "From where"))
    def origin(self, entry: Any) -> str:
        return entry.address or "–"
