"""The only module that sends to the channel layer. It says "look" after commit, no more."""

from __future__ import annotations

from uuid import UUID


def look(conversation: UUID) -> None:
    """Tell the sockets of ``conversation`` that there is something new, once it is committed."""


def queue_moved() -> None:
    """Tell the consoles that the queue is another one, once it is committed."""
