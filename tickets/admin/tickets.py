"""The work list, and the way to the ticket page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST, require_safe

from ..desk import (
    take_pulse,
    ticket_file,
    ticket_history,
    ticket_next,
    ticket_page,
    tickets_act,
    tickets_undo,
    work_list,
)
from ..models import Ticket
from ..models.queries import NUMBER


@admin.register(Ticket)
class TicketAdmin(admin.ModelAdmin):
    """Tickets are worked on, never edited: rows change only through the verbs."""

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "tickets_ticket"
        own = [
            path("next/", view(ticket_next), name=f"{name}_next"),
            path("undo/", view(tickets_undo), name=f"{name}_undo"),
            path(
                "<path:object_id>/pulse/", view(require_POST(self.pulse_view)), name=f"{name}_pulse"
            ),
        ]
        return own + super().get_urls()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever works on tickets may file one for a member."""
        return self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_change = self.has_change_permission(request)
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        if request.method == "POST":
            return tickets_act(request, frame, may_change=may_change)
        may_add = self.has_add_permission(request)
        return work_list(request, {**frame, "may_change": may_change, "may_add": may_add})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        ticket = self._workable(request, object_id)
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return ticket_page(request, ticket, frame)

    def pulse_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The sign that a ticket page is open."""
        return take_pulse(request, self._workable(request, object_id))

    def _workable(self, request: HttpRequest, object_id: str) -> Ticket:
        """The ticket of that number, for those who may work on it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        number = NUMBER.match(object_id)
        rows = Ticket.objects.visible_to(request.user).with_unread(request.user, at_desk=True)
        rows = rows.select_related("member", "assignee", "follow_up_of", "affected__incident")
        ticket = rows.filter(pk=int(number[1])).first() if number else None
        if ticket is None:
            raise Http404
        return ticket

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return ticket_file(request, {**self.admin_site.each_context(request), "opts": self.opts})

    @method_decorator(require_safe)
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The audit of one ticket; its thread is the other page."""
        ticket = self._workable(request, object_id)
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return ticket_history(request, ticket, frame)
