"""A conversation as plain text: in English, in GMT, as mails and tickets carry it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from .models import Conversation, Message

CUT = "[…]"
WITHIN = "> "  # begins every further line of a message
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EVENTS = {
    "claimed": "{name} joined the chat.",
    "transferred": "{name} is taking over the chat.",
    "released": "Back in the queue.",
    "agent_lost": "The connection to the agent was lost. Back in the queue.",
    "language": "Support asked for a ticket in the member's language.",
    "ticket": "A ticket was created from the chat: {body}",
    "ended": "Chat ended.",
}


def title(conversation: Conversation) -> str:
    """The first line of the question, as long as a title may be."""
    return first_line(conversation.messages.get(seq=1).body)


def first_line(question: str) -> str:
    line = next(iter(question.strip().splitlines()), "").strip() or "Live chat"
    limit = settings.TITLE_MAX_LENGTH
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def text(conversation: Conversation, limit: int = settings.TEXT_MAX_LENGTH) -> str:
    """Everything said, one paragraph a message.

    More than ``limit`` characters lose their middle, never the question.
    """
    lines = [_line(message) for message in conversation.messages.select_related("author")]
    day = conversation.created_at.astimezone(UTC)
    head = f"Live chat, {day.day} {MONTHS[day.month - 1]} {day.year}. Times are GMT."
    room = limit - len(head) - len(lines[0]) - len(CUT) - 6
    kept: list[str] = []
    for line in reversed(lines[1:]):
        if len(line) + 2 > room:
            kept.append(CUT)
            break
        room -= len(line) + 2
        kept.append(line)
    return "\n\n".join([head, lines[0], *reversed(kept)])


def _line(message: Message) -> str:
    at = f"{message.at.astimezone(UTC):%H:%M}"
    name = message.author.display_name if message.author else ""
    if message.event:
        return f"{at} {EVENTS[message.event].format(name=name, body=message.body)}"
    pictures = "".join(f" [{shot.name}]" for shot in message.screenshots.all())
    # Marked, so that nobody can write a line that looks like somebody else's.
    body = message.body.strip().replace("\n", f"\n{WITHIN}")
    return f"{at} {name}: {body}{pictures}"
