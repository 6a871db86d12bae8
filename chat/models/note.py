"""Agents' notes on a conversation: a table of their own, so that no member's list can hold one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Note(models.Model):
    """What agents tell each other about a conversation."""

    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="notes"
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    body = models.TextField()
    client_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("internal note")
        verbose_name_plural = _("internal notes")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "author", "client_id"], name="note_posted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.author_id} {self.at:%Y-%m-%d %H:%M}"
