"""What people change about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .models import User
from .zones import zone_choices

APPEARANCES = [("system", _("System")), ("light", _("Light")), ("dark", _("Dark"))]


class PreferencesForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"))
    appearance = forms.ChoiceField(
        label=_("Appearance"), choices=APPEARANCES, required=False, help_text=_("In this browser.")
    )

    field_order = ["language", "time_zone", "appearance", "wants_figures"]

    class Meta:
        model = User
        fields = ["language", "time_zone", "wants_figures"]
        help_texts = {"wants_figures": _("Every Monday, about the week before.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not (self.instance.is_staff and self.instance.has_perm("tickets.view_dailyfigures")):
            del self.fields["wants_figures"]
        self.fields["language"].choices = settings.LANGUAGES
        self.fields["time_zone"].choices = zone_choices(self.instance.time_zone)

    def clean_appearance(self) -> str:
        return self.cleaned_data["appearance"] or "system"

    def write(self) -> User:
        """Write what was asked and no more: somebody may just be shutting the person out."""
        fields = [name for name in self._meta.fields if name in self.fields]
        self.instance.save(update_fields=fields)
        return self.instance
