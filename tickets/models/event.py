"""The history of a ticket: append-only, and what people see as its timeline."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Verb(models.TextChoices):
    """What can be done to a ticket."""

    SUBMIT = "submit", _("Issue received")
    REPLY = "reply", _("Reply")
    ASK = "ask", _("Question")
    NOTE = "note", _("Internal note")
    ASSIGN = "assign", _("Assigned")
    CLOSE = "close", _("Closed")
    REOPEN = "reopen", _("Reopened")
    MERGE = "merge", _("Merged")
    TOPIC = "topic", _("Topic")
    REDACT = "redact", _("Picture changed")
    INCIDENT = "incident", _("Known incident")


class TicketEvent(models.Model):
    """Who did what to a ticket, when and from where.

    ``public`` decides whether the member sees it. ``data`` holds what the verb changed, such as
    ``{"from": "open", "to": "closed"}``; never text that somebody wrote.
    """

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="events")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,  # event_actor begins with it
    )
    verb = models.CharField(max_length=16, choices=Verb.choices)
    public = models.BooleanField(default=True)
    data = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verb__in=Verb.values), name="ticketevent_verb_known"
            )
        ]
        # The search of supervisors walks each of them backwards and stops after a page.
        indexes = [
            models.Index(fields=["at", "id"], name="event_at"),
            models.Index(fields=["verb", "at", "id"], name="event_verb"),
            models.Index(fields=["actor", "at", "id"], name="event_actor"),
            models.Index(fields=["address", "at", "id"], name="event_address"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.at:%Y-%m-%d %H:%M}"
