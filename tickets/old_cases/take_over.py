"""Taking cases over, one by one: each is here whole or not at all."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from django.db import IntegrityError
from django.db.models import Value
from django.db.models.functions import Lower

from accounts.models import User
from accounts.throttle import TooMany

from ..images import ImageRefused, sanitise
from ..models import ImportedTicket, Screenshot
from ..models.imported import PastCase, PastReply
from .entries import FileRefused, entries
from .judge import EntryRefused, OldCase, OldPicture, judge

SUPPORT = "old-portal"  # who wrote what support wrote there
EVERY = 100  # entries between two words of progress
NEW, KNOWN, REFUSED = "new", "already here", "refused"

Tell = Callable[[str], None]


class TakeOver:
    """Reads a file and takes over what fits. ``refuse`` hears of what does not, entry by entry."""

    def __init__(self, now: datetime, *, tell: Tell, refuse: Tell, dry_run: bool = False) -> None:
        self.now, self.tell, self.refuse, self.dry_run = now, tell, refuse, dry_run
        self.counts: Counter[str] = Counter()
        self._numbers: set[str] = set()  # of this file: the one thing that grows with it
        self._support: User | None = None

    def run(self, path: Path) -> Counter[str]:
        """Return how many were new, already here and refused; raises ``OSError``."""
        with path.open(encoding="utf-8-sig", newline="") as file:
            try:
                for entry in entries(file):
                    self._take(entry.number, entry.value, entry.fault, path.parent)
                    if entry.number % EVERY == 0:
                        self.tell(f"{entry.number} entries …")
            except FileRefused as error:
                self.counts[REFUSED] += 1
                self.refuse(str(error))
        return self.counts

    def _take(self, number: int, value: dict, fault: str, folder: Path) -> None:
        try:
            if fault:
                raise EntryRefused(fault)
            case = judge(value, folder, self.now)
            self.counts[self._bring(case)] += 1
        except EntryRefused as error:
            self.counts[REFUSED] += 1
            old_number = value.get("old_number") if isinstance(value, dict) else None
            named = f" ({str(old_number)[:64]!r})" if isinstance(old_number, str | int) else ""
            self.refuse(f"Entry {number}{named}: {error}")

    def _bring(self, case: OldCase) -> str:
        if case.old_number in self._numbers:
            raise EntryRefused("old_number: twice in this file")
        self._numbers.add(case.old_number)
        if ImportedTicket.objects.filter(old_number=case.old_number).exists():
            return KNOWN
        member = _member(case.member)
        if self.dry_run:
            self._look_at(case)
            return NEW
        with self._uploaded(case, member) as past:
            try:
                ImportedTicket.objects.bring(past)
            except IntegrityError:
                return KNOWN  # another import was faster
        return NEW

    def _look_at(self, case: OldCase) -> None:
        """Judge the pictures as a real run would, and keep none."""
        for where, picture in _all_pictures(case):
            with _judging(where), picture.opened() as file, sanitise(file):
                pass

    @contextlib.contextmanager
    def _uploaded(self, case: OldCase, member: User) -> Iterator[PastCase]:
        """The case with its pictures stored; what no ticket has taken at the end goes again."""
        support, stored = self._somebody(), []

        def upload(where: str, pictures: list[OldPicture], owner: User) -> list[Screenshot]:
            shots = []
            for index, picture in enumerate(pictures, 1):
                with _judging(f"{where}pictures[{index}]"), picture.opened() as file:
                    shots.append(Screenshot.objects.upload(owner, file, self.now))
                    stored.append(shots[-1].pk)
            return shots

        try:
            yield PastCase(
                old_number=case.old_number,
                member=member,
                language=case.language,
                title=case.title,
                description=case.description,
                opened_at=case.opened_at,
                closed_at=case.closed_at,
                closed_by=support,
                screenshots=upload("", case.pictures, member),
                replies=[
                    PastReply(
                        author=support if reply.is_support else member,
                        kind=reply.kind,
                        body=reply.text,
                        at=reply.at,
                        screenshots=upload(
                            f"replies[{index}].",
                            reply.pictures,
                            support if reply.is_support else member,
                        ),
                    )
                    for index, reply in enumerate(case.replies, 1)
                ],
            )
        finally:
            Screenshot.objects.waiting().filter(pk__in=stored).discard()

    def _somebody(self) -> User:
        """The account that stands for the support of the old portal: nobody signs in with it."""
        if self._support is None:
            self._support, is_new = User.objects.get_or_create(
                username=SUPPORT,
                defaults={
                    "first_name": "Technical",
                    "last_name": "Support",
                    "is_staff": True,
                    "is_active": False,
                },
            )
            if is_new:
                self._support.set_unusable_password()
                self._support.save(update_fields=["password"])
            if self._support.is_active or not self._support.is_staff:
                raise EntryRefused(f"the user name {SUPPORT} belongs to somebody else")
        return self._support


def _member(username: str) -> User:
    lowered = User.objects.alias(lowered=Lower("username"))
    if member := lowered.filter(lowered=Lower(Value(username)), is_staff=False).first():
        return member
    raise EntryRefused("member: unknown")


def _all_pictures(case: OldCase) -> Iterator[tuple[str, OldPicture]]:
    for index, picture in enumerate(case.pictures, 1):
        yield f"pictures[{index}]", picture
    for number, reply in enumerate(case.replies, 1):
        for index, picture in enumerate(reply.pictures, 1):
            yield f"replies[{number}].pictures[{index}]", picture


@contextlib.contextmanager
def _judging(where: str) -> Iterator[None]:
    try:
        yield
    except ImageRefused as error:
        raise EntryRefused(f"{where}: {error.message}") from None
    except FileNotFoundError:
        raise EntryRefused(f"{where}: no such file") from None
    except TooMany:
        raise EntryRefused(f"{where}: the member keeps too many unsent pictures") from None
