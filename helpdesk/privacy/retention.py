"""What is older than the house wants to keep (``RETENTION_DAYS``): emptied or deleted.

Tables are walked in windows of their key, so that no statement reads a big one from end to end.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Min, Model, Q, QuerySet
from post_office.models import STATUS, Email

from accounts.models import AuditEntry
from chat.models import Conversation, Message
from tickets.models import Ticket, TicketEvent

from .steps import (
    GONE,
    SIZE,
    Step,
    chat_steps,
    deleting_each,
    emptying,
    ticket_steps,
    writing_each,
)
from .walk import batches

WINDOW = 20_000  # ids looked at in one statement
BREATH = 2.0  # seconds in which ``sweep`` works before it lets others do so
_day: dict[str, Any] = {"date": None, "work": iter(())}


def sweep(at: datetime, seconds: float = BREATH) -> None:
    """Do a part of the day's work; called again and again it does all of it, once a day."""
    if _day["date"] != at.date():
        _day.update(date=at.date(), work=outdate(at))
    until = time.monotonic() + seconds
    for _done in _day["work"]:
        if time.monotonic() > until:
            return


def forget_day() -> None:
    """Let the next ``sweep`` begin the day's work anew."""
    _day.update(date=None, work=iter(()))


def outdate(at: datetime) -> Iterator[tuple[str, str, int]]:
    """Take away what is too old at ``at``; yield label, fate and number after each commit."""
    for step in _steps(at):
        for count in step.run():
            yield step.label, step.fate, count


def counts_outdated(at: datetime) -> dict[tuple[str, str], int]:
    """How many rows ``outdate`` would change, by model and fate."""
    counts: Counter[tuple[str, str]] = Counter()
    for step in _steps(at):
        counts[step.label, step.fate] += step.count()
    return {key: count for key, count in counts.items() if count}


def _steps(at: datetime) -> Iterator[Step]:
    kinds = {"tickets": _tickets, "chats": _chats, "audit": _audit, "mails": _mails}
    for kind, steps in kinds.items():
        if days := settings.RETENTION_DAYS[kind]:
            yield from steps(at - timedelta(days=days), at)


def _tickets(before: datetime, at: datetime) -> Iterator[Step]:
    """Tickets closed before then; a duplicate is read in its target and lives as long."""
    old = Q(status=Ticket.Status.CLOSED, closed_at__lte=before)
    whole = Q(merged_into=None) | Q(merged_into__in=Ticket.objects.filter(old))
    for window in _windows(Ticket):
        rows = window.filter(old & whole).exclude(title=GONE, description=GONE)
        for pks in batches(list(rows.values_list("pk", flat=True)), SIZE):
            yield emptying(TicketEvent.objects.filter(ticket__in=pks), address=None)
            yield from ticket_steps(lambda way, pks=pks: Q(**{f"{way}pk__in": pks}), at)


def _chats(before: datetime, at: datetime) -> Iterator[Step]:
    for window in _windows(Conversation):
        old = window.filter(status=Conversation.Status.CLOSED, closed_at__lte=before)
        rows = old.exclude(name="", email="")
        for pks in batches(list(rows.values_list("pk", flat=True)), SIZE):
            sent = Message.screenshots.through.objects.filter(message__conversation__in=pks)
            pictures = Q(pk__in=sent.values("screenshot"), ticket=None)
            yield from chat_steps(lambda way, pks=pks: Q(**{f"{way}pk__in": pks}), pictures, at)


def _audit(before: datetime, at: datetime) -> Iterator[Step]:
    """Who was erased stays known by number: a backup that is brought back needs to be told."""
    doomed = AuditEntry.objects.exclude(action=AuditEntry.Action.ERASE_MEMBER)

    def entries() -> Iterator[QuerySet]:
        return (window & doomed.filter(at__lte=before) for window in _windows(AuditEntry))

    def addresses() -> Iterator[QuerySet]:
        known = TicketEvent.objects.filter(address__isnull=False, at__lte=before)
        return (window & known for window in _windows(TicketEvent))

    yield deleting_each(AuditEntry, entries)
    yield writing_each(TicketEvent, addresses, address=None)


def _mails(before: datetime, at: datetime) -> Iterator[Step]:
    """Mails that were sent, or failed for good."""

    def mails() -> Iterator[QuerySet]:
        done = Email.objects.filter(
            status__in=[STATUS.sent, STATUS.failed], last_updated__lte=before
        )
        return (window & done for window in _windows(Email))

    yield deleting_each(Email, mails)


def _windows(model: type[Model]) -> Iterator[QuerySet]:
    ends = model.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["last"] is None:
        return
    for start in range(ends["first"], ends["last"] + 1, WINDOW):
        yield model.objects.filter(pk__gte=start, pk__lt=start + WINDOW)
