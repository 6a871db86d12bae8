"""Forgetting a member: what they wrote and who they were goes, what is counted stays.

The row of the person is kept and made anonymous, so that tickets, events and chats keep their
member, their rank and language, and every figure stays what it was. First the person is shut out;
then text after text goes in small steps, each committed; the name and the address go last. Until
then the person is found by the same user name: an erasure that was interrupted is run again.

Words that somebody wrote as an agent into the tickets of others belong to those tickets and stay.
Backups, log files and mails that have left the house are not reached from here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from post_office.models import Email

from accounts.models import (
    AuditEntry,
    ErasureRequest,
    PeopleImport,
    User,
    default_time_zone,
)
from chat.models import Presence
from tickets.models import AnswerDraft, Draft, ReadMark, Ticket, TicketEvent, TicketPresence

from .mails import addresses_of, mails_of
from .register import DELETED, EMPTIED, label
from .steps import (
    Step,
    chat_steps,
    deleting,
    deleting_each,
    emptying,
    picture_step,
    ticket_steps,
    writing_each,
)
from .walk import about, log_entries

ROUNDS = 3  # for what is written while texts are being erased
SESSIONS = 1_000  # decoded at a time

Counts = dict[tuple[str, str], int]  # rows by label of the model and fate
Tell = Callable[[str], None]


class NotErasable(Exception):
    """``message`` says why, for the person who asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def check_erasable(member: User) -> None:
    """Raise ``NotErasable`` for staff: what they did is the record of the house."""
    if member.is_staff or member.is_superuser:
        raise NotErasable(_("Staff cannot be erased. Take their rights away first."))
    name = _anonymous_name(member)
    if User.objects.filter(username__iexact=name).exclude(pk=member.pk).exists():
        raise NotErasable(_("Somebody else is called %s.") % name)


def is_erased(member: User) -> bool:
    return member.username == _anonymous_name(member) and not member.is_active


def counts_left(member: User, at: datetime) -> Counts:
    """How many rows an erasure would change now, by model and fate."""
    counts: Counter[tuple[str, str]] = Counter()
    for step in _steps(member, at):
        counts[step.label, step.fate] += step.count()
    for model in (EmailAddress, ErasureRequest):
        field = "user" if model is EmailAddress else "person"
        counts[label(model), DELETED] += model.objects.filter(**{field: member}).count()
    for through in (User.groups.through, User.user_permissions.through):
        counts[label(through), DELETED] += through.objects.filter(user=member).count()
    counts[label(User), EMPTIED] += not is_erased(member)
    return {key: count for key, count in counts.items() if count}


def erase(
    member: User, at: datetime, tell: Tell, by: User | None = None, address: str | None = None
) -> Counts:
    """Erase ``member``; return how many rows were changed, by model and fate.

    Raises ``NotErasable``. Must not be called inside a transaction: what is done is done, also if
    the process dies, and the next call goes on.
    """
    check_erasable(member)
    _overwrite_what_is_deleted()
    _shut_out(member)
    counts: Counter[tuple[str, str]] = Counter()
    for _round in range(ROUNDS):
        done = _run(_steps(member, at), tell)
        counts += done
        if not done:
            break
    addresses, newest = addresses_of(member), Email.objects.aggregate(pk=Max("pk"))["pk"] or 0
    with transaction.atomic(durable=True):
        if _forget_person(member, at):
            counts[label(User), EMPTIED] += 1
            AuditEntry.objects.create(
                actor=by,
                action=AuditEntry.Action.ERASE_MEMBER,
                about=about(member),
                address=address,
                at=at,
            )
    # A mail that was being written meanwhile still knew the address.
    late = partial(mails_of, member, addresses, newest)
    return dict(counts + _run([deleting_each(Email, late)], tell))


def _run(steps: Iterator[Step] | list[Step], tell: Tell) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for step in steps:
        for done in step.run():
            counts[step.label, step.fate] += done
            tell(f"{step.label}: {counts[step.label, step.fate]} {step.fate}")
    return counts


