"""Forget a member: everything they wrote and who they were; what is counted stays."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from helpdesk.privacy.erasure import (
    Counts,
    NotErasable,
    check_erasable,
    counts_left,
    erase,
    open_things,
)
from helpdesk.privacy.people import person_named


class Command(BaseCommand):
    help = "Erase what the portal holds about a member. Interrupted, it is simply run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--dry-run", action="store_true", help="say what would be erased")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, username: str, dry_run: bool, yes: bool, **options: Any) -> None:
        member, now = person_named(username), timezone.now()
        try:
            check_erasable(member)
        except NotErasable as error:
            raise CommandError(str(error.message)) from error
        if dry_run or not yes:
            self._show(counts_left(member, now))
            self._warn(member)
        if dry_run:
            self.stdout.write("Dry run, nothing was changed.")
            return
        if not yes and not self._is_sure(member):
            raise CommandError("Nothing was changed.")
        self._show(erase(member, now, self.stdout.write))
        self.stdout.write(f"Erased. The person is now called {self._name_now(member)}.")

    def _show(self, counts: Counts) -> None:
        for (table, fate), count in sorted(counts.items()):
            self.stdout.write(f"{count:>8} {fate:<8} {table}")

    def _warn(self, member: User) -> None:
        if count := open_things(member):
            self.stdout.write(f"{count} tickets are not closed. They stay open, without words.")

    def _is_sure(self, member: User) -> bool:
        self.stdout.write("This cannot be undone. Type the user name to erase the member:")
        try:
            return input().strip().casefold() == member.username.casefold()
        except EOFError:
            return False

    def _name_now(self, member: User) -> str:
        return User.objects.values_list("username", flat=True).get(pk=member.pk)
