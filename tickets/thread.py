"""A ticket as people read it: description, replies and events in one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User

from .models import Question, Reply, Screenshot, Ticket, TicketEvent, Topic
from .models.event import Verb

_QUESTION = ("id", "position", "text", "answer", "answered_in_id")
Names = tuple[dict[int, User], dict[int, Topic]]


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
    event: int = 0  # the id of the event it came with
    is_first_new: bool = False  # the first of those that the reader has not seen
    questions: list[Question] = field(default_factory=list)  # asked here
    answers: list[Question] = field(default_factory=list)  # answered here
    screenshots: list[Screenshot] = field(default_factory=list)

    @property
    def is_reply(self) -> bool:
        return self.id.startswith("reply-")

    @property
    def author_name(self) -> str:
        return self.author.display_name if self.author else ""


def entries_for_member(ticket: Ticket, merged: list[Ticket] | None = None) -> list[Entry]:
    """What the member may see: no notes, only public events, and not which agent acted."""
    replies = Reply.objects.public()
    return _entries(ticket, ticket.member, replies, _public_events(), _side, merged)


def entries_for_desk(
    ticket: Ticket,
    agent: User,
    merged: list[Ticket] | None = None,
    names: Callable[[list[TicketEvent]], Names] | None = None,
) -> list[Entry]:
    """The whole thread, with internal notes and every event.

    ``merged`` are its duplicates, ``names`` finds whom and what events name, if the caller knows.
    """
    events = TicketEvent.objects.all()
    return _entries(ticket, agent, Reply.objects.all(), events, _name, merged, names)


def mark_new(entries: list[Entry], seen: int) -> None:
    """Mark where the news of others begins after the event ``seen``; a first visit has no news."""
    news = (entry for entry in entries if entry.event > seen and not entry.is_own)
    if seen and (first := next(news, None)):
        first.is_first_new = True


def offer_changes(entries: list[Entry], reader: User, at: datetime) -> None:
    """Set ``is_changeable`` of the pictures that ``reader`` may black out or remove at ``at``."""
    for entry in entries:
        for shot in entry.screenshots:
            shot.is_changeable = shot.may_change(reader, at)


def last_seen(entries: list[Entry]) -> int:
    """The id of the newest reply among ``entries``, 0 if there is none."""
    replies = (entry.id.removeprefix("reply-") for entry in entries if entry.is_reply)
    return max(map(int, replies), default=0)


def event_texts(events: list[TicketEvent]) -> dict[int, str]:
    """What a timeline says of each of ``events``, by id; empty where the verb says it all."""
    people, topics = _names(events)
    return {event.pk: _event_text(event, people, topics) for event in events}


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
    merged: list[Ticket] | None = None,
    names: Callable[[list[TicketEvent]], Names] | None = None,
) -> list[Entry]:
    """Everything of the ticket and its duplicates in one order."""
    parts = {part.pk: part for part in [ticket, *(merged or [])]}
    happened = list(events.filter(ticket__in=parts).select_related("actor"))
    if merged is None and any(event.verb == Verb.MERGE for event in happened):
        parts |= {part.pk: part for part in ticket.duplicates.all()}
        elsewhere = events.filter(ticket__in=parts).exclude(ticket=ticket)
        happened += elsewhere.select_related("actor")
    shots = defaultdict(list)
    for shot in Screenshot.objects.filter(ticket__in=parts).select_related("reply"):
        shot.ticket = parts[shot.ticket_id]
        shots[shot.reply_id or f"TI-{shot.ticket_id}"].append(shot)
    written_down = replies.filter(ticket__in=parts).select_related("author")
    said, questions = _with_questions(written_down)
    written = {event.data.get("reply"): event.pk for event in happened}
    entries = []
    for part in parts.values():
        part.member = ticket.member
        entries.append(_description(part, ticket, reader, shots[part.number]))
    for reply in said:
        part = parts[reply.ticket_id]
        entry = reply_entry(part, reply, reader, shots[reply.pk], questions[reply.pk])
        entry.number, entry.event = _foreign(part, ticket), written.get(reply.pk, 0)
        entries.append(entry)
    people, topics = (names or _names)(happened)
    for event in happened:
        event.ticket = parts[event.ticket_id]
        if text := _event_text(event, people, topics, reader):
            by, number = acted(event), _foreign(event.ticket, ticket)
            entry = Entry("event", event.at, event.actor, event_text=text, event_by=by)
            entry.number, entry.event, entry.is_own = number, event.pk, event.actor_id == reader.pk
            entries.append(entry)
    # Stable: a description stands first, and a reply before the change of status it caused.
    return sorted(entries, key=lambda entry: entry.at)


def _with_questions(replies: QuerySet[Reply]) -> tuple[list[Reply], dict[int, list[Question]]]:
    """Every reply once, and the questions asked or answered in it, by one query."""
    columns = {f"question_{name}": F(f"questions__{name}") for name in _QUESTION}
    rows = list(replies.annotate(**columns).order_by("at", "pk", "question_position"))
    questions = defaultdict(list)
    for row in rows:
        if row.question_id is not None:
            values = {name: getattr(row, f"question_{name}") for name in _QUESTION}
            question = Question(reply_id=row.pk, **values)
            questions[question.reply_id].append(question)
            questions[question.answered_in_id].append(question)
    return list({row.pk: row for row in rows}.values()), questions


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


def _submitted(event: TicketEvent, reader: User | None) -> str:
    member = event.ticket.member_id
    if event.actor_id == member:
        return _("Issue received")
    if reader and reader.pk == member:
        return _("Issue filed by technical support for you")
    return _("Issue filed by support for the member")


def _name(event: TicketEvent) -> str:
    if event.verb == Verb.SUBMIT or event.actor is None:
        return ""
    if event.verb == Verb.ASSIGN and event.data.get("to") == event.actor_id:
        return ""  # the text names them already
    return pgettext("timeline", "by %(name)s") % {"name": event.actor.display_name}


def assigned_to(events: Iterable[TicketEvent]) -> set[int]:
    """Those to whom ``events`` gave the ticket."""
    given = (event.data.get("to") for event in events if event.verb == Verb.ASSIGN)
    return {pk for pk in given if pk is not None}


def _names(events: list[TicketEvent]) -> Names:
    """The people and topics that ``events`` name."""
    people = assigned_to(events)
    topics = {event.data.get("topic") for event in events if event.verb == Verb.TOPIC}
    return (
        User.objects.in_bulk(people) if people else {},
        Topic.objects.in_bulk(topics) if topics else {},
    )


def _event_text(
    event: TicketEvent,
    people: dict[int, User],
    topics: dict[int, Topic],
    reader: User | None = None,
) -> str:
    """What the timeline says of an event; empty where the reply itself says it."""
    if event.verb == Verb.SUBMIT:
        return _submitted(event, reader)
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
    if event.verb == Verb.INCIDENT:
        return _("Linked to a known incident")
    if event.verb == Verb.REDACT:
        if event.data.get("how") == "removed":
            return _("A picture was removed")
        return _("Something was blacked out in a picture")
    if "to" in event.data:
        status = Ticket.Status(event.data["to"]).label
        return pgettext("timeline", "Status changed: %(status)s") % {"status": status}
    return ""
