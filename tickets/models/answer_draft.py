"""An agent's unfinished answer to a ticket."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from .ticket import Ticket


class AnswerDraftQuerySet(models.QuerySet):
    def stale(self, at: datetime) -> AnswerDraftQuerySet:
        """Drafts to be swept."""
        return self.filter(saved_at__lte=at - timedelta(days=settings.ANSWER_DRAFT_DAYS))


class AnswerDraft(models.Model):
    """What ``author`` has typed under a ticket and not sent: one a person and ticket.

    ``mode`` is the tab it was typed under; ``questions`` the texts of the question boxes.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="answer_drafts"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="answer_drafts"
    )
    mode = models.CharField(max_length=8, default="reply")
    body = models.TextField(blank=True)
    questions = models.JSONField(default=list)
    saved_at = models.DateTimeField()

    objects = AnswerDraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "author"], name="answerdraft_once")
        ]
        indexes = [models.Index(fields=["saved_at"], name="answerdraft_saved")]

    def __str__(self) -> str:
        return f"{self.author_id}: TI-{self.ticket_id}"

    def move_to(self, ticket: Ticket) -> None:
        """Follow a ticket that was merged; what the author has begun there stands first."""
        there = ticket.answer_drafts.filter(author=self.author_id).first()
        if there is None:
            self.ticket = ticket
            self.save(update_fields=["ticket"])
            return
        there.body = "\n\n".join(filter(None, [there.body, self.body]))
        there.questions = [*there.questions, *self.questions]
        there.save(update_fields=["body", "questions"])
        self.delete()
