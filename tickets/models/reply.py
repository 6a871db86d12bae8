"""What people wrote into a ticket after its description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ReplyQuerySet(models.QuerySet):
    def public(self) -> ReplyQuerySet:
        return self.exclude(kind=Reply.Kind.NOTE)


class Reply(models.Model):
    """A reply, an agent's question, or an internal note that members never see."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        QUESTION = "question", _("Question")
        NOTE = "note", _("Internal note")

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="replies")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="replies"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.REPLY)
    body = models.TextField(_("Reply"))
    submission_id = models.UUIDField()
    at = models.DateTimeField()

    objects = ReplyQuerySet.as_manager()
    is_new = False  # True on what a verb has just written, not on what it found

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "author", "submission_id"], name="reply_submitted_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["reply", "question", "note"]), name="reply_kind_known"
            ),
        ]

    def says(self, body: str, questions: Sequence[str], answers: Mapping[int, str]) -> bool:
        """Whether this is the same post, sent once more."""
        asked = [question.text for question in self.questions.all()]
        answered = {question.pk: question.answer for question in self.answers.all()}
        late = [text for pk, text in answers.items() if pk not in answered]
        words = "\n\n".join(filter(None, [*late, body]))
        same = all(answers.get(pk) == text for pk, text in answered.items())
        return self.body == words and asked == list(questions) and same

    @property
    def full_text(self) -> str:
        """The words with the questions that belong to them, as mails and searches want them."""
        questions = [f"{question.position}. {question.text}" for question in self.questions.all()]
        return "\n".join(filter(None, [self.body, *questions]))

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
