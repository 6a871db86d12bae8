"""One run over the member record: rows judged against the people who are there, and taken over."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..models import Rank, User
from ..sessions import end_sessions
from .faults import FileRefused, RowRefused
from .rows import Record, Row, folded, parse

CHUNK = 500  # rows in memory, and in one statement
OF_EVERYBODY = ["member_id", "first_name", "last_name"]
OF_MEMBERS = [*OF_EVERYBODY, "email", "is_active"]

Changes = dict[str, tuple[Any, Any]]  # what was, and what is now, by column


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one person; ``kind`` is created, updated or deactivated."""

    kind: str
    username: str
    columns: Changes

    def __str__(self) -> str:
        told = (f"{name} {old} → {now}" for name, (old, now) in self.columns.items())
        return f"{self.kind} {self.username}: {', '.join(told)}"


@dataclass(frozen=True, slots=True)
class Refusal:
    line: int
    reason: str

    def __str__(self) -> str:
        return _("Line %(line)s: %(reason)s") % {"line": self.line, "reason": self.reason}


class Synchronisation:
    """One run over a file. ``tell_refusal`` gets every refused row, ``tell_change`` every change.

    With ``dry_run`` nothing is written; with ``skip_bad`` refused rows are left out instead of
    refusing the file; ``deactivate_missing`` shuts out members whom the file does not name.
    ``tell_progress`` is told every ``CHUNK`` rows how many were read. ``at_desk`` refuses
    also what only the command may do: to shut out more than half of the members.
    """

    def __init__(
        self,
        at: datetime,
        *,
        tell_refusal: Callable[[Refusal], Any],
        tell_change: Callable[[Change], Any] = lambda change: None,
        tell_progress: Callable[[int], Any] = lambda count: None,
        dry_run: bool = False,
        skip_bad: bool = False,
        deactivate_missing: bool = False,
        at_desk: bool = False,
    ) -> None:
        self.at = at
        self.tell_refusal, self.tell_change = tell_refusal, tell_change
        self.tell_progress = tell_progress
        self.dry_run, self.skip_bad = dry_run, skip_bad
        self.deactivate_missing, self.at_desk = deactivate_missing, at_desk
        self.read = 0
        self.counts = Counter(created=0, updated=0, unchanged=0, deactivated=0, refused=0)
        self._lines: dict[str, int] = {}  # where a name or member ID was first seen
        # Whose a member ID was before this run: whether it is free must not depend on the chunk.
        self._given_up: dict[str, str] = {}

    def run(self, records: Iterable[Record]) -> Counter[str]:
        """Take the records over and count; raises ``FileRefused``, and then nothing is changed.

        A dry run needs no transaction: what is told meanwhile can be read by others.
        """
        try:
            with contextlib.nullcontext() if self.dry_run else transaction.atomic():
                self._run(records)
        except IntegrityError as error:
            raise FileRefused(
                _("Somebody changed people at the same time. Nothing was changed: try again.")
            ) from error
        return self.counts

    def _run(self, records: Iterable[Record]) -> None:
        rows, active = self._judged(records), _active_members().count()
        while chunk := list(islice(rows, CHUNK)):
            self._take_over(chunk)
        if self.counts["refused"] and not self.skip_bad:
            count = {"n": self.counts["refused"]}
            raise FileRefused(_("Bad rows: %(n)s. Nothing was changed.") % count)
        if self.deactivate_missing:
            self._deactivate_missing(active)

    def _judged(self, records: Iterable[Record]) -> Iterator[tuple[int, Row]]:
        for record in records:
            self.read += 1
            if self.read % CHUNK == 0:
                self.tell_progress(self.read)
            try:
                self._refuse_repeated("username", record.values.get("username"), record.line)
                row = parse(record, at_desk=self.at_desk)
                self._refuse_repeated("member_id", row.member_id, record.line)
            except RowRefused as refusal:
                self._refuse(record.line, refusal)
            else:
                yield record.line, row

    def _refuse_repeated(self, column: str, value: str | None, line: int) -> None:
        """Remember ``value``; also of a bad row, whose person is not missing from the file."""
        if not value:
            return
        key = f"{column} {folded(value)}"
        if (first := self._lines.setdefault(key, line)) != line:
            same = {"column": column, "line": first}
            raise RowRefused(_("%(column)s: the same as in line %(line)s") % same)

    def _refuse(self, line: int, refusal: RowRefused) -> None:
        self.counts["refused"] += 1
        self.tell_refusal(Refusal(line, str(refusal)))

    def _take_over(self, chunk: list[tuple[int, Row]]) -> None:
        names = [row.username for _line, row in chunk]
        people = {person.username: person for person in User.objects.filter(username__in=names)}
        owners = _owners(chunk) | self._given_up
        namesakes = _namesakes(set(names) - people.keys())
        new: list[User] = []
        changed: dict[User, Changes] = {}
        for line, row in chunk:
            try:
                _refuse_taken(row, owners, namesakes)
            except RowRefused as refusal:
                self._refuse(line, refusal)
                continue
            if person := people.get(row.username):
                changes = update(person, row, self.at)
                self._count("updated" if changes else "unchanged", row.username, changes)
                if changes:
                    changed[person] = changes
            else:
                new.append(create(row, self.at))
                self._count("created", row.username, {"rank": ("none", row.rank.code)})
        self._given_up |= {
            changes["member_id"][0]: person.username
            for person, changes in changed.items()
            if "member_id" in changes
        }
        if not self.dry_run and (self.skip_bad or not self.counts["refused"]):
            _write(new, changed)

    def _count(self, what: str, username: str, changes: Changes) -> None:
        self.counts[what] += 1
        if changes:
            self.tell_change(Change(what, username, changes))

    def _deactivate_missing(self, active: int) -> None:
        """Shut out whom the file does not name, of the ``active`` members there were before."""
        if not self._lines:
            raise FileRefused(_("The file names nobody: this would deactivate every member."))
        missing = [
            pk
            for pk, username in _active_members().values_list("pk", "username").iterator(CHUNK)
            if f"username {folded(username)}" not in self._lines
        ]
        if self.at_desk and len(missing) * 2 > active:
            raise FileRefused(_too_many(len(missing), active))
        for start in range(0, len(missing), CHUNK):
            doomed = User.objects.filter(pk__in=missing[start : start + CHUNK])
            for username in doomed.values_list("username", flat=True):
                self._count("deactivated", username, {"is_active": (True, False)})
            if not self.dry_run:
                doomed.update(is_active=False)
        if not self.dry_run:
            end_sessions(missing)


