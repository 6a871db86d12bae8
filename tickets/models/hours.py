"""Service hours as data: weekly windows in GMT, and holidays."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from accounts.text import validate_line


class ServiceWindow(models.Model):
    """A weekly window in GMT, half-open; ``end`` 00:00 is midnight at the end of that day."""

    class Kind(models.TextChoices):
        ENGLISH_ONLY = "english_only", _("English Only")
        LANGUAGE_SUPPORT = "language_support", _("Language Support")

    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=list(WEEKDAYS.items()))
    start = models.TimeField(_("start (GMT)"))
    end = models.TimeField(_("end (GMT)"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)

    class Meta:
        verbose_name = _("service window")
        verbose_name_plural = _("service windows")
        ordering = ["weekday", "start"]
        constraints = [
            models.UniqueConstraint(fields=["weekday", "start"], name="servicewindow_start_once"),
            models.CheckConstraint(
                condition=models.Q(weekday__lte=6), name="servicewindow_weekday_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M} GMT"

    def clean(self) -> None:
        super().clean()
        if self.weekday is None or self.start is None or self.end is None:
            return
        if self._end_minutes <= self._start_minutes:
            raise ValidationError({"end": _("The window must end after it starts.")})
        same_day = ServiceWindow.objects.filter(weekday=self.weekday).exclude(pk=self.pk)
        for other in same_day:
            if (
                self._start_minutes < other._end_minutes
                and other._start_minutes < self._end_minutes
            ):
                raise ValidationError(
                    _("This overlaps with another window of that day: %(window)s"),
                    params={"window": other},
                )

    @property
    def _start_minutes(self) -> int:
        return self.start.hour * 60 + self.start.minute

    @property
    def _end_minutes(self) -> int:
        return (self.end.hour * 60 + self.end.minute) or 24 * 60


class Holiday(models.Model):
    """A day (GMT) on which nobody is at the desk."""

    date = models.DateField(_("date"), unique=True)
    name = models.CharField(_("name"), max_length=100, validators=[validate_line])

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["-date"]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.name}"
