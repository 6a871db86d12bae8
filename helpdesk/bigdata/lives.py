"""What becomes of a ticket: the rules of ``tickets.models.Ticket`` without a database.

The verbs write down what those of the model write into rows; a test compares the two by what they
leave behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tickets.models.event import Verb
from tickets.models.lifecycle import Status
from tickets.models.queries import TITLE_KEY_LENGTH
from tickets.models.reply import Reply

from .texts import Gaps, Text, Voice

OPEN, AWAITING, CLOSED = (status.value for status in Status)
REPLY, QUESTION, NOTE = (kind.value for kind in Reply.Kind)
SUBMIT, ASSIGN, TOPIC = Verb.SUBMIT.value, Verb.ASSIGN.value, Verb.TOPIC.value
CLOSE, REOPEN, MERGE = Verb.CLOSE.value, Verb.REOPEN.value, Verb.MERGE.value
VERBS = {REPLY: Verb.REPLY.value, QUESTION: Verb.ASK.value, NOTE: Verb.NOTE.value}


@dataclass(slots=True, eq=False)
class Post:
    """A row of replies to be. Moments are seconds of the calendar."""

    life: Life
    at: float
    author: int
    kind: str
    text: Text
    has_picture: bool = False
    pk: int = 0


@dataclass(slots=True, eq=False)
class Asked:
    """A question with a box of its own."""

    post: Post
    position: int
    text: Text
    answer: Text | None = None
    answered_in: Post | None = None


@dataclass(slots=True, eq=False)
class Event:
    """A row of the history to be; ``data`` is JSON but for the id of ``post``."""

    life: Life
    at: float
    actor: int
    verb: str
    data: str
    post: Post | None = None
    is_public: bool = True
    pk: int = 0


@dataclass(slots=True, eq=False)
class Life:
    """A ticket to be."""

    pk: int
    member: int
    voice: Voice
    gaps: Gaps
    title: Text
    description: Text
    created: float
    issue: int = 0  # what it is about: a place in ``tickets.seed.TOPIC_NAMES``
    from_chat: str | None = None
    follow_up_of: int | None = None
    status: str = OPEN
    assignee: int | None = None
    topic: int | None = None
    merged_into: int | None = None
    waiting: float = 0.0
    closed: float | None = None
    first_reply: float | None = None  # of support
    last_reply: Post | None = None
    has_pictures: bool = False  # any at all
    pictures: int = 0  # those of the description
    last_event: int = 0
    last_public_event: int = 0
    search: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    questions: list[Asked] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def title_key(self) -> str:
        return self.title.folded[:TITLE_KEY_LENGTH]

    def submit(self) -> None:
        first = f"{self.voice.prefix} {self.title.folded} {self.description.folded}"
        self.search.append(first.strip())
        self.waiting = self.created
        self.events.append(Event(self, self.created, self.member, SUBMIT, '"to": "open"'))

    def write(self, author: int, kind: str, text: Text, at: float, questions: list[Text]) -> Post:
        """Reply, ask or note."""
        post = self._post(author, kind, text, at)
        for position, asked in enumerate(questions, 1):
            self.questions.append(Asked(post, position, asked))
            self.search.append(asked.folded)
        target = self.status
        if kind == QUESTION:
            target = AWAITING
        elif kind == REPLY and author == self.member:
            target = OPEN
        self._move(VERBS[kind], author, at, target, post=post, is_public=kind != NOTE)
        return post

    def answer(self, asked: Asked, text: Text, post: Post) -> None:
        asked.answer, asked.answered_in = text, post
        self.search.append(text.folded)

    def assign(self, actor: int, to: int, at: float) -> None:
        before = "null" if self.assignee is None else self.assignee
        self.assignee = to
        data = f'"from": {before}, "to": {to}'
        self.events.append(Event(self, at, actor, ASSIGN, data, is_public=False))

    def label(self, actor: int, topic: int, at: float) -> None:
        self.topic = topic
        data = f'"before": null, "topic": {topic}'
        self.events.append(Event(self, at, actor, TOPIC, data, is_public=False))

    def close(self, actor: int, at: float, waited_since: str) -> None:
        self._move(CLOSE, actor, at, CLOSED, f'"waited_since": "{waited_since}"')

    def reopen(self, actor: int, text: Text, at: float) -> None:
        post = self._post(actor, REPLY, text, at)
        self._move(REOPEN, actor, at, OPEN, post=post)

    def merge_into(self, target: Life, actor: int, at: float) -> None:
        self._move(MERGE, actor, at, CLOSED, f'"into": {target.pk}', is_public=False)
        self.merged_into = target.pk
        target.search += self.search
        target.notes += self.notes
        target.has_pictures = target.has_pictures or self.has_pictures
        target.events.append(Event(target, at, actor, MERGE, f'"merged": {self.pk}'))

    def _post(self, author: int, kind: str, text: Text, at: float) -> Post:
        post = Post(self, at, author, kind, text)
        self.posts.append(post)
        if kind == NOTE:
            self.notes.append(text.folded)
            return post
        self.search.append(text.folded)
        if author != self.member or self.last_reply is None or self.last_reply.author != author:
            self.waiting = at
        if author != self.member and self.first_reply is None:
            self.first_reply = at
        self.last_reply = post
        return post

    def _move(
        self,
        verb: str,
        actor: int,
        at: float,
        target: str,
        data: str = "",
        *,
        post: Post | None = None,
        is_public: bool = True,
    ) -> None:
        if target != self.status:
            change = f'"from": "{self.status}", "to": "{target}"'
            data = f"{data}, {change}" if data else change
            self.status, self.waiting = target, at
            self.closed = at if target == CLOSED else None
        self.events.append(Event(self, at, actor, verb, data, post, is_public))
