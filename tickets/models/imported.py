"""Tickets that came from the old portal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction

from accounts.text import fold

from .daily_figures import DailyFigures
from .event import TicketEvent, Verb
from .languages import TicketLanguage
from .lifecycle import AGENT, MEMBER, TRANSITIONS, Status
from .queries import TITLE_KEY_LENGTH
from .readmark import ReadMark
from .reply import Reply
from .screenshot import Screenshot
from .ticket import Ticket

if TYPE_CHECKING:
    from accounts.models import User

_CASES = uuid.UUID("5f0f3a5e-6d7c-4c0a-9d53-2f2b8f1f6a10")  # the space of old numbers
_VERBS = {
    Reply.Kind.REPLY: Verb.REPLY,
    Reply.Kind.QUESTION: Verb.ASK,
    Reply.Kind.NOTE: Verb.NOTE,
}


@dataclass(frozen=True)
class PastReply:
    """What somebody once wrote into a case; ``screenshots`` are free uploads."""

    author: User
    kind: Reply.Kind
    body: str
    at: datetime
    screenshots: Sequence[Screenshot] = ()


@dataclass(frozen=True)
class PastCase:
    """A closed case of the old portal. ``replies`` are in the order of their times."""

    old_number: str
    member: User
    language: str
    title: str
    description: str
    opened_at: datetime
    closed_at: datetime
    closed_by: User
    screenshots: Sequence[Screenshot] = ()
    replies: Sequence[PastReply] = field(default_factory=list)

    @property
    def search_text(self) -> str:
        """What finds it: also its old number, which people have in their mails."""
        said = [reply.body for reply in self.replies if reply.kind != Reply.Kind.NOTE]
        prefix = TicketLanguage(self.language).prefix
        return fold(" ".join([prefix, self.title, self.description, self.old_number, *said]))

    @property
    def notes_text(self) -> str:
        notes = [reply.body for reply in self.replies if reply.kind == Reply.Kind.NOTE]
        return fold(" ".join(notes))


class ImportedTicketManager(models.Manager):
    @transaction.atomic
    def bring(self, case: PastCase) -> Ticket:
        """Write ``case`` as it would stand here today; nobody is told, and nobody has to read it.

        Raises ``IntegrityError`` if its number was taken over before.
        """
        spoken = [reply for reply in case.replies if reply.kind != Reply.Kind.NOTE]
        last = spoken[-1] if spoken else None
        answers = [reply.at for reply in spoken if reply.author.pk != case.member.pk]
        ticket = Ticket.objects.create(
            member=case.member,
            rank=case.member.rank,
            language=case.language,
            title=case.title,
            description=case.description,
            status=Status.CLOSED,
            submission_id=uuid.uuid5(_CASES, case.old_number),
            created_at=case.opened_at,
            waiting_since=case.closed_at,
            closed_at=case.closed_at,
            first_reply_at=min(answers, default=None),
            last_reply_at=last and last.at,
            last_reply_by=last and last.author,
            has_pictures=bool(case.screenshots or any(r.screenshots for r in case.replies)),
            title_key=fold(case.title)[:TITLE_KEY_LENGTH],
            search_text=case.search_text,
            notes_text=case.notes_text,
        )
        self.create(old_number=case.old_number, ticket=ticket)
        moments = (reply.at for reply in case.replies)
        DailyFigures.objects.forget(case.opened_at, case.closed_at, *moments)
        _attach(ticket, case.screenshots)
        newest = _tell(ticket, case)
        # The ticket knows of no event, so it is news to nobody; the next one will be.
        ReadMark.objects.move(case.member.pk, ticket.pk, newest)
        return ticket


class ImportedTicket(models.Model):
    """Which ticket a case of the old portal became: its number is taken over once.

    The row outlives an erasure, so that a later import does not bring back what was erased.
    """

    old_number = models.CharField(max_length=64, unique=True)
    ticket = models.OneToOneField(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="imported"
    )

    objects = ImportedTicketManager()

    def __str__(self) -> str:
        return f"{self.old_number}: TI-{self.ticket_id}"


def _tell(ticket: Ticket, case: PastCase) -> int:
    """Write replies and events in their order; return the id of the newest event."""
    status = Status.OPEN
    _record(ticket, Verb.SUBMIT, case.member, case.opened_at, {"to": status})
    for number, past in enumerate(case.replies):
        reply = ticket.replies.create(
            author=past.author,
            kind=past.kind,
            body=past.body,
            submission_id=uuid.uuid5(_CASES, f"{case.old_number} {number}"),
            at=past.at,
        )
        _attach(ticket, past.screenshots, reply)
        verb, data = _VERBS[past.kind], {"reply": reply.pk}
        side = MEMBER if past.author.pk == case.member.pk else AGENT
        target = TRANSITIONS[side, verb].target
        if target is not None and target != status:
            data |= {"from": status, "to": target}
            status = target
        _record(ticket, verb, past.author, past.at, data)
    data = {"from": status, "to": Status.CLOSED}
    return _record(ticket, Verb.CLOSE, case.closed_by, case.closed_at, data)


def _record(ticket: Ticket, verb: Verb, actor: User, at: datetime, data: dict) -> int:
    public = verb != Verb.NOTE
    event = TicketEvent.objects.create(
        ticket=ticket, actor=actor, verb=verb, public=public, data=data, at=at
    )
    return event.pk


def _attach(ticket: Ticket, shots: Sequence[Screenshot], reply: Reply | None = None) -> None:
    pks = [shot.pk for shot in shots]
    Screenshot.objects.waiting().filter(pk__in=pks).update(ticket=ticket, reply=reply, draft=None)
