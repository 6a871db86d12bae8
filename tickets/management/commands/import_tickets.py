"""Take closed tickets over from an old portal, as a JSON file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from tickets.images import ImagesBusy
from tickets.old_cases.take_over import KNOWN, NEW, REFUSED, TakeOver


class Command(BaseCommand):
    help = "Take closed tickets over from a JSON list, or from a file with one object a line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.json")
        parser.add_argument("--dry-run", action="store_true", help="judge everything, keep nothing")

    def handle(self, *, file: str, dry_run: bool, **options: Any) -> None:
        take_over = TakeOver(
            timezone.now(),
            tell=self.stdout.write,
            refuse=self.stderr.write,
            dry_run=dry_run,
        )
        try:
            counts = take_over.run(Path(file))
        except (OSError, ImagesBusy) as error:
            raise CommandError(str(error) or "No room for pictures. Run it again.") from error
        told = ", ".join(f"{counts[what]} {what}" for what in (NEW, KNOWN, REFUSED))
        self.stdout.write(f"Dry run, nothing was changed: {told}." if dry_run else f"{told}.")
        if counts[REFUSED]:
            raise CommandError(f"{counts[REFUSED]} entries were refused.")
