"""Service hours and holidays, for supervisors."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db import models

from accounts.lookups import FiltersOnly

from ..models import Holiday, ServiceWindow

_DATE, _TIME = {"type": "date"}, {"type": "time"}


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
