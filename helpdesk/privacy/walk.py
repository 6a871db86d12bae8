"""The walk over everything that refers to a member: every table, by every way that leads there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any, NamedTuple

from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet
from post_office.models import Log

from accounts.models import AuditEntry, User
from chat.models import Conversation
from tickets.models import Ticket

from .mails import mails_of
from .register import Held, held_models, label, person_fields

BATCH = 500  # things asked for in one statement


class Found(NamedTuple):
    """Some rows of one model. ``is_whole``: the member's own matter, not only a mention."""

    model: type[Model]
    held: Held
    rows: QuerySet
    is_whole: bool


def walk(member: User) -> Iterator[Found]:
    """Yield every row that refers to ``member``, each once, some at a time, table by table."""
    for model, held in held_models():
        yield from (Found(model, held, rows, True) for rows in own_rows(model, held, member))
        yield from (Found(model, held, rows, False) for rows in _mentions(model, held, member))


def own_rows(model: type[Model], held: Held, member: User) -> Iterator[QuerySet]:
    """Yield the rows of ``model`` that are the member's own matter, each once."""
    manager, before = model._base_manager, Q()
    for way in held.ways(member.pk):
        yield manager.filter(way).exclude(before) if before else manager.filter(way)
        before |= way
    if more := _WAYS.get(label(model)):
        yield from more(member)


def _mentions(model: type[Model], held: Held, member: User) -> Iterator[QuerySet]:
    """Yield the rows that name the person and are somebody else's matter."""
    before = reduce(or_, held.ways(member.pk), Q())
    for column in person_fields(model):
        if column.name in held.own:
            continue
        way = Q(**{column.name: member.pk})
        rows = model._base_manager.filter(way)
        yield rows.exclude(before) if before else rows
        before |= way


def batches(things: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch


def log_entries(member: User) -> Iterator[QuerySet[LogEntry]]:
    """What the admin's own log says about the person, their tickets and their chats."""
    yield _entries_about(User, [member.pk]).exclude(user=member)
    for model in (Ticket, Conversation):
        own = model.objects.filter(member=member).values_list("pk", flat=True)
        for numbers in batches(own.iterator()):
            yield _entries_about(model, numbers).exclude(user=member)


def _entries_about(model: type[Model], numbers: list[int]) -> QuerySet[LogEntry]:
    kind = ContentType.objects.get_for_model(model)
    return LogEntry.objects.filter(content_type=kind, object_id__in=map(str, numbers))


def about(member: User) -> str:
    """How the audit log names somebody: it holds no personal data, also after an erasure."""
    return f"person {member.pk}"


def _audit_entries(member: User) -> Iterator[QuerySet[AuditEntry]]:
    """What others did with the person's matters: when and what, not who (C-579/21, Pankki S)."""
    others = AuditEntry.objects.exclude(actor=member)
    yield others.filter(about=about(member))
    for numbers in batches(Ticket.objects.owned_by(member).values_list("pk", flat=True).iterator()):
        yield others.filter(about__in=[f"TI-{number}" for number in numbers])


def _sessions(member: User) -> Iterator[QuerySet[Session]]:
    keys = UserSession.objects.filter(user=member).values("session_key")
    yield Session.objects.filter(session_key__in=keys)


def _mail_logs(member: User) -> Iterator[QuerySet[Log]]:
    for mails in mails_of(member):
        yield Log.objects.filter(email__in=mails)


# Ways that no foreign key leads.
_WAYS: dict[str, Callable[[User], Iterator[QuerySet]]] = {
    "accounts.AuditEntry": _audit_entries,
    "admin.LogEntry": log_entries,
    "sessions.Session": _sessions,
    "post_office.Email": mails_of,
    "post_office.Log": _mail_logs,
}
