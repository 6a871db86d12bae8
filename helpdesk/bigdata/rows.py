"""Lives as rows: numbered in the order of time, as a running house would have numbered them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from tickets.models import Question, ReadMark, Reply, Screenshot, Ticket, TicketEvent

from .lives import Event, Life, Post
from .load import Sheet
from .moments import Calendar, Chance
from .people import Crowd

TICKET = (
    *("id", "member_id", "language", "title", "description", "technical_details", "status"),
    *("rank", "first_reply_at"),
    *("assignee_id", "submission_id", "created_at", "waiting_since", "last_reply_at"),
    *("last_reply_by_id", "closed_at", "from_chat", "topic_id", "merged_into_id"),
    "follow_up_of_id",
    *("has_pictures", "last_event", "last_public_event", "title_key", "search_text", "notes_text"),
)
REPLY = ("id", "ticket_id", "author_id", "kind", "body", "submission_id", "at")
QUESTION = ("reply_id", "position", "text", "answer", "answered_in_id")
EVENT = ("id", "ticket_id", "actor_id", "verb", "public", "data", "address", "at")
MARK = ("person_id", "ticket_id", "event")
SHOT = (
    *("uuid", "owner_id", "ticket_id", "reply_id", "name", "picture", "thumb", "content_type"),
    *("width", "height", "thumb_width", "thumb_height", "size", "at"),
)


class Books:
    """The tables of tickets, written a batch of lives at a time."""

    def __init__(
        self,
        random: Chance,
        calendar: Calendar,
        members: Crowd,
        replies: int,
        events: int,
        picture: tuple | None,
    ) -> None:
        """``replies`` and ``events`` are the last ids in use; ``picture`` the file of all shots."""
        self.rank_of = members.rank_of
        self.random, self.at, self.picture = random, calendar.at, picture
        self.replies, self.events = replies, events
        self.tickets = Sheet(Ticket, TICKET)
        self.rest = [Sheet(Reply, REPLY), Sheet(Question, QUESTION), Sheet(TicketEvent, EVENT)]
        self.rest += [Sheet(ReadMark, MARK), Sheet(Screenshot, SHOT)]

    def write(self, lives: list[Life]) -> None:
        posts = sorted((post for life in lives for post in life.posts), key=attrgetter("at"))
        for number, post in enumerate(posts, self.replies + 1):
            post.pk = self.replies = number
        events = sorted((event for life in lives for event in life.events), key=attrgetter("at"))
        for number, event in enumerate(events, self.events + 1):
            event.pk = event.life.last_event = self.events = number
            if event.is_public:
                event.life.last_public_event = event.pk
        self.tickets.put(map(self._ticket, lives))
        marks = (mark for life in lives for mark in self._marks(life))
        tables: list[Iterable[tuple]] = [
            map(self._reply, posts),
            self._questions(lives),
            map(self._event, events),
            marks,
            self._shots(lives) if self.picture else (),
        ]
        for sheet, rows in zip(self.rest, tables, strict=True):
            sheet.put(rows)

    def _ticket(self, life: Life) -> tuple[Any, ...]:
        last, first = life.last_reply, life.first_reply
        browser = life.gaps.plain["browser"]
        return (
            *(life.pk, life.member, life.voice.language, life.title.words, life.description.words),
            *(f"{browser} · {life.gaps.plain['device']}", life.status),
            *(self.rank_of(life.member), first if first is None else self.at(first)),
            *(life.assignee, self.random.uuid()),
            *(self.at(life.created), self.at(life.waiting), last and self.at(last.at)),
            *(last and last.author, None if life.closed is None else self.at(life.closed)),
            *(life.from_chat, life.topic, life.merged_into, life.follow_up_of),
            *(bool(self.picture) and life.has_pictures, life.last_event, life.last_public_event),
            *(life.title_key, " ".join(life.search), " ".join(life.notes)),
        )

    def _reply(self, post: Post) -> tuple[Any, ...]:
        start = (post.pk, post.life.pk, post.author, post.kind)
        return (*start, post.text.words, self.random.uuid(), self.at(post.at))

    def _questions(self, lives: list[Life]) -> Iterator[tuple]:
        for life in lives:
            for asked in life.questions:
                yield (
                    *(asked.post.pk, asked.position, asked.text.words),
                    asked.answer.words if asked.answer else "",
                    asked.answered_in and asked.answered_in.pk,
                )

    def _event(self, event: Event) -> tuple[Any, ...]:
        data = event.data
        if event.post:
            data = f'"reply": {event.post.pk}, {data}' if data else f'"reply": {event.post.pk}'
        # Addresses that RFC 5737 keeps for examples; everybody has their own.
        address = f"198.51.100.{event.actor % 253 + 1}"
        return (
            *(event.pk, event.life.pk, event.actor, event.verb, event.is_public),
            *(f"{{{data}}}", address, self.at(event.at)),
        )

    def _marks(self, life: Life) -> Iterator[tuple]:
        """Most have read everything; the others up to what they did themselves."""
        own: dict[int, int] = {}
        for event in life.events:
            if event.is_public or event.actor != life.member:
                own[event.actor] = max(own.get(event.actor, 0), event.pk)
        if life.assignee is not None:
            own.setdefault(life.assignee, 0)
        for person, done in own.items():
            newest = life.last_public_event if person == life.member else life.last_event
            seen = newest if self.random.random() < 0.9 else done
            if seen:
                yield (person, life.pk, seen)

    def _shots(self, lives: list[Life]) -> Iterator[tuple]:
        for life in lives:
            for number in range(1, life.pictures + 1):
                yield self._shot(life, life.member, None, f"screen-{number}.png", life.created)
            for post in life.posts:
                if post.has_picture:
                    yield self._shot(life, post.author, post.pk, "answer.png", post.at)

    def _shot(
        self, life: Life, owner: int, reply: int | None, name: str, at: float
    ) -> tuple[Any, ...]:
        path, width, height, size = self.picture or ("", 0, 0, 0)
        start = (self.random.uuid(), owner, life.pk, reply, name, path, path, "image/png")
        return (*start, width, height, width, height, size, self.at(at))
