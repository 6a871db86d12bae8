"""Pictures of a ticket: uploaded first, attached when what they belong to is sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.throttle import TooMany

from ..images import display_name, sanitise

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from accounts.models import User

    from .draft import Draft


def screenshot_path(screenshot: Screenshot, _name: str) -> str:
    """A random name that says nothing about the picture or its owner."""
    name = uuid.uuid4().hex
    return f"screenshots/{name[:2]}/{name}"


class ScreenshotQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> ScreenshotQuerySet:
        """Own uploads, pictures of own tickets without notes, of own chats; all for agents."""
        if user.is_staff and user.has_perm("tickets.view_ticket"):
            return self
        own_ticket = Q(ticket__member=user) & (Q(reply__isnull=True) | ~Q(reply__kind="note"))
        return self.filter(own_ticket | Q(owner=user, ticket__isnull=True) | Q(shown_to=user))

    def waiting(self) -> ScreenshotQuerySet:
        """Uploads that belong to nothing yet."""
        return self.filter(ticket__isnull=True, shown_to__isnull=True)

    def uploaded_by(self, user: User, uuids: Iterable[uuid.UUID]) -> ScreenshotQuerySet:
        """The uploads among ``uuids`` that are the person's own and still free."""
        return self.waiting().filter(owner=user, uuid__in=list(uuids))

    def stale(self, at: datetime) -> ScreenshotQuerySet:
        """Uploads that nobody sent in time; those of a draft live as long as it does."""
        return self.waiting().filter(draft=None, at__lte=at - timedelta(hours=settings.DRAFT_HOURS))

    def upload(
        self, owner: User, upload: UploadedFile, at: datetime, draft: Draft | None = None
    ) -> Screenshot:
        """Sanitise ``upload`` and keep it as the owner's own.

        Raises ``TooMany`` if the person keeps too many unsent ones, ``ImageRefused`` with a
        sentence for the person, ``ImagesBusy`` if no worker is free, ``OSError`` if the file
        cannot be stored. The files are written before the row, so that no row points nowhere;
        what a failure leaves behind is swept as an orphan.
        """
        if self.waiting().filter(owner=owner).count() >= settings.WAITING_UPLOADS:
            raise TooMany(60 * 60)
        with sanitise(upload) as picture:
            screenshot = self.model(
                owner=owner,
                draft=draft,
                name=display_name(upload.name or "", picture.extension),
                content_type=picture.content_type,
                width=picture.width,
                height=picture.height,
                size=picture.size,
                thumb_width=picture.thumb_width,
                thumb_height=picture.thumb_height,
                at=at,
            )
            with picture.content.open("rb") as content, picture.thumb.open("rb") as thumb:
                screenshot.picture.save("", File(content), save=False)
                screenshot.thumb.save("", File(thumb), save=False)
            screenshot.save(force_insert=True)
        return screenshot

    def copy_for(self, owner: User, at: datetime, draft: Draft | None = None) -> list[Screenshot]:
        """Copy the pictures, files and all, as uploads of ``owner``; lost files are left out."""
        copies = []
        for original in self:
            copy = self.model.objects.get(pk=original.pk)
            copy.pk, copy.uuid, copy.at = None, uuid.uuid4(), at
            copy.owner, copy.draft, copy.ticket, copy.reply, copy.shown_to = (
                *(owner, draft),
                *(None, None, None),
            )
            try:
                with original.picture.open("rb") as content, original.thumb.open("rb") as thumb:
                    copy.picture.save("", File(content), save=False)
                    copy.thumb.save("", File(thumb), save=False)
            except FileNotFoundError:
                continue
            copy.save(force_insert=True)
            copies.append(copy)
        return copies

    def sweep_orphans(self, at: datetime) -> int:
        """Delete files that no row points to, once they are older than a draft may be."""
        storage = self.model._meta.get_field("picture").storage
        before, count = at - timedelta(hours=settings.DRAFT_HOURS), 0
        for folder in _folders(storage):
            names = {f"{folder}/{name}" for name in storage.listdir(folder)[1]}
            for field in ("picture", "thumb"):
                known = self.filter(**{f"{field}__in": names}).values_list(field, flat=True)
                names -= set(known)
            for name in names:
                if storage.get_modified_time(name) < before:
                    storage.delete(name)
                    count += 1
        return count

    def discard(self) -> int:
        """Delete the rows, then their files once that is certain; return how many rows."""
        with transaction.atomic():
            doomed = self.model.objects.waiting().select_for_update()
            doomed = list(doomed.filter(pk__in=[row.pk for row in self]))
            files = [file for row in doomed for file in (row.picture, row.thumb)]
            rows = self.model.objects.waiting().filter(pk__in=[row.pk for row in doomed])
            count, _per_model = rows.delete()
        for file in files:
            transaction.on_commit(lambda file=file: file.storage.delete(file.name))
        return count


def _folders(storage: Storage) -> list[str]:
    try:
        return [f"screenshots/{name}" for name in storage.listdir("screenshots")[0]]
    except FileNotFoundError:
        return []


class Screenshot(models.Model):
    """A sanitised picture and its thumbnail. ``reply`` is empty for those of the description."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="screenshots"
    )
    draft = models.ForeignKey(
        "tickets.Draft", on_delete=models.SET_NULL, null=True, related_name="screenshots"
    )
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, null=True, related_name="screenshots"
    )
    reply = models.ForeignKey(
        "tickets.Reply", on_delete=models.CASCADE, null=True, related_name="screenshots"
    )
    # The member in whose chat it was sent: what keeps it, and who may see it beside agents.
    shown_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    name = models.CharField(max_length=120)
    picture = models.FileField(upload_to=screenshot_path)
    thumb = models.FileField(upload_to=screenshot_path)
    content_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    thumb_width = models.PositiveIntegerField()
    thumb_height = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text=_("bytes"))
    # What somebody took away afterwards: its files are gone, its place in the thread stays.
    removed_at = models.DateTimeField(null=True)
    at = models.DateTimeField()

    objects = ScreenshotQuerySet.as_manager()

    class Meta:
        verbose_name = _("screenshot")
        verbose_name_plural = _("screenshots")
        permissions = [("redact_screenshot", "Can black out or remove pictures that were sent")]
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reply__isnull=True) | Q(ticket__isnull=False),
                name="screenshot_reply_has_ticket",
            )
        ]
        indexes = [
            models.Index(
                fields=["at"], condition=Q(ticket=None, shown_to=None), name="screenshot_waiting"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("tickets:screenshot_detail", args=[self.uuid])

    @property
    def thumb_url(self) -> str:
        return f"{self.get_absolute_url()}?size=thumb"
