"""One watch per process keeps all cursors true: it asks the database once for all its sockets.

A poke that got lost, a revocation, a place in the queue: whatever the layer did not say is found
here within two rounds (DESIGN §5).
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db.models.functions import Now
from redis.exceptions import RedisError

from accounts.models import User

from . import board, broadcasts, delivery
from .models import Conversation, Presence
from .models import Watch as Heartbeat

if TYPE_CHECKING:
    from .consumers import Socket

logger = logging.getLogger(__name__)
EVERY = 2.0  # seconds between two rounds
AT_MOST_EVERY = 1.0  # also when somebody calls for a round
PING_EVERY = 15.0
SILENT_AFTER = 40.0  # seconds without a word after which a socket is dead
REST = 5.0  # seconds before the layer is listened to again
SILENT, TOO_MANY = 4408, 4429


class TooManySockets(Exception):
    """The person has as many sockets as they may have."""


@dataclass(frozen=True)
class Question:
    """What a round asks the database, for all sockets at once."""

    process: uuid.UUID
    viewers: frozenset[delivery.Viewer]
    conversations: frozenset[uuid.UUID]
    consoles: frozenset[delivery.Viewer]
    heard: frozenset[tuple[delivery.Viewer, uuid.UUID | None]]
    seen: dict[tuple[int, uuid.UUID], int]  # by person and conversation


@dataclass(frozen=True)
class Answer:
    people: dict[delivery.Viewer, User | int]
    conversations: dict[uuid.UUID, Conversation]
    states: dict[uuid.UUID, dict[str, Any]]
    boards: dict[int, dict[str, Any]]
    notes: dict[int, dict[int, dict[str, Any]]]


def ask(question: Question) -> Answer:
    """Renew what the sockets prove and return what they should know; raises ``DatabaseFailure``.

    The number of queries does not depend on the number of sockets. The people are asked for after
    the conversations, so that nothing leaves that is newer than the look at who may have it. The
    heartbeat comes last: it vouches for the leases renewed before it.
    """
    found = Conversation.objects.filter(uuid__in=question.conversations).select_related("agent")
    conversations = {row.uuid: row for row in found} if question.conversations else {}
    states = {name: delivery.state_frame(row) for name, row in conversations.items()}
    people = delivery.people(question.viewers) if question.viewers else {}
    agents = {people[viewer] for viewer in question.consoles if _is_agent(people[viewer])}
    _renew(question, conversations, people)
    _mark_seen(question, conversations)
    boards = board.boards(agents) if agents else {}
    notes = board.fresh_notes(agents) if agents else {}
    Heartbeat.beat(question.process)
    return Answer(people, conversations, states, boards, notes)


def _is_agent(someone: User | int) -> bool:
    return isinstance(someone, User) and someone.is_console_agent


def _renew(
    question: Question,
    conversations: dict[uuid.UUID, Conversation],
    people: dict[delivery.Viewer, User | int],
) -> None:
    """Note by the database's clock who was heard since the last round: one update a table."""
    members, agents = set(), set()
    for viewer, name in question.heard:
        row = conversations.get(name) if name else None
        if row is not None and row.member_id == viewer.user_id:
            members.add(row.pk)
        elif _is_agent(people[viewer]):
            agents.add(viewer.user_id)
    if members:
        Conversation.objects.unfinished().filter(pk__in=members).update(member_at=Now())
    if agents:
        Presence.objects.filter(agent__in=agents).update(seen_at=Now())


def _mark_seen(question: Question, conversations: dict[uuid.UUID, Conversation]) -> None:
    """Write the seen marks, one update a side, and have them in this round's answer already."""
    marks: dict[str, dict[int, int]] = {"member_seen": {}, "agent_seen": {}}
    for (user_id, name), seq in question.seen.items():
        row = conversations.get(name)
        if row is None or user_id not in {row.member_id, row.agent_id}:
            continue
        field = "member_seen" if row.member_id == user_id else "agent_seen"
        marks[field][row.pk] = seq
        setattr(row, field, max(getattr(row, field), min(seq, row.last_seq)))
    for field, by_conversation in marks.items():
        Conversation.objects.mark_seen(field, by_conversation)


