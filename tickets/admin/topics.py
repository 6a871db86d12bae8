"""Topics, for supervisors: the labels that agents put on tickets."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.answers import see_other
from accounts.lookups import FiltersOnly

from ..models import Ticket, Topic

_FIELDS = [f"name_{code}" for code, _name in settings.LANGUAGES]


class TopicForm(forms.ModelForm):
    """Names that differ only in capitals or spaces are the same to an agent who picks one."""

    def clean(self) -> dict[str, Any]:
        others = list(Topic.objects.exclude(pk=self.instance.pk))
        for field in _FIELDS:
            typed = self.cleaned_data.get(field, "")
            if any(_plain(typed) == _plain(getattr(other, field)) for other in others):
                taken = _("There is already a topic called “%(name)s”.") % {"name": typed}
                self.add_error(field, ValidationError(taken, "unique"))
        return super().clean()


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


class TopicList(ChangeList):
    """A page of topics, each with its open tickets: one query over those that are not closed."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        unfinished = Ticket.objects.unfinished().order_by().values_list("topic")
        counts = dict(unfinished.annotate(Count("pk")))
        self.result_list = list(self.result_list)
        for topic in self.result_list:
            topic.open_count = counts.get(topic.pk, 0)


@admin.register(Topic)
class TopicAdmin(FiltersOnly, admin.ModelAdmin):
    form = TopicForm
    list_display = [*_FIELDS, "open_tickets"]
    list_display_links = _FIELDS
    sortable_by: list[str] = []
    search_fields = _FIELDS
    fields = [tuple(_FIELDS)]
    actions = None  # one by one: each deletion says how many tickets it touches
    delete_confirmation_template = "admin/tickets/topic/delete_confirmation.html"

    class Media:
        css: ClassVar = {"all": ["css/replies.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TopicList

    @admin.display(description=gettext_lazy("Open tickets"))
    def open_tickets(self, topic: Topic) -> str:
        return str(topic.open_count)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say what a deletion does; refuse one that would rewrite very many tickets."""
        topic = self.get_object(request, object_id)
        if topic is None or not self.has_delete_permission(request, topic):
            return super().delete_view(request, object_id, extra_context)
        labelled = topic.count_tickets()
        if labelled > settings.COUNT_CAP:
            said = _("More than %(n)s tickets have this topic: it cannot be deleted, only renamed.")
            messages.error(request, said % {"n": settings.COUNT_CAP})
            return see_other("admin:tickets_topic_change", topic.pk)
        loss = ngettext(
            "%(n)s ticket loses this topic.", "%(n)s tickets lose this topic.", labelled
        )
        context = {"loss": loss % {"n": labelled} if labelled else ""}
        return super().delete_view(request, object_id, {**context, **(extra_context or {})})
