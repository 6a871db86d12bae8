"""A ticket as people read it: description, replies and events in one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User

from .models import Question, Reply, Screenshot, Ticket, TicketEvent, Topic
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
    number: str = ""  # of the duplicate it was written in, empty for the ticket's own
    title: str = ""  # of the duplicate, on its description
    questions: list[Question] = field(default_factory=list)  # asked here
    answers: list[Question] = field(default_factory=list)  # answered here
    screenshots: list[Screenshot] = field(default_factory=list)

    @property
    def is_reply(self) -> bool:
        return self.id.startswith("reply-")

    @property
    def author_name(self) -> str:
        return self.author.display_name if self.author else ""


def entries_for_member(ticket: Ticket) -> list[Entry]:
    """What the member may see: no notes, only public events, and not which agent acted."""
    return _entries(ticket, ticket.member, Reply.objects.public(), _public_events(), _side)


def entries_for_desk(ticket: Ticket, agent: User) -> list[Entry]:
    """The whole thread, with internal notes and every event."""
    return _entries(ticket, agent, Reply.objects.all(), TicketEvent.objects.all(), _name)


def last_seen(entries: list[Entry]) -> int:
    """The id of the newest reply among ``entries``, 0 if there is none."""
    replies = (entry.id.removeprefix("reply-") for entry in entries if entry.is_reply)
    return max(map(int, replies), default=0)


def reply_entry(
    ticket: Ticket,
    reply: Reply,
    reader: User,
    shots: Iterable[Screenshot] = (),
    questions: Iterable[Question] = (),
) -> Entry:
    """``ticket`` is the one it was written in; of ``questions`` it takes those that are its own."""
    return Entry(
        kind=reply.kind,
        at=reply.at,
        author=reply.author,
        is_own=reply.author_id == reader.pk,
        is_staff=reply.author_id != ticket.member_id,
        text=reply.body,
        lang=ticket.text_language,
        id=f"reply-{reply.pk}",
        questions=[question for question in questions if question.reply_id == reply.pk],
        answers=[question for question in questions if question.answered_in_id == reply.pk],
        screenshots=list(shots),
    )


def _entries(
    ticket: Ticket,
    reader: User,
    replies: QuerySet[Reply],
    events: QuerySet[TicketEvent],
    acted: Callable[[TicketEvent], str],
) -> list[Entry]:
    """The description first, then everything of the ticket and its duplicates in one order."""
    parts = {ticket.pk: ticket}
    happened = list(events.filter(ticket=ticket).select_related("actor"))
    if any(event.verb == Verb.MERGE for event in happened):
        parts |= {part.pk: part for part in ticket.duplicates.all()}
        elsewhere = events.filter(ticket__in=parts).exclude(ticket=ticket)
        happened += elsewhere.select_related("actor")
    shots = defaultdict(list)
    for shot in Screenshot.objects.filter(ticket__in=parts):
        shots[shot.reply_id or f"TI-{shot.ticket_id}"].append(shot)
    questions = defaultdict(list)
    for question in Question.objects.filter(reply__ticket__in=parts):
        questions[question.reply_id].append(question)
        questions[question.answered_in_id].append(question)
    entries = []
    for part in parts.values():
        part.member = ticket.member
        entries.append(_description(part, ticket, reader, shots[part.number]))
    for reply in replies.filter(ticket__in=parts).select_related("author"):
        part = parts[reply.ticket_id]
        entry = reply_entry(part, reply, reader, shots[reply.pk], questions[reply.pk])
        entry.number = _foreign(part, ticket)
        entries.append(entry)
    people, topics = _people(happened), _topics(happened)
    for event in happened:
        event.ticket = parts[event.ticket_id]
        if text := _event_text(event, people, topics):
            by, number = acted(event), _foreign(event.ticket, ticket)
            entry = Entry("event", event.at, event.actor, event_text=text, event_by=by)
            entry.number = number
            entries.append(entry)
    # Stable: a reply stands before the change of status it caused.
    return [entries[0], *sorted(entries[1:], key=lambda entry: entry.at)]


def _foreign(part: Ticket, ticket: Ticket) -> str:
    """The number of a duplicate; empty for the ticket itself."""
    return "" if part.pk == ticket.pk else part.number


def _description(part: Ticket, ticket: Ticket, reader: User, shots: list[Screenshot]) -> Entry:
    number = _foreign(part, ticket)
    return Entry(
        kind="description",
        at=part.created_at,
        author=part.member,
        is_own=part.member_id == reader.pk,
        text=part.description,
        lang="en" if part.from_chat else part.text_language,  # a transcript is English
        id=f"description-{number}" if number else "",
        number=number,
        title=part.full_title if number else "",
        screenshots=shots,
    )


def _public_events() -> QuerySet[TicketEvent]:
    return TicketEvent.objects.filter(public=True)


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


def _people(events: list[TicketEvent]) -> dict[int, User]:
    """Those to whom ``events`` gave the ticket."""
    given = (event.data.get("to") for event in events if event.verb == Verb.ASSIGN)
    wanted = {pk for pk in given if pk is not None}
    return User.objects.in_bulk(wanted) if wanted else {}


def _topics(events: list[TicketEvent]) -> dict[int, Topic]:
    wanted = {event.data.get("topic") for event in events if event.verb == Verb.TOPIC}
    return Topic.objects.in_bulk(wanted) if wanted else {}


def _event_text(event: TicketEvent, people: dict[int, User], topics: dict[int, Topic]) -> str:
    """What the timeline says of an event; empty where the reply itself says it."""
    if event.verb == Verb.SUBMIT:
        is_own = event.actor_id == event.ticket.member_id
        return _("Issue received") if is_own else _("Issue filed by support for the member")
    if event.verb == Verb.ASSIGN:
        if event.data.get("to") is None:
            return _("Unassigned")
        assignee = people.get(event.data["to"])
        if assignee is None:
            return _("Assigned to somebody else")
        return _("Assigned to %(name)s") % {"name": assignee.display_name}
    if event.verb == Verb.TOPIC:
        topic = topics.get(event.data.get("topic"))
        return _("Topic: %(name)s") % {"name": topic.name if topic else "–"}
    if event.verb == Verb.MERGE:
        if "merged" in event.data:
            number = f"TI-{event.data['merged']}"
            return _("Put together with %(number)s") % {"number": number}
        return ""  # its counterpart in the other ticket says it
    if event.verb == Verb.REDACT:
        if event.data.get("how") == "removed":
            return _("A picture was removed")
        return _("Something was blacked out in a picture")
    if "to" in event.data:
        status = Ticket.Status(event.data["to"]).label
        return pgettext("timeline", "Status changed: %(status)s") % {"status": status}
    return ""
