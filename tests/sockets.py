"""What socket stories share: pages that hold a socket open, and a watch that waits to be told."""

import asyncio
import contextlib
import functools
import json
import math
import time
import uuid

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from live import session_of

from chat import watch
from helpdesk.asgi import application

ORIGIN = "http://testserver"
do = sync_to_async
PATIENCE = 10  # seconds
_held = []


def story(tale):
    """Run an async story on a loop of its own; its database work stays in the test's thread.

    There it stands in the test's transaction, whose connection must not be closed.
    """

    @functools.wraps(tale)
    def told(*args, **kwargs):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("channels.db.close_old_connections", lambda: None)
            patch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
            async_to_sync(tale)(*args, **kwargs)
        _held.clear()

    return told


class Closed(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Page:
    """The socket of a page, as ``someone`` or with any ``cookie``."""

    def __init__(self, path, someone=None, cookie=None, origin=ORIGIN):
        headers = [(b"host", b"testserver")]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        self.path, self.someone, self.cookie, self.headers = path, someone, cookie, headers
        self.first = []

    async def open(self):
        if self.someone is not None:
            self.cookie = await do(session_of)(self.someone)
        cookie = f"{settings.SESSION_COOKIE_NAME}={self.cookie or ''}".encode()
        headers = [*self.headers, (b"cookie", cookie)]
        _held.append(self)  # a page that nobody holds is closed by the garbage collector
        self.way = WebsocketCommunicator(application, self.path, headers)
        accepted, _protocol = await self.way.connect(PATIENCE)
        if not accepted:
            raise Closed("handshake")
        return self

    async def receive(self):
        """The next frame; raises ``Closed``."""
        event = await self.way.receive_output(PATIENCE)
        if event["type"] == "websocket.close":
            raise Closed(event["code"])
        return json.loads(event["text"])

    async def frame(self, kind):
        """The next frame of a kind."""
        while True:
            frame = await self.receive()
            if frame["type"] == kind:
                return frame

    async def frames(self):
        """All that is there to come: what stands before a mark, and before one more.

        The first may overtake what the last delivery found beside its messages.
        """
        found = []
        await settle()
        for _ in range(2):
            mark = {"type": "mark", "name": str(uuid.uuid4())}
            for socket in the_watch().sockets:
                socket.put("mark", mark)
            while (frame := await self.receive()) != mark:
                found.append(frame)
        return [frame for frame in found if frame["type"] != "mark"]

    async def rest(self):
        """Read on until it is closed: the frames until then, and the code."""
        frames = []
        try:
            while True:
                frames.append(await self.receive())
        except Closed as closed:
            return frames, closed.code

    async def code(self):
        _frames, code = await self.rest()
        return code

    async def send(self, **frame):
        await self.say(json.dumps(frame))

    async def say(self, text):
        await self.way.send_input({"type": "websocket.receive", "text": text})

    async def pong(self):
        """Answer the next question whether one is there."""
        frame = await self.frame("ping")
        await self.send(type="pong", n=frame["n"])

    async def leave(self):
        with contextlib.suppress(TimeoutError):
            await self.way.disconnect()


def conversation(chat, after=0):
    return f"/ws/chat/{chat.uuid}/?after={after}"


CONSOLE = "/ws/staff/chat/"


def the_watch():
    return watch.Watch.here()


async def enter(*pages):
    """Open all and read into ``first`` what they are sent at first."""
    for page in pages:
        await page.open()
        last = 1 if page.path == CONSOLE else 2
        while sum(frame["type"] in {"queue", "seen"} for frame in page.first) < last:
            page.first.append(await page.receive())
    return pages if len(pages) > 1 else pages[0]


async def listening():
    """Until the process hears what the layer says."""
    while not the_watch().hears:
        await asyncio.sleep(0.01)


async def settle():
    """Until the sockets have read what was just sent to them, and have passed it on."""
    for _turn in range(20):
        await asyncio.sleep(0)


class Clock:
    """Time that passes when told, for the watch alone; leases live by the database's."""

    def __init__(self):
        self.now = math.ceil(time.monotonic())  # whole seconds add up without rests

    def __call__(self):
        return self.now
