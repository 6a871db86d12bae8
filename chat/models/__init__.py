"""Everything a live chat is made of; one file per thing."""

from .conversation import (
    ChatClosed,
    Conflict,
    Conversation,
    LimitReached,
    NotYours,
    Rating,
    Taken,
)
from .message import Message
from .note import Note
from .presence import Presence, Watch

__all__ = [
    "ChatClosed",
    "Conflict",
    "Conversation",
    "LimitReached",
    "Message",
    "NotYours",
    "Note",
    "Presence",
    "Rating",
    "Taken",
    "Watch",
]
