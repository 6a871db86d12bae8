"""Canned replies: what agents say again and again, in every language of the portal.

Placeholders are a closed list, filled in by plain substitution: a reply is text, never a template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.text import validate_text

PLACEHOLDERS = ("name", "agent", "language", "ticket_link", "issues_link")
MAX_LENGTH = 1_000  # characters of one language; two of them go into one message
_KNOWN = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_BRACED = re.compile(r"\{[^{}\s]*\}|[{}]")


def validate_placeholders(text: str) -> None:
    """Refuse braces that are no placeholder: a member would read them as they stand."""
    unknown = [found for found in _BRACED.findall(text) if not _KNOWN.fullmatch(found)]
    if unknown:
        raise ValidationError(
            _("Unknown placeholder: %(unknown)s. You can use: %(known)s."),
            code="unknown_placeholder",
            params={
                "unknown": ", ".join(dict.fromkeys(unknown)),
                "known": ", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
            },
        )


class CannedReplyQuerySet(models.QuerySet):
    def lacking(self, language: str) -> CannedReplyQuerySet:
        """Replies without a translation into ``language``."""
        return self.filter(**{f"text_{language}": ""})


def _text(language: str, *, blank: bool = True) -> models.TextField:
    return models.TextField(
        dict(settings.LANGUAGES)[language],
        max_length=MAX_LENGTH,
        blank=blank,
        validators=[validate_text, validate_placeholders],
    )


SHORTCUT_RULE = _("Use lower-case letters, digits and hyphens.")


class CannedReply(models.Model):
    """A reply that is typed as ``/shortcut``. English is always there."""

    shortcut = models.CharField(
        _("shortcut"),
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"\A[a-z][a-z0-9-]*\Z", SHORTCUT_RULE)],
        help_text=SHORTCUT_RULE,
    )
    text_en = _text("en", blank=False)
    text_cs = _text("cs")
    text_sl = _text("sl")
    # When each text was last changed or found right: older than English means out of date.
    checked_en = models.DateTimeField(null=True, editable=False)
    checked_cs = models.DateTimeField(null=True, editable=False)
    checked_sl = models.DateTimeField(null=True, editable=False)
    for_chat = models.BooleanField(_("offered in chats"), default=True)
    for_tickets = models.BooleanField(_("offered in tickets"), default=True)

    objects = CannedReplyQuerySet.as_manager()

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        ordering = ["shortcut"]

    def __str__(self) -> str:
        return f"/{self.shortcut}"

    @property
    def missing_languages(self) -> list[str]:
        """Names of the languages it is not translated into."""
        return [name for code, name in settings.LANGUAGES if not getattr(self, f"text_{code}")]

    def filled(self, language: str, values: Mapping[str, str]) -> str:
        """The text in ``language`` with ``values`` in their places; empty if not translated.

        What stands in a value is never looked at again: a name may hold braces.
        """
        text = getattr(self, f"text_{language}", "")
        return _KNOWN.sub(lambda found: values.get(found[1], found[0]), text)
