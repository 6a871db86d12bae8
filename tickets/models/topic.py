"""What an issue is about: one label a ticket, chosen by agents."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.text import validate_line


def _name(language: str) -> models.CharField:
    names = dict(settings.LANGUAGES)
    return models.CharField(names[language], max_length=40, unique=True, validators=[validate_line])


class Topic(models.Model):
    """A label in every language of the portal; members never see it."""

    name_en = _name("en")
    name_cs = _name("cs")
    name_sl = _name("sl")

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["name_en"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return getattr(self, f"name_{get_language()}", self.name_en)

    def count_tickets(self) -> int:
        """How many tickets bear this label; one more than ``COUNT_CAP`` stands for all above."""
        return self.tickets.all()[: settings.COUNT_CAP + 1].count()
