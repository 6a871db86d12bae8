"""Canned replies: what agents say again and again, in every language of the portal.

Placeholders are a closed list, filled in by plain substitution: a reply is text, never a template.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.text import validate_text

PLACEHOLDERS = ("name", "agent", "language", "ticket_link", "issues_link")
ENGLISH = "en"  # the text that the others are translations of
TRANSLATIONS = tuple(code for code, _name in settings.LANGUAGES if code != ENGLISH)
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


class Coverage(models.TextChoices):
    """How well a reply speaks one language."""

    OK = "ok", pgettext_lazy("translation", "OK")
    MISSING = "missing", pgettext_lazy("translation", "Missing")
    OUTDATED = "outdated", pgettext_lazy("translation", "Out of date")


class CannedReplyQuerySet(models.QuerySet):
    def for_chats(self) -> CannedReplyQuerySet:
        return self.filter(for_chat=True)

    def for_tickets(self) -> CannedReplyQuerySet:
        return self.filter(for_tickets=True)

    def lacking(self, language: str) -> CannedReplyQuerySet:
        """Replies without a translation into ``language``."""
        return self.filter(**{f"text_{language}": ""})

    def outdated(self, language: str) -> CannedReplyQuerySet:
        """Replies whose translation was last found right before English changed."""
        checked = f"checked_{language}"
        is_behind = Q(**{checked: None}) | Q(**{f"{checked}__lt": F(f"checked_{ENGLISH}")})
        translated = self.exclude(**{f"text_{language}": ""})
        return translated.filter(is_behind, **{f"checked_{ENGLISH}__isnull": False})


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
        return self._languages(Coverage.MISSING)

    @property
    def outdated_languages(self) -> list[str]:
        """Names of the languages whose translation is older than the English text."""
        return self._languages(Coverage.OUTDATED)

    def _languages(self, coverage: Coverage) -> list[str]:
        return [name for code, name in settings.LANGUAGES if self.coverage(code) == coverage]

    def coverage(self, language: str) -> Coverage:
        """Whether the text in ``language`` is there, and younger than what it translates."""
        if not getattr(self, f"text_{language}"):
            return Coverage.MISSING
        if language == ENGLISH or self.checked_en is None:
            return Coverage.OK
        checked = getattr(self, f"checked_{language}")
        return Coverage.OUTDATED if checked is None or checked < self.checked_en else Coverage.OK

    @transaction.atomic
    def revise(self, *, at: datetime, still_right: Collection[str] = ()) -> None:
        """Save what was edited, and note when each text changed or was found right.

        ``still_right`` names translations that were read against the English text and kept.
        """
        before = type(self).objects.select_for_update().filter(pk=self.pk).first()
        for language, _name in settings.LANGUAGES:
            text, checked = getattr(self, f"text_{language}"), f"checked_{language}"
            is_new = before is None or text != getattr(before, f"text_{language}")
            is_kept = language in still_right and language != ENGLISH
            if not text:
                setattr(self, checked, None)
            elif is_new or is_kept:
                setattr(self, checked, at)
        self.save()

    def filled(self, language: str, values: Mapping[str, str]) -> str:
        """The text in ``language`` with ``values`` in their places; empty if not translated.

        What stands in a value is never looked at again: a name may hold braces.
        """
        text = getattr(self, f"text_{language}", "")
        return _KNOWN.sub(lambda found: values.get(found[1], found[0]), text)
