"""One run over a file of the member record: what it would change, what it did, and how it ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.storage import Storage
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from ..text import UNSTORABLE
from .user import User

FOLDER = "imports"  # of the storage; nothing in it is ever served
UNDECIDED_FOR = timedelta(days=1)
SHOWN = 200  # changes and refusals that are kept
KINDS = ("created", "updated", "unchanged", "deactivated", "refused")


class PeopleImportQuerySet(models.QuerySet["PeopleImport"]):
    """Runs, in the words of the desk."""

    def undecided(self) -> PeopleImportQuerySet:
        """Files that somebody uploaded and has neither taken over nor discarded."""
        return self.filter(state__in=[PeopleImport.State.UPLOADED, PeopleImport.State.CHECKED])

    def waiting(self) -> PeopleImportQuerySet:
        """What ``run_jobs`` has to do, the oldest first."""
        states = [PeopleImport.State.UPLOADED, PeopleImport.State.CONFIRMED]
        return self.filter(state__in=states).order_by("pk")

    def last_synchronisation(self) -> PeopleImportQuerySet:
        """Runs that came to an end, newest first; one of the desk counts only without any other."""
        ended = [PeopleImport.State.DONE, PeopleImport.State.REFUSED]
        runs = self.filter(state__in=ended, ended_at__isnull=False)
        return runs.order_by("source", "-ended_at", "-pk")  # "command" before "desk"

    def upload(
        self,
        by: User,
        file: UploadedFile,
        *,
        skip_bad: bool,
        deactivate_missing: bool,
        at: datetime,
    ) -> PeopleImport:
        """Keep ``file`` to be checked; nobody is changed by this."""
        storage = _storage()
        name = storage.save(f"{FOLDER}/{uuid.uuid4().hex}", file)
        try:
            return self.create(
                source=PeopleImport.Source.DESK,
                state=PeopleImport.State.UPLOADED,
                by=by,
                file=name,
                file_name=_file_name(file.name or ""),
                skip_bad=skip_bad,
                deactivate_missing=deactivate_missing,
                at=at,
            )
        except Exception:
            storage.delete(name)
            raise

    def record_command(
        self, file_name: str, *, is_done: bool, at: datetime, ended_at: datetime, **result: Any
    ) -> PeopleImport:
        """Note a run of the nightly command; ``result`` is as for ``PeopleImport.end``."""
        return self.create(
            source=PeopleImport.Source.COMMAND,
            state=PeopleImport.State.DONE if is_done else PeopleImport.State.REFUSED,
            file_name=_file_name(file_name),
            at=at,
            ended_at=ended_at,
            **_result(**result),
        )

    def discard_stale(self, at: datetime) -> None:
        """Forget what nobody decided on, and give up what cannot be taken over for a day."""
        for one in self.undecided().filter(at__lt=at - UNDECIDED_FOR):
            one.discard(at)
        given_up = self.filter(state=PeopleImport.State.CONFIRMED, at__lt=at - 2 * UNDECIDED_FOR)
        for one in given_up:
            one.end(PeopleImport.State.REFUSED, at, reason=gettext("It could not be taken over."))

    def sweep_files(self, at: datetime) -> None:
        """Delete files that no row names, as a process that dies leaves them behind."""
        storage = _storage()
        try:
            names = {f"{FOLDER}/{name}" for name in storage.listdir(FOLDER)[1]}
        except FileNotFoundError:
            return
        for name in names - set(self.filter(file__in=names).values_list("file", flat=True)):
            if storage.get_modified_time(name) < at - UNDECIDED_FOR:
                storage.delete(name)


class PeopleImport(models.Model):
    """A synchronisation, by the nightly command or by a supervisor at the desk.

    ``shown`` are the first changes and ``refused`` the first refusals, as they were reported;
    ``counts`` says how many there were of each. They name people, and are emptied by an erasure.
    """

    class Source(models.TextChoices):
        COMMAND = "command", pgettext_lazy("import", "Nightly file")
        DESK = "desk", pgettext_lazy("import", "Desk")

    class State(models.TextChoices):
        UPLOADED = "uploaded", pgettext_lazy("import", "Waiting to be checked")
        CHECKED = "checked", pgettext_lazy("import", "Checked: nothing changed yet")
        CONFIRMED = "confirmed", pgettext_lazy("import", "Being taken over")
        DONE = "done", pgettext_lazy("import", "Taken over")
        REFUSED = "refused", pgettext_lazy("import", "Refused: nothing changed")
        DISCARDED = "discarded", pgettext_lazy("import", "Discarded")

    source = models.CharField(max_length=8, choices=Source.choices)
    state = models.CharField(max_length=10, choices=State.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    file_name = models.CharField(max_length=200, blank=True)
    file = models.FileField(max_length=200, blank=True)  # gone as soon as nobody needs it
    skip_bad = models.BooleanField(default=False)
    deactivate_missing = models.BooleanField(default=False)
    lines = models.PositiveIntegerField(default=0)  # read so far
    counts = models.JSONField(default=dict)
    shown = models.JSONField(default=list)
    refused = models.JSONField(default=list)
    reason = models.CharField(max_length=300, blank=True)  # why the file as a whole was refused
    at = models.DateTimeField(_("time"))
    ended_at = models.DateTimeField(null=True)

    objects = PeopleImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import of people")
        verbose_name_plural = _("imports of people")
        ordering = ["-pk"]
        default_permissions = ["add", "view"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[
                        *("uploaded", "checked", "confirmed"),
                        *("done", "refused", "discarded"),
                    ]
                ),
                name="peopleimport_state_known",
            )
        ]
        indexes = [models.Index(fields=["state", "id"], name="peopleimport_state")]

    def __str__(self) -> str:
        return f"{self.file_name} {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_undecided(self) -> bool:
        return self.state in {self.State.UPLOADED, self.State.CHECKED}

    @property
    def is_waiting(self) -> bool:
        """Whether ``run_jobs`` has something to do about it."""
        return self.state in {self.State.UPLOADED, self.State.CONFIRMED}

    @property
    def is_confirmable(self) -> bool:
        """Whether it was checked, and has no bad rows but those that are to be left out."""
        has_bad = bool(self.counts.get("refused"))
        return self.state == self.State.CHECKED and (self.skip_bad or not has_bad)

    @property
    def changed(self) -> int:
        """How many people it changed, or would change."""
        return sum(self.counts.get(kind, 0) for kind in ("created", "updated", "deactivated"))

    def confirm(self, at: datetime) -> bool:
        """Have it taken over by the next round; ``False`` if that is impossible by now."""
        return self.is_confirmable and self._move(self.State.CONFIRMED, at=at)

    def discard(self, at: datetime) -> bool:
        """Forget the file; ``False`` if it is decided already."""
        return self.is_undecided and self.end(self.State.DISCARDED, at)

    def note_progress(self, lines: int) -> bool:
        """Say how far the check is; ``False`` if nobody wants it any more."""
        return self._move(self.state, lines=lines)

    def finish_check(self, **result: Any) -> bool:
        """Show what would change; ``result`` is as for ``end``, and the changes as ``shown``."""
        return self._move(self.State.CHECKED, **_result(**result))

    def end(self, state: str, at: datetime, **result: Any) -> bool:
        """End as ``state``: no file and no changes are kept; ``False`` if it has ended before.

        ``result`` may hold ``counts``, ``refused``, ``lines`` and ``reason``.
        """
        name = self.file.name
        gone = {"file": "", "shown": [], "ended_at": at}
        with transaction.atomic():
            is_ended = self._move(state, **_result(**result), **gone)
            if is_ended and name:
                transaction.on_commit(lambda: _storage().delete(name), robust=True)
        return is_ended

    def _move(self, state: str, **values: Any) -> bool:
        """Write, unless somebody else has moved it on: of two at once one wins."""
        still = PeopleImport.objects.filter(pk=self.pk, state=self.state)
        if not still.update(state=state, **values):
            return False
        self.state = state
        for name, value in values.items():
            setattr(self, name, value)
        return True


def _storage() -> Storage:
    return PeopleImport._meta.get_field("file").storage


def _file_name(name: str) -> str:
    return UNSTORABLE.sub("", name)[:200]


def _result(
    *,
    counts: dict[str, int] | None = None,
    refused: Iterable[tuple[int, str]] | None = None,
    reason: str = "",
    **values: Any,
) -> dict[str, Any]:
    """The columns that hold a result; texts cut to what can be stored."""
    if counts is not None:
        values["counts"] = {kind: counts.get(kind, 0) for kind in KINDS}
    if refused is not None:
        values["refused"] = [[line, _storable(told)] for line, told in list(refused)[:SHOWN]]
    if reason:
        values["reason"] = _storable(reason)
    return values


def _storable(text: str) -> str:
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)[:300]
