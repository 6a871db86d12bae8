"""Talks as rows of the chat's tables, in the order in which they began."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chat.models import Conversation, Message

from .chats import SYSTEM, Talk
from .load import Sheet
from .moments import Calendar, Chance
from .people import Crowd

CONVERSATION = (
    *("id", "uuid", "member_id", "agent_id", "status", "ending", "name", "given_member_id"),
    *("email", "language", "rank", "browser", "submission_id", "created_at", "queued_at"),
    *("first_claimed_at", "claimed_at", "closed_at", "last_seq", "member_seen", "agent_seen"),
    *("member_at", "redirected_at", "rating", "ticket_id"),
)
MESSAGE = ("conversation_id", "seq", "author_kind", "author_id", "body", "event", "client_id", "at")


class ChatBooks:
    """The tables of chats, written a batch at a time."""

    def __init__(self, random: Chance, calendar: Calendar, members: Crowd) -> None:
        self.random, self.calendar, self.members = random, calendar, members
        self.conversations = Sheet(Conversation, CONVERSATION)
        self.messages = Sheet(Message, MESSAGE)

    def write(self, talks: list[Talk]) -> None:
        self.conversations.put(map(self._conversation, talks))
        self.messages.put(self._messages(talks))

    def _conversation(self, talk: Talk) -> tuple[Any, ...]:
        began, place, members = self.calendar.at(talk.plan.began), talk.plan.member, self.members
        return (
            *(talk.pk, talk.plan.uuid, talk.member, talk.agent, talk.status, talk.ending),
            *(members.name_of(talk.member), members.member_id(place), members.email(place)),
            *(members.language_of(place), members.rank_of(talk.member), talk.browser),
            *(self.random.uuid(), began, began, self._at(talk.first_claimed)),
            *(self._at(talk.claimed), self._at(talk.closed), len(talk.lines)),
            *(talk.member_seen, talk.agent_seen, self._at(talk.member_there)),
            *(self._at(talk.redirected), talk.rating, talk.ticket),
        )

    def _messages(self, talks: Iterable[Talk]) -> Iterator[tuple]:
        for talk in talks:
            for seq, line in enumerate(talk.lines, 1):
                client = None if line.kind == SYSTEM else self.random.uuid()
                yield (
                    *(talk.pk, seq, line.kind, line.author, line.body, line.event, client),
                    self.calendar.at(line.at),
                )

    def _at(self, second: float | None) -> Any:
        return None if second is None else self.calendar.at(second)
