"""Take members over from the member record, as a CSV file (DESIGN §3)."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone, translation

from accounts.members import COLUMNS, FileRefused, Refusal, Synchronisation, records
from accounts.models import PeopleImport
from accounts.models.people_import import SHOWN

PROGRESS = 5_000  # rows


class Command(BaseCommand):
    help = f"Create and update members from a UTF-8 CSV file with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.csv")
        parser.add_argument("--dry-run", action="store_true", help="say what would change")
        parser.add_argument("--skip-bad", action="store_true", help="leave bad rows out")
        parser.add_argument(
            "--deactivate-missing",
            action="store_true",
            help="shut out members (never staff) whom the file does not name",
        )
        parser.add_argument(
            "--progress",
            action="store_true",
            help=f"count on standard error, every {PROGRESS} rows (as at a terminal)",
        )

    def handle(self, *, file: str, dry_run: bool, **options: Any) -> None:
        began, is_told = timezone.now(), options["progress"] or sys.stderr.isatty()
        refused: list[tuple[int, str]] = []

        def tell_refusal(refusal: Refusal) -> None:
            self.stderr.write(str(refusal))
            if len(refused) < SHOWN:
                refused.append((refusal.line, refusal.reason))

        def tell_progress(count: int) -> None:
            if is_told and count % PROGRESS == 0:
                self.stderr.write(f"{count} rows read")

        run = Synchronisation(
            began,
            tell_refusal=tell_refusal,
            tell_change=lambda change: self.stdout.write(str(change)) if dry_run else None,
            tell_progress=tell_progress,
            dry_run=dry_run,
            skip_bad=options["skip_bad"],
            deactivate_missing=options["deactivate_missing"],
        )
        with translation.override("en"):
            reason = _run(file, run)
        if not dry_run:
            PeopleImport.objects.record_command(
                os.path.basename(file),
                is_done=not reason,
                at=began,
                ended_at=timezone.now(),
                counts={"refused": run.counts["refused"]} if reason else run.counts,
                refused=refused,
                lines=run.read,
                reason=reason,
            )
        if reason:
            raise CommandError(reason)
        told = ", ".join(f"{count} {what}" for what, count in run.counts.items())
        self.stdout.write(f"Dry run, nothing was changed: {told}." if dry_run else f"{told}.")


def _run(file: str, run: Synchronisation) -> str:
    """Return why the file was refused, or nothing."""
    try:
        with open(file, encoding="utf-8-sig", newline="") as lines:
            run.run(records(lines))
    except (OSError, FileRefused) as error:
        return str(error)
    return ""
