"""Take members over from the member record, as a CSV file (DESIGN §3)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from accounts.members import COLUMNS, FileRefused, Synchronisation, records


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

    def handle(self, *, file: str, dry_run: bool, **options: Any) -> None:
        synchronisation = Synchronisation(
            timezone.now(),
            tell_refusal=self.stderr.write,
            tell_change=self.stdout.write if dry_run else lambda change: None,
            dry_run=dry_run,
            skip_bad=options["skip_bad"],
            deactivate_missing=options["deactivate_missing"],
        )
        try:
            with open(file, encoding="utf-8-sig", newline="") as lines:
                counts = synchronisation.run(records(lines))
        except (OSError, FileRefused) as error:
            raise CommandError(str(error)) from error
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        self.stdout.write(f"Dry run, nothing was changed: {told}." if dry_run else f"{told}.")
