"""What people change about themselves."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .models import User

APPEARANCES = [("system", _("System")), ("light", _("Light")), ("dark", _("Dark"))]
_REGIONS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The zones of the world by region, as IANA names them; UTC first."""
    groups: dict[str, list[tuple[str, str]]] = {"UTC": [("UTC", "UTC")]}
    for name in sorted(zoneinfo.available_timezones()):
        region, _slash, city = name.partition("/")
        if region in _REGIONS:
            groups.setdefault(region, []).append((name, city.replace("_", " ")))
    return list(groups.items())


class PreferencesForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    appearance = forms.ChoiceField(
        label=_("Appearance"), choices=APPEARANCES, required=False, help_text=_("In this browser.")
    )

    class Meta:
        model = User
        fields = ["language", "time_zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = settings.LANGUAGES

    def clean_appearance(self) -> str:
        return self.cleaned_data["appearance"] or "system"
