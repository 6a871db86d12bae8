"""The work list, and the way to the ticket page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.answers import see_other
from accounts.lookups import FiltersOnly
from accounts.models import Rank

from ..desk import ticket_page
from ..models import Ticket
from ..models.queries import NUMBER


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
        return (queryset.matching(words, at_desk=True) if words else queryset), False

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


def _age(since: datetime, now: datetime) -> str:
    """How long ago in the largest unit that fits: minutes, hours, days."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return _("%(n)s min") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(n)s h") % {"n": minutes // 60}
    return _("%(n)s d") % {"n": minutes // (24 * 60)}
