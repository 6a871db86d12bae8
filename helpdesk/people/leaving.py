"""Shutting somebody out: no more sessions, and what they had at hand goes to the others."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sessions import end_sessions
from chat.models import ChatClosed, Conversation, NotYours, Presence
from helpdesk.privacy.erasure import is_erased
from tickets.models import Ticket
from tickets.old_cases.take_over import SUPPORT


@dataclass(frozen=True)
class Left:
    """What somebody leaves behind: how many sessions, unfinished tickets, and chats at hand."""

    sessions: int
    tickets: int
    chats: int


def may_decide(by: User, person: User) -> bool:
    """Whether ``by`` may shut ``person`` out or let them in; nobody decides about themselves."""
    is_above = person.is_superuser and not by.is_superuser
    return by.has_perm("accounts.change_user") and by.pk != person.pk and not is_above


def why_not_in(person: User) -> str:
    """Why nobody can let ``person`` in; empty if it can be done."""
    if is_erased(person):
        return _("This member is erased.")
    if person.username == SUPPORT:
        return _("This account stands for the support of the old portal. Nobody signs in with it.")
    return ""


def left_by(person: User, at: datetime) -> Left:
    """What ``person`` would leave behind now."""
    keys = UserSession.objects.filter(user=person).values("session_key")
    return Left(
        sessions=Session.objects.filter(session_key__in=keys, expire_date__gt=at).count(),
        tickets=_tickets_of(person).count(),
        chats=Conversation.objects.of_agent(person).count(),
    )


@transaction.atomic
def shut_out(person: User, by: User, at: datetime, address: str | None = None) -> Left | None:
    """Let ``person`` in no more; return what they left behind, ``None`` if they were out before.

    Chats go back into the queue, in their old place, and unfinished tickets are nobody's; closed
    ones, and whatever the person wrote, stay. Ask ``may_decide`` before.
    """
    rows = {row.pk: row for row in _locked([person, by])}
    row = rows[person.pk]
    # Somebody may just have shut ``by`` out: two who do so to each other must not both succeed.
    if not row.is_active or not (rows[by.pk].is_active and may_decide(rows[by.pk], row)):
        return None
    row.is_active, row.shut_out_at = False, at
    row.save(update_fields=["is_active", "shut_out_at"])
    sessions = left_by(row, at).sessions
    end_sessions([row.pk])
    tickets = _free_tickets(row, by, at, address)  # may take seconds, in which the chat goes on
    return Left(sessions, tickets, _free_chats(row))


@transaction.atomic
def let_in(person: User) -> bool:
    """Let ``person`` sign in again; ``False`` if they may already, or nobody can let them in."""
    [row] = _locked([person])
    if row.is_active or why_not_in(row):
        return False
    end_sessions([row.pk])  # one may have begun while the door was being shut
    row.is_active, row.shut_out_at = True, None
    row.save(update_fields=["is_active", "shut_out_at"])
    return True


def _locked(people: list[User]) -> list[User]:
    """The rows, their keys left free: lines that name the people may be written meanwhile."""
    rows = User.objects.select_for_update(no_key=True).order_by("pk")
    return list(rows.filter(pk__in=[person.pk for person in people]))


def _free_chats(person: User) -> int:
    Presence.end(person)  # before the chats, as in accepting one: else both could wait for ever
    count = 0
    for chat in Conversation.objects.of_agent(person).order_by("pk"):
        with suppress(ChatClosed, NotYours):  # ended or handed over meanwhile
            chat.release(person)
            count += 1
    return count


def _tickets_of(person: User) -> QuerySet[Ticket]:
    return Ticket.objects.unfinished().filter(assignee=person)


def _free_tickets(person: User, by: User, at: datetime, address: str | None) -> int:
    count = 0
    held = _tickets_of(person).order_by("pk")
    for pk in list(held.values_list("pk", flat=True)):
        # Somebody may have been handed it, or closed or merged it, while others were given back.
        ticket = held.select_for_update(of=("self",)).filter(pk=pk).first()
        if ticket is None:
            continue
        # Nobody moves their own ticket: that one is given back by who leaves.
        giver = person if ticket.member_id == by.pk else by
        count += ticket.assign(giver, None, at=at, address=address) is not None
    return count
