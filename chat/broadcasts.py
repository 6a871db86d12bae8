"""The only module that sends to the channel layer. It says "look" after commit, no more.

A lost word costs seconds: every process's watch finds by itself what has moved (DESIGN §5).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from typing import Any
from uuid import UUID

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
GROUP = "chat"  # one group, one ear a process: the sockets of a process hear through its watch
TIMEOUT = 0.5  # seconds that Redis has for one word
REST = 5.0  # seconds for which a Redis that failed is left alone
WAITING = 1_000  # words that wait to be sent; more are dropped


def look(conversation: UUID) -> None:
    """Tell the sockets of ``conversation`` that there is something new, once it is committed."""
    _after_commit({"type": "look", "conversation": str(conversation)})


def queue_moved() -> None:
    """Tell the consoles that the queue is another one, once it is committed."""
    _after_commit({"type": "queue"})


def note(conversation: UUID) -> None:
    """Tell the consoles that there is a note on ``conversation``, once it is committed."""
    _after_commit({"type": "note", "conversation": str(conversation)})


def typing(conversation: UUID, author: str, name: str, on: bool) -> None:
    """Tell the other side that ``name`` writes, or has stopped; this is stored nowhere."""
    frame = {"type": "typing", "author": author, "name": name, "on": on}
    _send({"type": "typing", "conversation": str(conversation), "frame": frame})


def at_home(loop: asyncio.AbstractEventLoop) -> None:
    """Remember the server's loop: the in-memory layer can be spoken to on it alone."""
    _voices["home"] = loop


def _after_commit(word: dict[str, Any]) -> None:
    transaction.on_commit(lambda: _send(word), robust=True)


def _send(word: dict[str, Any]) -> None:
    """Hand ``word`` to a loop and return at once."""
    if isinstance(get_channel_layer(), InMemoryChannelLayer):
        home = _voices.get("home")
        if home is not None:
            with contextlib.suppress(RuntimeError):  # that loop is closed, nobody listens
                home.call_soon_threadsafe(_speak, home, word)
        return
    with _lock:
        if "voice" not in _voices:
            _voices["voice"] = _Voice()
    _voices["voice"].say(word)


def _speak(loop: asyncio.AbstractEventLoop, word: dict[str, Any]) -> None:
    task = loop.create_task(get_channel_layer().group_send(GROUP, word))
    _speaking.add(task)  # a loop keeps no hold of its tasks
    task.add_done_callback(_speaking.discard)


class _Voice:
    """A loop in a daemon thread: ``async_to_sync`` would open a connection for every word."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._words: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WAITING)
        self._rest_until = 0.0
        threading.Thread(target=self._run, name="chat-voice", daemon=True).start()

    def say(self, word: dict[str, Any]) -> None:
        if time.monotonic() >= self._rest_until:
            self._loop.call_soon_threadsafe(self._queue, word)

    def _queue(self, word: dict[str, Any]) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._words.put_nowait(word)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._speak())

    async def _speak(self) -> None:
        while True:
            word = await self._words.get()
            if time.monotonic() < self._rest_until:
                continue
            try:
                await self._publish(word)
            except (RedisError, OSError, TimeoutError):
                self._rest_until = time.monotonic() + REST
                logger.warning("pokes_unsent")

    async def _publish(self, word: dict[str, Any]) -> None:
        """Once more after a broken connection: the first word after a restart of Redis fails."""
        layer = get_channel_layer()
        try:
            await asyncio.wait_for(layer.group_send(GROUP, word), TIMEOUT)
        except RedisConnectionError:
            await asyncio.wait_for(layer.group_send(GROUP, word), TIMEOUT)


_lock = threading.Lock()
_voices: dict[str, Any] = {}
_speaking: set[asyncio.Task] = set()
os.register_at_fork(after_in_child=_voices.clear)  # threads do not survive a fork
