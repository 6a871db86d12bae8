"""The history of all tickets, to be searched by supervisors."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import pgettext_lazy

from accounts.logs import ActorFilter, DateRangeFilter, LogAdmin
from accounts.lookups import ChoicesFilter

from ..models import TicketEvent
from ..models.event import Verb
from ..models.queries import NUMBER
from ..thread import event_texts


class VerbFilter(ChoicesFilter):
    title = pgettext_lazy("log", "What")
    parameter_name, kinds = "verb", Verb


class EventList(ChangeList):
    """A page of events, each with what the timeline says of it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        texts = event_texts(self.result_list)
        for event in self.result_list:
            event.told = texts[event.pk]


@admin.register(TicketEvent)
class TicketEventAdmin(LogAdmin):
    list_display = ["when", "who", "what", "change", "which", "origin"]
    fields = ["when", "who", "what", "change", "which", "origin"]
    readonly_fields = fields
    list_filter = [VerbFilter, ActorFilter, DateRangeFilter]
    list_select_related = ["actor", "ticket"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EventList

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        texts = ("ticket__description", "ticket__search_text", "ticket__notes_text")
        return super().get_queryset(request).select_related("actor", "ticket").defer(*texts)

    def about(self, words: str) -> Q:
        """Also the events of a ticket, by its number however it is written."""
        number = NUMBER.match(words)
        found = super().about(words)
        return found | Q(ticket=int(number[1])) if number else found

    @admin.display(description=pgettext_lazy("log", "What"))
    def what(self, event: TicketEvent) -> str:
        return event.get_verb_display()

    @admin.display(description=pgettext_lazy("log", "Details"))
    def change(self, event: TicketEvent) -> str:
        told = event.told if hasattr(event, "told") else event_texts([event])[event.pk]
        return told if told and told != event.get_verb_display() else "–"

    @admin.display(description=pgettext_lazy("log", "Ticket"))
    def which(self, event: TicketEvent) -> str:
        return render_to_string("admin/tickets/ticketevent/_ticket.html", {"ticket": event.ticket})
