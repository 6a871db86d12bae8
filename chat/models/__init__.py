"""Everything a live chat is made of; one file per thing."""

from .conversation import (
    CONSOLE_PERMISSIONS,
    ChatClosed,
    Conflict,
    Conversation,
    Ending,
    LimitReached,
    NotYours,
    Rating,
    Taken,
)
from .message import Event, Message
from .note import Note
from .presence import Presence, Watch

__all__ = [
    "CONSOLE_PERMISSIONS",
    "ChatClosed",
    "Conflict",
    "Conversation",
    "Ending",
    "Event",
    "LimitReached",
    "Message",
    "NotYours",
    "Note",
    "Presence",
    "Rating",
    "Taken",
    "Watch",
]
