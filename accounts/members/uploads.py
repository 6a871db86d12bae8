"""What ``run_jobs`` does about the files that were uploaded at the desk: checks, takes over."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, cast

from django.db import InterfaceError, OperationalError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from ..models import PeopleImport
from ..models.people_import import SHOWN
from .faults import FileRefused
from .files import upload_records
from .rows import Record
from .synchronisation import Change, Refusal, Synchronisation

logger = logging.getLogger(__name__)


class _Discarded(Exception):
    """Somebody discarded the file while it was checked."""


class _Report:
    """The first changes and refusals of a run."""

    def __init__(self) -> None:
        self.shown: list[dict] = []
        self.refused: list[tuple[int, str]] = []

    def tell_change(self, change: Change) -> None:
        if len(self.shown) < SHOWN:
            row = {"kind": change.kind, "username": change.username, "columns": change.columns}
            self.shown.append(row)

    def tell_refusal(self, refusal: Refusal) -> None:
        if len(self.refused) < SHOWN:
            self.refused.append((refusal.line, refusal.reason))


def work(at: datetime) -> None:
    """One round: forget what is stale, then check and take over what waits.

    Whatever is interrupted is found again in the next round, and begins at the beginning.
    """
    PeopleImport.objects.discard_stale(at)
    PeopleImport.objects.sweep_files(at)
    for one in PeopleImport.objects.waiting().select_related("by"):
        with translation.override(one.by.language if one.by else "en"):
            _go_on(one, at)


def _go_on(one: PeopleImport, at: datetime) -> None:
    """Do what is next; an error that the next round would meet again ends the import."""
    try:
        _check(one, at) if one.state == PeopleImport.State.UPLOADED else _take_over(one, at)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("import_failed", extra={"import": one.pk})
        one.refresh_from_db()
        one.end(PeopleImport.State.REFUSED, at, reason=_("It could not be taken over."))


def _check(one: PeopleImport, at: datetime) -> None:
    """Say what would change; the rows read so far are committed for the page that waits."""
    report = _Report()

    def tell_progress(lines: int) -> None:
        if not one.note_progress(lines):
            raise _Discarded

    # Bad rows are only told here: whether they refuse the file is decided when it is confirmed.
    run = Synchronisation(
        at,
        tell_refusal=report.tell_refusal,
        tell_change=report.tell_change,
        tell_progress=tell_progress,
        dry_run=True,
        skip_bad=True,
        deactivate_missing=one.deactivate_missing,
        at_desk=True,
    )
    try:
        with _records(one) as records:
            run.run(records)
    except FileRefused as refusal:
        _refuse(one, at, run, report, str(refusal))
    except _Discarded:
        return
    else:
        result = {"counts": run.counts, "refused": report.refused, "lines": run.read}
        one.finish_check(**result, shown=report.shown)


def _take_over(one: PeopleImport, at: datetime) -> None:
    """Judge the file again and write, in one transaction with the word that it is done."""
    report = _Report()
    run = Synchronisation(
        at,
        tell_refusal=report.tell_refusal,
        skip_bad=one.skip_bad,
        deactivate_missing=one.deactivate_missing,
        at_desk=True,
    )
    try:
        # Opened outside: a connection that idles in a transaction while texts are unpacked is cut.
        with _records(one) as records, transaction.atomic():
            if not _is_mine(one):
                return
            run.run(records)
            result = {"counts": run.counts, "refused": report.refused, "lines": run.read}
            one.end(PeopleImport.State.DONE, at, **result)
    except FileRefused as refusal:
        _refuse(one, at, run, report, str(refusal))


def _is_mine(one: PeopleImport) -> bool:
    """Whether it is still to be done, and nobody else is doing it."""
    rows = PeopleImport.objects.select_for_update(skip_locked=True)
    return rows.filter(pk=one.pk, state=PeopleImport.State.CONFIRMED).first() is not None


@contextlib.contextmanager
def _records(one: PeopleImport) -> Iterator[Iterator[Record]]:
    try:
        file = one.file.open("rb")
    except (OSError, ValueError) as error:
        logger.warning("import_file_missing", extra={"import": one.pk})
        raise FileRefused(_("The file is no longer there. Upload it again.")) from error
    with file:
        yield upload_records(cast(BinaryIO, file))


def _refuse(
    one: PeopleImport, at: datetime, run: Synchronisation, report: _Report, reason: str
) -> None:
    counts = {"refused": run.counts["refused"]}
    result = {"counts": counts, "refused": report.refused, "lines": run.read, "reason": reason}
    one.end(PeopleImport.State.REFUSED, at, **result)
