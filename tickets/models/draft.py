"""What a member has begun to write and not yet sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .screenshot import Screenshot


class DraftQuerySet(models.QuerySet):
    def fresh(self, at: datetime) -> DraftQuerySet:
        """Drafts young enough to be kept."""
        return self.filter(saved_at__gt=at - timedelta(hours=settings.DRAFT_HOURS))

    def stale(self, at: datetime) -> DraftQuerySet:
        """Drafts to be swept."""
        return self.filter(saved_at__lte=at - timedelta(hours=settings.DRAFT_HOURS))


class Draft(models.Model):
    """The form of a new ticket as its owner left it; swept after ``DRAFT_HOURS``."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts"
    )
    language = models.CharField(max_length=8, blank=True)
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    from_chat = models.UUIDField(null=True)  # the conversation it grew from
    follow_up_of = models.ForeignKey(
        "tickets.Ticket", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    saved_at = models.DateTimeField()

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ["-saved_at"]
        indexes = [models.Index(fields=["owner", "-saved_at"], name="draft_owner_saved")]

    def __str__(self) -> str:
        return f"{self.uuid}"

    def keep(self, uuids: Iterable[uuid.UUID]) -> None:
        """Let the owner's uploads among ``uuids`` belong to this draft, and no others."""
        wanted = Screenshot.objects.uploaded_by(self.owner, uuids)
        self.screenshots.exclude(pk__in=wanted).update(draft=None)
        wanted.update(draft=self)

    @property
    def is_empty(self) -> bool:
        return not (self.title or self.description or self.screenshots.waiting().exists())