def _overwrite_what_is_deleted() -> None:
    """SQLite leaves deleted texts in the free pages of its file unless it is told to wipe them."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _shut_out(member: User) -> None:
    """No more sign-ins, requests or socket frames: nothing new is written from here on."""
    active = User.objects.filter(pk=member.pk, is_active=True)
    active.update(is_active=False, password=make_password(None))


def _steps(member: User, at: datetime) -> Iterator[Step]:
    """Everything but the person, in an order that can be broken off anywhere."""

    def whose(way: str) -> Q:
        return Q(**{f"{way}member": member.pk})

    yield deleting_each(Session, partial(_sessions, member))
    yield deleting(UserSession.objects.filter(user=member))
    yield deleting(Authenticator.objects.filter(user=member))
    yield deleting(EmailConfirmation.objects.filter(email_address__user=member))
    yield picture_step(Q(owner=member, ticket=None, shown_to=None), at)
    yield deleting(Draft.objects.filter(owner=member))
    yield deleting(AnswerDraft.objects.filter(author=member))
    yield deleting(ReadMark.objects.filter(person=member))
    yield deleting(TicketPresence.objects.filter(agent=member))
    yield deleting(Presence.objects.filter(agent=member))
    yield from ticket_steps(whose, at)
    yield from chat_steps(whose, Q(shown_to=member), at)
    yield emptying(TicketEvent.objects.filter(actor=member), address=None)
    yield emptying(AuditEntry.objects.filter(actor=member), address=None)
    yield _import_step(at)
    yield emptying(PeopleImport.objects.all(), shown=[], refused=[], reason="", file_name="")
    yield _log_step(member)
    yield deleting_each(Email, partial(mails_of, member))


def _log_step(member: User) -> Step:
    """The admin's own log repeats names and titles."""
    values = {"object_repr": _anonymous_name(member), "change_message": ""}

    def left() -> Iterator[QuerySet]:
        return (entries.exclude(**values) for entries in log_entries(member))

    return writing_each(LogEntry, left, **values)


def _import_step(at: datetime) -> Step:
    """Files of people that are kept yet, with the one who is to be forgotten in them."""

    def discard(some: QuerySet[PeopleImport]) -> None:
        for one in some:
            one.end(PeopleImport.State.DISCARDED, at)

    kept = PeopleImport.objects.exclude(file="")
    return Step(PeopleImport, EMPTIED, lambda: iter([kept]), discard)


def _sessions(member: User) -> Iterator[QuerySet[Session]]:
    """The sessions of ``member``: only what is inside tells whose they are."""
    own, rows = [], Session.objects.order_by("pk")
    for session in rows.iterator(SESSIONS):
        if session.get_decoded().get("_auth_user_id") == str(member.pk):
            own.append(session.pk)
    yield Session.objects.filter(pk__in=own)


def _anonymous_name(member: User) -> str:
    return f"erased-{member.pk}"


def _forget_person(member: User, at: datetime) -> bool:
    """Make the row anonymous; return ``False`` if it is already. Rank and language are counted."""
    row = User.objects.select_for_update().get(pk=member.pk)
    ErasureRequest.objects.withdraw(row)
    EmailAddress.objects.filter(user=row).delete()
    row.groups.clear()
    row.user_permissions.clear()
    if is_erased(row) and not row.email:
        return False
    row.username, row.email, row.first_name, row.last_name = _anonymous_name(row), "", "", ""
    row.member_id, row.rank_since, row.last_login, row.works_in = None, None, None, []
    row.is_active, row.time_zone = False, default_time_zone()
    row.date_joined = row.date_joined.replace(
        month=1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
    row.set_unusable_password()
    row.save()
    return True


def open_things(member: User) -> int:
    """How many tickets of the person are not closed: they stay where they are."""
    return Ticket.objects.owned_by(member).unfinished().count()
