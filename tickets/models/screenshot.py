"""Pictures of a ticket: uploaded first, attached when what they belong to is sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.core.files.storage import Storage
from django.db import models, transaction
from django.db.models import Q
from django.db.models.fields.files import FieldFile
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.throttle import TooMany

from ..images import ImagesBusy, blacken, display_name, sanitise
from .lifecycle import TransitionError

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from accounts.models import User

    from ..images import Sanitised
    from .draft import Draft

# Left, top, width and height in per cent of the picture.
Box = tuple[float, float, float, float]
_SIDES = ("width", "height", "thumb_width", "thumb_height")
TURNS = 3  # how often a picture is painted on anew because somebody else was faster


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

    def standing(self) -> ScreenshotQuerySet:
        """Those that nobody took away."""
        return self.filter(removed_at=None)

    def sent(self) -> ScreenshotQuerySet:
        """Those that belong to a ticket."""
        return self.filter(ticket__isnull=False)

    def waiting(self) -> ScreenshotQuerySet:
        """Uploads that belong to nothing yet."""
        return self.filter(ticket__isnull=True, shown_to__isnull=True)

    def uploaded_by(self, user: User, uuids: Iterable[uuid.UUID]) -> ScreenshotQuerySet:
        """The uploads among ``uuids`` that are the person's own and still free."""
        return self.waiting().filter(owner=user, uuid__in=list(uuids))

    def sent_with(self, owner: User, submissions: Iterable[uuid.UUID]) -> ScreenshotQuerySet:
        """What ``owner`` sent with the ticket or the reply of one of ``submissions``."""
        with_reply = Q(reply__author=owner, reply__submission_id__in=submissions)
        with_ticket = Q(reply=None, ticket__submission_id__in=submissions)
        return self.sent().filter(with_reply | with_ticket, owner=owner)

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
                at=at,
            )
            screenshot._store(picture)
            screenshot.save(force_insert=True)
        return screenshot

    def copy_for(self, owner: User, at: datetime, draft: Draft | None = None) -> list[Screenshot]:
        """Copy the pictures, files and all, as uploads of ``owner``.

        Those that were removed and those whose files are lost are left out.
        """
        copies = []
        for original in self:
            if original.removed_at:
                continue
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
        _delete_on_commit(files)
        return count


def _delete_on_commit(files: Iterable[FieldFile]) -> None:
    """One that cannot be deleted has no row any more: it is swept as an orphan."""
    for name, storage in [(file.name, file.storage) for file in files]:
        transaction.on_commit(lambda name=name, storage=storage: storage.delete(name), robust=True)


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

    @property
    def sent_at(self) -> datetime:
        """When it became a part of its ticket."""
        return self.reply.at if self.reply else self.ticket.created_at

    def may_change(self, by: User, at: datetime) -> bool:
        """Whether ``by`` may black out or remove what was sent.

        Supervisors may at any time; members only what they sent into their own ticket, and only
        for ``REDACT_MINUTES``.
        """
        if self.removed_at or self.ticket_id is None:
            return False
        if by.is_staff and by.has_perm("tickets.redact_screenshot"):
            return True
        if self.owner_id != by.pk or self.ticket.member_id != by.pk:
            return False
        return at <= self.sent_at + timedelta(minutes=settings.REDACT_MINUTES)

    def check_change(self, by: User, at: datetime) -> None:
        """Raise ``TransitionError`` if ``by`` may not change it any more.

        Raises ``PermissionDenied`` if they never could.
        """
        if self.removed_at:
            raise TransitionError(_("This picture was removed already."))
        if self.may_change(by, at):
            return
        if self.ticket is None or self.ticket.member_id != by.pk:
            raise PermissionDenied
        raise TransitionError(
            _("You can change your own pictures only, and only for %(n)s min after sending.")
            % {"n": settings.REDACT_MINUTES}
        )

    def blacken(
        self, by: User, boxes: Sequence[Box], *, at: datetime, address: str | None = None
    ) -> None:
        """Paint ``boxes`` black for ever: in the picture, in its thumbnail, in the store.

        Raises what ``check_change`` and ``sanitise`` raise, and ``OSError``. Nothing is locked
        while the child paints: if somebody else changes the picture meanwhile, theirs is painted
        on.
        """
        for _turn in range(TURNS):
            self.refresh_from_db()
            self.check_change(by, at)
            before = self.picture.name
            with self._opened() as picture, blacken(picture, boxes) as painted:
                self._store(painted)
            if self._replaces(before, by, at, address):
                return
        raise ImagesBusy

    @transaction.atomic
    def remove(self, by: User, *, at: datetime, address: str | None = None) -> None:
        """Take the picture away; the row stays, so that the thread can say so.

        Raises what ``check_change`` raises.
        """
        stored = self._locked()
        stored.check_change(by, at)
        _delete_on_commit([stored.picture, stored.thumb])
        self.picture, self.thumb, self.name, self.size = "", "", "", 0
        self.removed_at = at
        self.save(update_fields=["picture", "thumb", "name", "size", "removed_at"])
        self._tell("removed", by, at, address)

    def _opened(self) -> FieldFile:
        try:
            return self.picture.open("rb")
        except FileNotFoundError:
            raise TransitionError(_("This picture is no longer available.")) from None

    def _store(self, picture: Sanitised) -> None:
        """Write the files under new names and take over what they are; saves no row."""
        with picture.content.open("rb") as content, picture.thumb.open("rb") as thumb:
            self.picture.save("", File(content), save=False)
            self.thumb.save("", File(thumb), save=False)
        self.content_type, self.size = picture.content_type, picture.size
        self.width, self.height = picture.width, picture.height
        self.thumb_width, self.thumb_height = picture.thumb_width, picture.thumb_height

    @transaction.atomic
    def _replaces(self, before: str, by: User, at: datetime, address: str | None) -> bool:
        """Put the new files in the place of ``before``.

        ``False``, and the new files deleted, if that is not what is stored now.
        """
        stored = self._locked()
        if stored.removed_at or stored.picture.name != before:
            for file in (self.picture, self.thumb):
                file.delete(save=False)
            return False
        _delete_on_commit([stored.picture, stored.thumb])
        self.save(update_fields=["picture", "thumb", "content_type", "size", *_SIDES])
        self._tell("blackened", by, at, address)
        return True

    def _locked(self) -> Screenshot:
        return Screenshot.objects.select_for_update().get(pk=self.pk)

    def _tell(self, how: str, by: User, at: datetime, address: str | None) -> None:
        """Write it into the ticket's history; the member never hears of a note's pictures."""
        public = self.reply is None or self.reply.kind != "note"
        data = {"screenshot": str(self.uuid), "how": how}
        self.ticket.picture_changed(by, data, at=at, address=address, public=public)
