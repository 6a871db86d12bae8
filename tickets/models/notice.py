"""What is said to everybody whom a known incident affects, and how its languages are kept."""

from __future__ import annotations

import unicodedata
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from accounts.text import validate_text

TEXT_LENGTH = 1_000  # characters of one language
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a sign that are drawn as nothing


def text_field(language: str) -> models.TextField:
    name = dict(settings.LANGUAGES)[language]
    return models.TextField(name, max_length=TEXT_LENGTH, blank=True, validators=[validate_text])


def words_in(row: models.Model, name: str, language: str | None) -> str:
    """What ``row`` says in ``language``; in English to who reads another."""
    return getattr(row, f"{name}_{language}", "") or getattr(row, f"{name}_en")


def is_written(text: str) -> bool:
    """Whether there is anything to see: spaces, joiners, marks without a letter are nothing."""
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in _BLANK for sign in text)


class Notice(models.Model):
    """One text to everybody whom an incident affects, each in their language.

    ``run_jobs`` delivers it. A ``REPLY`` goes ticket by ticket in the order of ``AffectedTicket``:
    ``reached`` is the id of the last row that was dealt with, and ``sent`` and ``skipped`` count
    tickets. An ``END`` goes member by member: ``reached`` is the last member's id, and both count
    members. All three are written together with what was sent, so that whoever is interrupted
    sends nothing twice. Who joins after ``at`` is not meant.

    ``skipped`` are tickets that took no reply: closed, the author's own, moved to another
    incident, or merged into one that is answered itself; and members without an email address,
    or none of whose tickets is about the incident any more.
    """

    class Kind(models.TextChoices):
        REPLY = "reply", pgettext_lazy("notice", "Reply")
        END = "end", pgettext_lazy("notice", "End")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    incident = models.ForeignKey(
        "tickets.Incident", on_delete=models.PROTECT, related_name="notices"
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text_en = text_field("en")
    text_cs = text_field("cs")
    text_sl = text_field("sl")
    closes = models.BooleanField(default=False)  # the tickets, too
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reached = models.BigIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = []
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["reply", "end"]), name="notice_kind_known"
            ),
            models.UniqueConstraint(
                fields=["incident"], condition=Q(kind="end"), name="notice_one_end"
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(done_at=None), name="notice_undone")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"

    def text_in(self, language: str | None) -> str:
        return words_in(self, "text", language)
