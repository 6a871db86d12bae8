"""Take away what is older than the settings allow; ``run_jobs`` does the same once a day."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand
from django.utils import timezone

from helpdesk.privacy.retention import counts_outdated, outdate


class Command(BaseCommand):
    help = "Empty old tickets and chats, delete old mails and audit entries (RETENTION_*_DAYS)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would go")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        for kind, days in settings.RETENTION_DAYS.items():
            self.stdout.write(f"{kind}: " + (f"{days} days" if days else "kept for ever"))
        counts: dict[tuple[str, str], int] = Counter()
        if dry_run:
            counts = counts_outdated(now)
        else:
            for table, fate, count in outdate(now):
                counts[table, fate] += count
        for (table, fate), count in sorted(counts.items()):
            self.stdout.write(f"{count:>8} {fate:<8} {table}")
        self.stdout.write("Dry run, nothing was changed." if dry_run else "Done.")
