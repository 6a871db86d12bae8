"""The languages that tickets are written in."""

from __future__ import annotations

import re

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.text import fold

_PREFIXED = re.compile(r"\s*([^\W\d_]{1,20})\s*[-–—:]\s*(.+)", re.DOTALL)


class TicketLanguage(models.TextChoices):
    """Languages a ticket is written in, by their own names (S67)."""

    ENGLISH = "en", "English"
    CZECH = "cs", "Čeština"
    SLOVENIAN = "sl", "Slovenščina"
    OTHER = "other", _("Another language")

    @property
    def prefix(self) -> str:
        """What the title begins with on screen; empty for languages the portal has no name for."""
        return "" if self is TicketLanguage.OTHER else str(self.label)

    @classmethod
    def split(cls, title: str) -> tuple[TicketLanguage | None, str]:
        """Separate a typed prefix, such as *Čeština - …* or *Slovenscina: …*, from ``title``."""
        typed = _PREFIXED.match(title)
        for language in cls:
            if typed and language.prefix and fold(typed[1]) == fold(language.prefix):
                return language, typed[2].strip()
        return None, title.strip()
