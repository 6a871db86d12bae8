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

    class Meta:
        model = User
        fields = ["language", "time_zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = settings.LANGUAGES
        self.fields["time_zone"].choices = zone_choices(self.instance.time_zone)

    def clean_appearance(self) -> str:
        return self.cleaned_data["appearance"] or "system"
