"""A ticket as people read it: description, replies and events in one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User

from .models import Reply, Screenshot, Ticket, TicketEvent
from .models.event import Verb


@dataclass
class Entry:
    """One entry of the thread. ``kind``: description, reply, question, note or event."""

    kind: str
    at: datetime
    author: User | None = None
    is_own: bool = False
    is_staff: bool = False
    text: str = ""
    lang: str = ""
    id: str = ""
    event_text: str = ""
    event_by: str = ""
    screenshots: list[Screenshot] = field(default_factory=list)

    @property
    def author_name(self) -> str:
        return self.author.display_name if self.author else ""


def entries_for_member(ticket: Ticket) -> list[Entry]:
    """What the member may see: no notes, only public events, and not which agent acted."""
    events = ticket.events.filter(public=True)
    return _entries(ticket, ticket.replies.public(), events, ticket.member, _side)


def entries_for_desk(ticket: Ticket, agent: User) -> list[Entry]:
    """The whole thread, with internal notes and every event."""
    return _entries(ticket, ticket.replies.all(), ticket.events.all(), agent, _name)


def last_seen(entries: list[Entry]) -> int:
    """The id of the newest reply among ``entries``, 0 if there is none."""
    return max((int(entry.id.partition("-")[2]) for entry in entries if entry.id), default=0)


def reply_entry(ticket: Ticket, reply: Reply, reader: User, shots: list[Screenshot]) -> Entry:
    is_staff = reply.author_id != ticket.member_id
    return Entry(
        kind=reply.kind,
        at=reply.at,
        author=reply.author,
        is_own=reply.author_id == reader.pk,
        is_staff=is_staff,
        text=reply.body,
        lang=ticket.text_language,
        id=f"reply-{reply.pk}",
        screenshots=shots,
    )


def _entries(
    ticket: Ticket,
    replies: object,
    events: object,
    reader: User,
    acted: Callable[[TicketEvent], str],
) -> list[Entry]:
    shots = defaultdict(list)
    for shot in ticket.screenshots.all():
        shots[shot.reply_id].append(shot)
    description = Entry(
        kind="description",
        at=ticket.created_at,
        author=ticket.member,
        is_own=ticket.member_id == reader.pk,
        text=ticket.description,
        lang="en" if ticket.from_chat else ticket.text_language,  # a transcript is English
        screenshots=shots[None],
    )
    written = [
        reply_entry(ticket, reply, reader, shots[reply.pk])
        for reply in replies.select_related("author")
    ]
    events = list(events.select_related("actor"))
    people = User.objects.in_bulk(_assignees(events))
    happened = [
        Entry("event", event.at, event.actor, event_text=text, event_by=acted(event))
        for event in events
        if (text := _event_text(event, people))
    ]
    # Stable: a reply stands before the change of status it caused.
    return [description, *sorted([*written, *happened], key=lambda entry: entry.at)]


def _side(event: TicketEvent) -> str:
    """Which side acted, in the member's eyes; empty where that goes without saying."""
    if event.verb == Verb.SUBMIT or event.actor is None:
        return ""
    if event.actor_id == event.ticket.member_id:
        return pgettext("timeline", "you")
    return _("technical support")


def _name(event: TicketEvent) -> str:
    if event.verb == Verb.SUBMIT or event.actor is None:
        return ""
    return pgettext("timeline", "by %(name)s") % {"name": event.actor.display_name}


def _assignees(events: list[TicketEvent]) -> set[int]:
    """The ids of those to whom ``events`` gave the ticket."""
    given = (event.data.get("to") for event in events if event.verb == Verb.ASSIGN)
    return {pk for pk in given if pk is not None}


def _event_text(event: TicketEvent, people: dict[int, User]) -> str:
    """What the timeline says of an event; empty where the reply itself says it."""
    if event.verb == Verb.SUBMIT:
        return _("Issue received")
    if event.verb == Verb.ASSIGN:
        if event.data.get("to") is None:
            return _("Unassigned")
        assignee = people.get(event.data["to"])
        if assignee is None:
            return _("Assigned to somebody else")
        return _("Assigned to %(name)s") % {"name": assignee.display_name}
    if "to" in event.data:
        status = Ticket.Status(event.data["to"]).label
        return pgettext("timeline", "Status changed: %(status)s") % {"status": status}
    return ""