class Watch:
    """The sockets of this process and the tasks that keep them true, on the server's loop."""

    clock = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self.process = uuid.uuid4()
        self.sockets: set[Socket] = set()
        self.hears = False  # what the layer says
        self._people: Counter[int] = Counter()
        self._rooms: defaultdict[uuid.UUID, set[Socket]] = defaultdict(set)
        self._call = asyncio.Event()
        self._tasks: list[asyncio.Task] = []

    @classmethod
    def here(cls) -> Watch:
        """The watch of the running loop, begun by its first socket."""
        loop = asyncio.get_running_loop()
        if _watches.get("loop") is not loop:
            _watches.update(loop=loop, watch=cls())
            broadcasts.at_home(loop)
            _watches["watch"]._begin()
        return _watches["watch"]

    def join(self, socket: Socket) -> None:
        """Take care of ``socket``; raises ``TooManySockets``."""
        if self._people[socket.viewer.user_id] >= settings.SOCKETS_PER_PERSON:
            raise TooManySockets
        self._people[socket.viewer.user_id] += 1
        self.sockets.add(socket)
        if socket.conversation:
            self._rooms[socket.conversation].add(socket)

    def leave(self, socket: Socket) -> None:
        if socket not in self.sockets:
            return
        self.sockets.discard(socket)
        self._people[socket.viewer.user_id] -= 1
        self._people += Counter()  # drops who has none
        room = self._rooms.get(socket.conversation, set())
        room.discard(socket)
        if not room:
            self._rooms.pop(socket.conversation, None)

    def call(self) -> None:
        """Ask for a round as soon as there may be one."""
        self._call.set()

    async def tick(self) -> None:
        """One round. Without the database nothing changes: nobody is thrown out, none renewed."""
        asked = list(self.sockets)
        question = self._question(asked)
        try:
            answer = await database_sync_to_async(ask)(question)
        except DatabaseFailure:
            logger.warning("watch_blind")
            for socket in asked:
                socket.was_heard |= (socket.viewer, socket.conversation) in question.heard
            return
        for socket in asked:
            mark = question.seen.get((socket.viewer.user_id, socket.conversation), 0)
            socket.marked = max(socket.marked, min(mark, socket.seen))
            self._apply(socket, answer)

    def pulse(self) -> None:
        """Ask every socket whether it is there, and close those that have not answered.

        Browsers slow the timers of hidden tabs, but answer messages at once. Silence counts only
        while a question is open, so that an outage of our own throws nobody out.
        """
        now = self.clock()
        for socket in list(self.sockets):
            waits = 0.0 if socket.asked_at is None else now - socket.asked_at
            if now - socket.heard_at >= SILENT_AFTER and waits >= SILENT_AFTER - PING_EVERY:
                socket.shut(SILENT)
            elif now - socket.pinged_at >= PING_EVERY:
                socket.ping(now)

    def hear(self, word: dict[str, Any]) -> None:
        """Act on a word of the layer."""
        if word.get("type") in {"queue", "note"}:
            self.call()
            return
        for socket in self._rooms.get(uuid.UUID(word["conversation"]), ()):
            if word["type"] == "look":
                socket.look()
            elif word["type"] == "typing" and socket.side != word["frame"]["author"]:
                socket.put("typing", word["frame"])

    def _question(self, asked: Iterable[Socket]) -> Question:
        heard, seen = set(), {}
        for socket in asked:
            if socket.was_heard:
                heard.add((socket.viewer, socket.conversation))
                socket.was_heard = False
            if socket.conversation and socket.seen > socket.marked:
                place = (socket.viewer.user_id, socket.conversation)
                seen[place] = max(socket.seen, seen.get(place, 0))
        return Question(
            process=self.process,
            viewers=frozenset(socket.viewer for socket in asked),
            conversations=frozenset(s.conversation for s in asked if s.conversation),
            consoles=frozenset(socket.viewer for socket in asked if socket.conversation is None),
            heard=frozenset(heard),
            seen=seen,
        )

    def _apply(self, socket: Socket, answer: Answer) -> None:
        someone = answer.people[socket.viewer]
        if isinstance(someone, int):
            socket.shut(someone)
        elif socket.conversation is None:
            self._show_board(socket, someone, answer)
        else:
            self._show_state(socket, someone, answer)

    def _show_board(self, socket: Socket, someone: User, answer: Answer) -> None:
        if not someone.is_console_agent:
            socket.shut(delivery.Refused.NOT_ALLOWED)
            return
        socket.tell("queue", answer.boards[someone.pk])
        for number, frame in answer.notes.get(someone.pk, {}).items():
            socket.tell(f"note {number}", frame)

    def _show_state(self, socket: Socket, someone: User, answer: Answer) -> None:
        """Send what moved without a message; whatever else moved, ``deliver`` says or refuses.

        A delivery may have overtaken this answer: only what belongs to the socket's own ``seq``
        is told, so that nothing ever goes back.
        """
        row = answer.conversations.get(socket.conversation)
        is_lost = row is None or not (row.member_id == someone.pk or someone.is_console_agent)
        if is_lost or row.last_seq > socket.seq:
            socket.look()
        elif row.last_seq == socket.seq:
            socket.tell("state", answer.states[row.uuid])
            for frame in delivery.seen_frames(row):
                socket.tell_seen(frame)

    def _begin(self) -> None:
        works = ((self._round, 0.0), (self._pulse, 0.0), (self._listen, REST))
        self._tasks = [asyncio.create_task(_for_ever(work, pause)) for work, pause in works]

    async def _round(self) -> None:
        began = self.clock()
        await self.tick()
        await asyncio.sleep(AT_MOST_EVERY)
        left = EVERY - (self.clock() - began)
        try:
            await asyncio.wait_for(self._call.wait(), max(left, 0.0))
        except TimeoutError:
            return
        finally:
            self._call.clear()

    async def _pulse(self) -> None:
        """Beside the rounds, which the database may hold up."""
        await asyncio.sleep(EVERY)
        self.pulse()

    async def _listen(self) -> None:
        layer = get_channel_layer()
        try:
            channel = await layer.new_channel()
            await layer.group_add(broadcasts.GROUP, channel)
            self.hears = True
            while True:
                self.hear(await layer.receive(channel))
        except (RedisError, OSError):
            logger.warning("pokes_unheard")
        finally:
            self.hears = False


async def _for_ever(work: Callable[[], Awaitable[None]], pause: float) -> None:
    """Do ``work`` again and again; what it fails with is logged, and it is begun anew."""
    while True:
        try:
            await work()
            await asyncio.sleep(pause)
        except Exception:
            logger.exception("watch_failed")
            await asyncio.sleep(EVERY)


_watches: dict[str, Any] = {}
