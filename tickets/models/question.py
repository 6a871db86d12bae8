"""What an agent asks in a ticket, one question at a time."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class QuestionQuerySet(models.QuerySet):
    def unanswered(self) -> QuestionQuerySet:
        return self.filter(answered_in=None)


class Question(models.Model):
    """One of several questions of a reply, and the member's answer once there is one."""

    reply = models.ForeignKey("tickets.Reply", on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField()  # from 1
    text = models.TextField(_("Question"))
    answer = models.TextField(blank=True)
    answered_in = models.ForeignKey(
        "tickets.Reply", on_delete=models.CASCADE, null=True, related_name="answers"
    )

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["reply", "position"]
        constraints = [
            models.UniqueConstraint(fields=["reply", "position"], name="question_position_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_in=None)
                | (~Q(answer="") & Q(answered_in__isnull=False)),
                name="question_answer_has_reply",
            ),
        ]

    def __str__(self) -> str:
        return self.text
