"""One line of a conversation: what somebody wrote, or what happened."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Event(models.TextChoices):
    """What happened to a conversation; worded in the language of who looks at it."""

    CLAIMED = "claimed"
    TRANSFERRED = "transferred"
    RELEASED = "released"
    LANGUAGE = "language"  # support asked for a ticket in the member's language
    TICKET = "ticket"  # support made a ticket of it; the body holds its number
    AGENT_LOST = "agent_lost"
    ENDED = "ended"


class Message(models.Model):
    """A message or event of a conversation, in its place ``seq`` (from 1, without gaps).

    ``client_id`` is chosen by who sends it and makes a repeated post one message.
    """

    class Kind(models.TextChoices):
        MEMBER = "member"
        AGENT = "agent"
        SYSTEM = "system"

    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="messages"
    )
    seq = models.PositiveIntegerField()
    author_kind = models.CharField(max_length=8, choices=Kind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    body = models.TextField(blank=True)
    event = models.CharField(max_length=16, choices=Event.choices, blank=True)
    client_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    screenshots = models.ManyToManyField("tickets.Screenshot", related_name="messages")

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["conversation", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_seq_once"),
            models.UniqueConstraint(
                fields=["conversation", "author", "client_id"], name="message_posted_once"
            ),
            models.CheckConstraint(
                condition=Q(author_kind="system") & ~Q(event="")
                | ~Q(author_kind="system") & Q(event="", author__isnull=False),
                name="message_is_text_or_event",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.author_kind}"
