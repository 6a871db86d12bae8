"""Known incidents, for supervisors: announced in every language, and ended for all. Agents look."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.answers import see_other
from accounts.lookups import FiltersOnly

from ..desk.incidents import (
    incident_answer,
    incident_end,
    incident_link,
    incident_publish,
    lacking,
    name_of,
    overview,
    state_of,
)
from ..forms import ProseField
from ..models import Incident
from ..models.notice import is_written

_CODES = [code for code, _name in settings.LANGUAGES]
_TITLES, _TEXTS = [f"title_{code}" for code in _CODES], [f"text_{code}" for code in _CODES]
_MINUTE = "%Y-%m-%dT%H:%M"  # as a browser sends it
_OLDEST = 2000  # year


class IncidentForm(forms.ModelForm):
    """A draft may lack languages; what members read already may not lose one."""

    started_at = forms.DateTimeField(
        label=pgettext_lazy("incident", "Since"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=_MINUTE),
        help_text=gettext_lazy("In your own time zone."),
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen"] = _fingerprint(vars(self.instance))

    def clean_started_at(self) -> datetime:
        at = self.cleaned_data["started_at"]
        if at.year < _OLDEST:
            raise ValidationError(_("This is too long ago."))
        if at > timezone.now():
            raise ValidationError(_("This is in the future."))
        return at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # Held until the change is saved: nobody publishes or ends meanwhile what was a draft.
        rows = Incident.objects.select_for_update(no_key=True)
        stored = rows.filter(pk=self.instance.pk).first()
        if stored and stored.ended_at:
            raise ValidationError(_("The incident has ended: it cannot be changed any more."))
        if stored:
            self._refuse_unseen(_fingerprint(vars(stored)), cleaned)
        if stored and stored.published_at:
            for name in [*_TITLES, *_TEXTS]:
                if name in cleaned and not is_written(cleaned[name]):
                    self.add_error(name, _("Members read this already: it cannot be empty."))
        elif not any(is_written(cleaned.get(name, "")) or name in self.errors for name in _TITLES):
            self.add_error(_TITLES[0], _("Write a title in at least one language."))
        return cleaned

    def _refuse_unseen(self, stored: str, cleaned: dict[str, Any]) -> None:
        """Tell who writes over a colleague's change; to send the form again is to want it."""
        seen = cleaned.get("seen") or stored
        if stored in {seen, "" if self.errors else _fingerprint(cleaned)}:
            return
        self.data = self.data.copy()
        self.data["seen"] = stored
        self.add_error(
            None,
            _(
                "Somebody changed the incident while you were writing; the preview shows it as it "
                "is now. Save again if your words are to replace it."
            ),
        )


def _fingerprint(values: Mapping[str, Any]) -> str:
    """What tells one state of an incident's words from another, to the minute of its beginning."""
    since = values["started_at"].astimezone(UTC).strftime(_MINUTE)
    words = "\0".join([since, *(values[name] for name in [*_TITLES, *_TEXTS])])
    return hashlib.sha256(words.encode()).hexdigest()


@admin.register(Incident)
class IncidentAdmin(FiltersOnly, admin.ModelAdmin):
    """The page of an incident shows where it stands; each act has a small page of its own."""

    form = IncidentForm
    list_display = ["name", "state", "since", "ended", "tickets", "languages"]
    list_display_links = ["name"]
    sortable_by: list[str] = []
    actions = None
    fieldsets = [
        (None, {"fields": ["started_at", "seen"]}),
        (pgettext_lazy("incident", "Title"), {"fields": [tuple(_TITLES)]}),
        (gettext_lazy("Text"), {"fields": [tuple(_TEXTS)]}),
    ]

    class Media:
        css: ClassVar = {"all": ["css/incident-desk.css"]}

    def get_urls(self) -> list[URLPattern]:
        acts = {
            "publish": incident_publish,
            "link": incident_link,
            "answer": incident_answer,
            "end": incident_end,
        }
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(self._act(act)),
                name=f"tickets_incident_{name}",
            )
            for name, act in acts.items()
        ]
        return own + super().get_urls()

    def _act(self, act: Callable) -> Callable:
        """The view of ``act`` for those who may change incidents."""

        @require_http_methods(["GET", "HEAD", "POST"])
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            incident = self.get_object(request, object_id)
            if incident is None:
                raise Http404
            return act(
                request, incident, {**self.admin_site.each_context(request), "opts": self.opts}
            )

        return view

    def has_change_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        """What has ended is only read."""
        return super().has_change_permission(request, obj) and not (obj and obj.ended_at)

    def has_delete_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        """What was published stays."""
        return super().has_delete_permission(request, obj) and not (obj and obj.published_at)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        return super().get_queryset(request).annotate(ticket_count=Count("affected"))

    def get_fieldsets(self, request: HttpRequest, obj: Incident | None = None) -> list:
        """The form for who may change it; the others have the preview."""
        if obj and not self.has_change_permission(request, obj):
            return []
        return super().get_fieldsets(request, obj)

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> Any:
        attrs = {"lang": db_field.name.rpartition("_")[2], "dir": "auto"}
        if db_field.name in _TITLES:
            kwargs |= {"widget": forms.TextInput(attrs)}
        elif db_field.name in _TEXTS:
            box = forms.Textarea({"rows": 8, "cols": 36, **attrs})
            kwargs |= {"form_class": ProseField, "widget": box}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"started_at": timezone.now()}

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        incident = kwargs.get("obj")
        if incident:
            if context["errors"]:  # the form wrote into its own what was not saved
                incident = Incident.objects.get(pk=incident.pk)
            context |= {**overview(incident), "title": name_of(incident)}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: Incident, form: IncidentForm, change: bool
    ) -> None:
        """Write what the form holds and nothing else: somebody may be ending it just now."""
        if change:
            obj.save(update_fields=["started_at", *_TITLES, *_TEXTS])
            return
        obj.created_by = request.user
        obj.save()

    def response_post_save_add(self, request: HttpRequest, obj: Incident) -> HttpResponse:
        return self.response_post_save_change(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Incident) -> HttpResponse:
        act = "publish" if "_publish" in request.POST else "change"
        return see_other(f"admin:tickets_incident_{act}", obj.pk)

    @admin.display(description=pgettext_lazy("incident", "Title"))
    def name(self, incident: Incident) -> str:
        return name_of(incident)

    @admin.display(description=pgettext_lazy("incident", "State"))
    def state(self, incident: Incident) -> str:
        return render_to_string("admin/tickets/incident/_state.html", {"state": state_of(incident)})

    @admin.display(description=pgettext_lazy("incident", "Since"))
    def since(self, incident: Incident) -> str:
        return _labelled(pgettext("incident", "Since"), _moment(incident.started_at))

    @admin.display(description=pgettext_lazy("incident", "Ended"))
    def ended(self, incident: Incident) -> str:
        return _labelled(pgettext("incident", "Ended"), _moment(incident.ended_at))

    @admin.display(description=gettext_lazy("Affected tickets"))
    def tickets(self, incident: Incident) -> str:
        return _labelled(_("Affected tickets"), number_format(incident.ticket_count))

    @admin.display(description=gettext_lazy("Languages"))
    def languages(self, incident: Incident) -> str:
        return render_to_string(
            "admin/tickets/incident/_languages.html", {"lacking": lacking(incident)}
        )


def _labelled(label: str, value: str) -> str:
    """On a phone, where a row is a card, the head of the column stands in it."""
    return format_html(
        '<span class="incident-label">{}: </span><span class="nums">{}</span>', label, value
    )


def _moment(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else "–"
