"""Hand a member everything the portal holds about them, as a ZIP archive."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import AuditEntry, User
from helpdesk.privacy.archive import write_archive
from helpdesk.privacy.people import person_named
from helpdesk.privacy.walk import about


class Command(BaseCommand):
    help = "Write everything the portal holds about a member into a ZIP: a page, JSON, pictures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--out", metavar="FILE", help="default: member-NUMBER-DATE.zip, here")

    def handle(self, *, username: str, out: str | None, **options: Any) -> None:
        member, now = person_named(username), timezone.now()
        path = Path(out or f"member-{member.pk}-{now:%Y-%m-%d}.zip")
        if path.exists():
            raise CommandError(f"{path} exists. Choose another name with --out.")
        counts = self._write(member, path, now)
        AuditEntry.objects.create(
            action=AuditEntry.Action.EXPORT_MEMBER, about=about(member), at=now
        )
        self.stdout.write(f"{path}: {sum(counts.values())} rows of {len(counts)} tables.")

    def _write(self, member: User, path: Path, now: Any) -> dict[str, int]:
        """Write beside ``path`` first, readable for the owner alone: a half file has no name."""
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with open(descriptor, "wb") as target:
                counts = write_archive(member, target, now, self.stdout.write)
            draft.replace(path)
        except OSError as error:
            raise CommandError(str(error)) from error
        finally:
            draft.unlink(missing_ok=True)
        return counts