def _active_members() -> QuerySet[User]:
    return User.objects.filter(is_staff=False, is_superuser=False, is_active=True)


def _too_many(missing: int, active: int) -> str:
    words = ngettext(
        "Of %(active)s active member the file does not name %(missing)s. More than half cannot be "
        "shut out at the desk.",
        "Of %(active)s active members the file does not name %(missing)s. More than half cannot be "
        "shut out at the desk.",
        active,
    )
    counts = {"active": active, "missing": missing}
    return words % {name: number_format(n, force_grouping=True) for name, n in counts.items()}


def _owners(chunk: list[tuple[int, Row]]) -> dict[str, str]:
    """Whose the member IDs of these rows are."""
    ids = [row.member_id for _line, row in chunk if row.member_id]
    owners = User.objects.filter(member_id__in=ids)
    return dict(owners.values_list("member_id", "username"))


def _namesakes(names: set[str]) -> dict[str, str]:
    """People whose names differ from these in case only."""
    people = User.objects.annotate(folded=Lower("username"))
    found = people.filter(folded__in=[name.lower() for name in names])
    return dict(found.values_list("folded", "username"))


def _refuse_taken(row: Row, owners: dict[str, str], namesakes: dict[str, str]) -> None:
    if (owner := owners.get(row.member_id or "", row.username)) != row.username:
        taken = {"id": row.member_id, "name": owner}
        raise RowRefused(_("member_id: %(id)s belongs to %(name)s") % taken)
    if namesake := namesakes.get(row.username.lower()):
        alike = {"name": row.username, "other": namesake}
        raise RowRefused(_("username: %(name)s differs from %(other)s in case only") % alike)


def create(row: Row, at: datetime) -> User:
    """Return a new person, not saved; without a password they set one by the reset mail."""
    person = User(
        username=row.username,
        email=row.email,
        member_id=row.member_id,
        language=row.language,
        time_zone=row.time_zone,
        first_name=row.first_name,
        last_name=row.last_name,
        is_active=row.is_active,
        password=row.password or make_password(None),
        date_joined=at,
    )
    person.set_rank(row.rank, at)
    return person


def update(person: User, row: Row, at: datetime) -> Changes:
    """Take ``row`` over, without saving; return what changed."""
    is_member = not (person.is_staff or person.is_superuser)
    changes: Changes = {}
    for name in OF_MEMBERS if is_member else OF_EVERYBODY:
        old, new = getattr(person, name), getattr(row, name)
        if name == "is_active" and person.shut_out_at:
            continue  # what a supervisor decided, no file takes back
        if old != new:
            changes[name] = old, new
            setattr(person, name, new)
    old_rank = Rank(person.rank)
    if person.set_rank(row.rank, at):
        changes["rank"] = old_rank.code, row.rank.code
    if is_member and row.password and row.password != person.password:
        changes["password"] = "old", "new"
        person.password = row.password
    return changes


def _keep_the_rest(columns: set[str], changed: dict[User, Changes]) -> None:
    """Write nothing of ``columns`` but what changes for each: others may just have written it.

    Locks the rows. Who is shut out by then stays out; who is erased by then is left out.
    """
    locked = User.objects.select_for_update(no_key=True).order_by("pk")
    rows = locked.in_bulk([person.pk for person in changed])
    for person, changes in list(changed.items()):
        row = rows[person.pk]
        if row.username != person.username:
            del changed[person]
            continue
        mine = set(changes) | ({"rank_since"} if "rank" in changes else set())
        if row.shut_out_at:
            mine -= {"is_active"}
        for name in columns - mine:
            setattr(person, name, getattr(row, name))


def _write(new: list[User], changed: dict[User, Changes]) -> None:
    User.objects.bulk_create(new)
    columns = {name for changes in changed.values() for name in changes}
    if columns:
        columns |= {"rank_since"} if "rank" in columns else set()
        _keep_the_rest(columns, changed)
        # As an insert that meets its own rows: ten times as fast as bulk_update.
        User.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["id"], update_fields=sorted(columns)
        )
    # allauth remembers each address a reset was asked for, and would go on mailing to the old one.
    moved = [person for person, changes in changed.items() if "email" in changes]
    EmailAddress.objects.filter(user__in=moved).delete()
    end_sessions(person.pk for person in changed if not person.is_active)
