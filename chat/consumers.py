"""A socket is a cursor over the database: it knows what its viewer has and sends what is missing.

Messages come in over HTTP alone. What is refused is accepted first and closed with its code, so
that a page can tell "signed out" from "offline" (DESIGN §5).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import Error as DatabaseFailure
from django.http import parse_cookie

from . import board, broadcasts, inbound
from .delivery import Delivery, Refused, Viewer, deliver, person
from .models import Presence
from .watch import TOO_MANY, TooManySockets, Watch

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

BAD_FRAME, RESTART = 4400, 1012
FLOOD = 60  # frames
FLOOD_SECONDS = 10.0
TYPING_EVERY = 2.0  # seconds between two "is typing" of one socket
GOODBYE = 5.0  # seconds that a close may take when the peer reads no more


class Socket:
    """What every socket does: reads a closed table of frames, writes from one task alone."""

    side = ""
    conversation: UUID | None = None

    def __init__(self) -> None:
        self.seq = self.seen = self.marked = 0
        self.was_heard = True
        self._frames: dict[str, dict[str, Any]] = {}  # to be sent: the latest of a kind
        self._told: dict[str, dict[str, Any]] = {}  # the last one of those sent on change only
        self._due = asyncio.Event()
        self._is_behind = False
        self._end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pings = 0
        self._inbound = (0.0, 0)

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        self._send = send
        self.watch = Watch.here()
        self.heard_at = self.pinged_at = self.watch.clock()
        self.asked_at: float | None = None
        try:
            code = await self._live(scope, receive)
        except asyncio.CancelledError:  # the server stops
            await self._close(RESTART)
            raise
        finally:
            self.watch.leave(self)
        if code is not None:
            await self._close(code)

    # What the watch says to a socket. All of it returns at once.

    def look(self) -> None:
        """There may be something new."""
        self._is_behind = True
        self._due.set()

    def put(self, kind: str, frame: dict[str, Any]) -> None:
        """Send ``frame``, in place of an unsent one of its kind."""
        self._frames[kind] = frame
        self._due.set()

    def tell(self, kind: str, frame: dict[str, Any]) -> None:
        """Send ``frame`` if it says something else than the last one of its kind."""
        if self._told.get(kind) != frame:
            self._told[kind] = frame
            self.put(kind, frame)

    def tell_seen(self, frame: dict[str, Any]) -> None:
        """Seen marks never go back, also when a colleague takes over who has seen less."""
        kind = f"seen {frame['author']}"
        if kind not in self._told or self._told[kind]["seq"] < frame["seq"]:
            self.tell(kind, frame)

    def ping(self, now: float) -> None:
        self._pings += 1
        self.pinged_at = now
        self.asked_at = self.asked_at or now
        self.put("ping", {"type": "ping", "n": self._pings})

    def shut(self, code: int) -> None:
        """Close with ``code``; what was not sent yet never is."""
        if not self._end.done():
            self._end.set_result(code)

    # What differs between the two kinds of sockets

    async def _open(self) -> None:
        """Send the first frames; raises ``Refused``."""
        raise NotImplementedError

    async def _catch_up(self) -> None:
        """Send what there is; raises ``Refused``."""

    async def _ask_again(self) -> None:
        """Raise ``Refused`` if the viewer may not get a frame that no delivery has checked."""

    def _act(self, frame: dict[str, Any]) -> None:
        """Do what an inbound frame asks for."""

    async def _live(self, scope: Event, receive: Receive) -> int | None:
        """Everything between accept and close; the code to close with, ``None`` if it is gone."""
        try:
            self._take_address(scope)
            self.viewer = await database_sync_to_async(viewer_of)(_session_key(scope))
            self.watch.join(self)
            return await self._first_of(self._read(receive), self._write(), self._end)
        except Refused as refused:
            return refused.code
        except TooManySockets:
            return TOO_MANY
        except inbound.BadFrame:
            await self._bounded(self._say({"type": "error", "code": "bad_frame"}))
            return BAD_FRAME
        except DatabaseFailure:
            return RESTART
        except OSError:  # the peer is gone
            return None

    def _take_address(self, scope: Event) -> None:
        """Read the address; raises ``BadFrame``."""

    async def _first_of(self, *works: Awaitable[int | None]) -> int | None:
        """Run all, return or raise what the first one does, and leave none behind."""
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task for task in tasks if task in done).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, receive: Receive) -> int | None:
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return None
            if self._is_flooded():
                return TOO_MANY
            frame = inbound.parse(event.get("text"))
            self.heard_at, self.asked_at, self.was_heard = self.watch.clock(), None, True
            self._act(frame)

    def _is_flooded(self) -> bool:
        began, count = self._inbound
        now = self.watch.clock()
        if now - began >= FLOOD_SECONDS:
            began, count = now, 0
        self._inbound = (began, count + 1)
        return count >= FLOOD

    async def _write(self) -> None:
        """The one task that sends; a peer that reads slowly gets the latest of everything."""
        await self._open()
        while True:
            await self._flush()
            await self._due.wait()
            self._due.clear()
            if self._is_behind:
                self._is_behind = False
                with contextlib.suppress(DatabaseFailure):  # the watch finds it again
                    await self._catch_up()

    async def _flush(self) -> None:
        if "typing" in self._frames:
            try:
                await self._ask_again()
            except DatabaseFailure:
                del self._frames["typing"]
        frames, self._frames = self._frames, {}
        for frame in frames.values():
            await self._say(frame)

    async def _say(self, frame: dict[str, Any]) -> None:
        text = json.dumps(frame, ensure_ascii=False)
        await self._send({"type": "websocket.send", "text": text})

    async def _close(self, code: int) -> None:
        try:
            await self._bounded(self._send({"type": "websocket.close", "code": code}))
        except Exception:  # daphne refuses the protocol's own codes: 1012 becomes a plain close
            await self._bounded(self._send({"type": "websocket.close", "code": 1000}))

    async def _bounded(self, work: Awaitable[None]) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # the peer has gone, or reads no more
            await asyncio.wait_for(work, GOODBYE)


class ConversationSocket(Socket):
    """The cursor of one viewer, member or agent, over one conversation."""

    is_party = False
    name = ""
    _typed = (0.0, False)

    async def _open(self) -> None:
        await self._catch_up()

    def _take_address(self, scope: Event) -> None:
        self.conversation = scope["url_route"]["kwargs"]["uuid"]
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        after = query.get("after", ["0"])[-1]
        if not (after.isascii() and after.isdigit() and len(after) <= 10):
            raise inbound.BadFrame
        self.seq = min(int(after), inbound.MAX_NUMBER)

    async def _catch_up(self) -> None:
        """Deliver until there is nothing more."""
        while True:
            found = await database_sync_to_async(deliver)(self.viewer, self.conversation, self.seq)
            await self._pass_on(found)
            if found.seq >= found.last_seq:
                return

    async def _pass_on(self, found: Delivery) -> None:
        self.side, self.is_party, self.name = found.side, found.is_party, found.name
        for frame in found.frames:
            if frame["type"] == "message":
                await self._say(frame)
            elif frame["type"] == "seen":
                self.tell_seen(frame)
            else:
                self.tell(frame["type"], frame)
        self.seq = found.seq

    async def _ask_again(self) -> None:
        someone = await database_sync_to_async(person)(self.viewer)
        if self.side == "agent" and not someone.is_console_agent:
            raise Refused(Refused.NOT_FOUND)

    def _act(self, frame: dict[str, Any]) -> None:
        if not self.is_party:
            return
        if frame["type"] == "seen":
            self.seen = max(self.seen, min(frame["seq"], self.seq))
        elif frame["type"] == "typing":
            self._type(frame["on"])

    def _type(self, on: bool) -> None:
        """Pass it on, seldom, and only while there are two to talk."""
        if self._told["state"]["status"] != "active":
            return
        said_at, was_on = self._typed
        now = self.watch.clock()
        if on == was_on and (not on or now - said_at < TYPING_EVERY):
            return
        self._typed = (now, on)
        broadcasts.typing(self.conversation, self.side, self.name, on)


class ConsoleSocket(Socket):
    """The agents' console: snapshots of the queue and notes."""

    async def _open(self) -> None:
        for kind, frame in (await database_sync_to_async(open_console)(self.viewer)).items():
            self.tell(kind, frame)

    def _take_address(self, scope: Event) -> None:
        self.conversation = None


def open_console(viewer: Viewer) -> dict[str, dict[str, Any]]:
    """The console's first frames; its opening counts as presence. Raises ``Refused``."""
    agent = person(viewer)
    if not agent.is_console_agent:
        raise Refused(Refused.NOT_ALLOWED)
    Presence.renew(agent)
    return {"queue": board.boards([agent])[agent.pk]}


def viewer_of(session_key: str) -> Viewer:
    """Who holds the session; raises ``Refused``."""
    session = SessionStore(session_key).load() if session_key.isalnum() else {}
    if SESSION_KEY not in session:
        raise Refused(Refused.SIGNED_OUT)
    return Viewer(int(session[SESSION_KEY]), session_key, session.get(HASH_SESSION_KEY, ""))


def _session_key(scope: Event) -> str:
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")
