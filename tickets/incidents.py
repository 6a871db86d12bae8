"""Delivering what is said to everybody whom a known incident affects; ``run_jobs`` calls it.

A notice remembers up to where it has come in the very transaction that sends, so that whoever is
killed, and two who work at once, send nothing twice. A reply goes along the rows of
``AffectedTicket``; an end goes along the members, who get one mail whatever they filed.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User

from . import emails
from .models import AffectedTicket, Notice, Ticket, TransitionError

ROUND = 200  # steps of one round, so that the mails of others do not wait for long


def deliver(at: datetime, limit: int = ROUND) -> int:
    """Go on with what is not delivered yet; return how many tickets or members were dealt with."""
    steps = 0
    for notice in Notice.objects.filter(done_at=None).order_by("pk"):
        if steps >= limit:
            break
        steps += _go_on(notice, at, limit - steps)
    return steps


def left(notice: Notice) -> QuerySet:
    """The keys that ``notice`` has still to come to: of affected tickets, or of members."""
    meant = notice.incident.affected.filter(at__lte=notice.at)
    if notice.kind == Notice.Kind.REPLY:
        return meant.filter(pk__gt=notice.reached).order_by("pk").values_list("pk", flat=True)
    members = meant.filter(ticket__member__gt=notice.reached).order_by("ticket__member")
    return members.values_list("ticket__member", flat=True).distinct()


def _go_on(notice: Notice, at: datetime, limit: int) -> int:
    steps = sum(_step(notice.pk, key, at) for key in list(left(notice)[:limit]))
    _finish(notice.pk, at)
    return steps


@transaction.atomic
def _step(pk: int, key: int, at: datetime) -> bool:
    """Deal with one ticket or member; ``False`` if somebody else has done so."""
    notice = _locked(pk)
    if notice.done_at or key <= notice.reached:
        return False
    deal = _reply if notice.kind == Notice.Kind.REPLY else _tell
    if deal(notice, key, at):
        notice.sent += 1
    else:
        notice.skipped += 1
    notice.reached = key
    notice.save(update_fields=["reached", "sent", "skipped"])
    return True


@transaction.atomic
def _finish(pk: int, at: datetime) -> None:
    notice = _locked(pk)
    if notice.done_at is None and not left(notice).exists():
        notice.done_at = at
        notice.save(update_fields=["done_at"])


def _locked(pk: int) -> Notice:
    rows = Notice.objects.select_for_update(of=("self",)).select_related("incident", "by")
    return rows.get(pk=pk)


def _reply(notice: Notice, key: int, at: datetime) -> bool:
    """Answer one ticket, unless it takes no reply, is the author's own or about another by now."""
    ticket = Ticket.objects.filter(affected=key, affected__incident=notice.incident).first()
    if ticket is None or ticket.member_id == notice.by_id:
        return False
    if ticket.merged_into:  # where its member reads on, and may be answered already
        ticket = ticket.merged_into
        if AffectedTicket.objects.filter(ticket=ticket, incident=notice.incident).exists():
            return False
    once = uuid.uuid5(notice.uuid, str(ticket.pk))
    try:
        ticket.reply(notice.by, notice.text_in(ticket.language), submission_id=once, at=at)
    except TransitionError:
        return False
    return True


def _tell(notice: Notice, key: int, at: datetime) -> bool:
    """Tell one member by one mail how it ended, and close their tickets if the notice does."""
    member = User.objects.get(pk=key)
    affected = Ticket.objects.owned_by(member).filter(affected__incident=notice.incident)
    tickets = list(affected.order_by("pk"))
    closed = [ticket for ticket in tickets if notice.closes and _close(ticket, notice.by, at)]
    if not (tickets and member.email):
        return False
    emails.incident_ended(member, notice, tickets, closed)
    return True


def _close(ticket: Ticket, by: User, at: datetime) -> bool:
    try:
        ticket.close(by, at=at, tell=False)
    except TransitionError:
        return False
    return True
