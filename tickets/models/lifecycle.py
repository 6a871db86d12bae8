"""The life of a ticket: its statuses, and the one table of who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import models
from django.utils.translation import pgettext_lazy

from .event import Verb

if TYPE_CHECKING:
    from .reply import Reply


class TransitionError(Exception):
    """A verb that the ticket's status does not allow; ``message`` is for the person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class StaleReply(Exception):
    """Something newer than ``seen`` exists; ``newer`` holds those replies, oldest first."""

    def __init__(self, newer: list[Reply]) -> None:
        super().__init__(len(newer))
        self.newer = newer


class Status(models.TextChoices):
    OPEN = "open", pgettext_lazy("status badge", "Open")
    AWAITING_FEEDBACK = "awaiting_feedback", pgettext_lazy("status badge", "Awaiting Feedback")
    CLOSED = "closed", pgettext_lazy("status badge", "Closed")


class Transition(NamedTuple):
    sources: frozenset[Status]
    target: Status | None  # None: the status stays


_ANY = frozenset(Status)
UNFINISHED = frozenset({Status.OPEN, Status.AWAITING_FEEDBACK})
_CLOSED = frozenset({Status.CLOSED})
MEMBER, AGENT = "member", "agent"

# Who may do what, from which status to which (DESIGN §4). What is not here is impossible.
TRANSITIONS: dict[tuple[str, Verb], Transition] = {
    (MEMBER, Verb.REPLY): Transition(UNFINISHED, Status.OPEN),
    (AGENT, Verb.REPLY): Transition(UNFINISHED, None),
    (AGENT, Verb.ASK): Transition(UNFINISHED, Status.AWAITING_FEEDBACK),
    (AGENT, Verb.NOTE): Transition(_ANY, None),
    (AGENT, Verb.ASSIGN): Transition(_ANY, None),
    (MEMBER, Verb.CLOSE): Transition(UNFINISHED, Status.CLOSED),
    (AGENT, Verb.CLOSE): Transition(UNFINISHED, Status.CLOSED),
    (MEMBER, Verb.REOPEN): Transition(_CLOSED, Status.OPEN),
    (AGENT, Verb.REOPEN): Transition(_CLOSED, Status.OPEN),
    (AGENT, Verb.MERGE): Transition(_ANY, Status.CLOSED),
    (AGENT, Verb.TOPIC): Transition(_ANY, None),
    (MEMBER, Verb.INCIDENT): Transition(UNFINISHED, None),
    (AGENT, Verb.INCIDENT): Transition(UNFINISHED, None),
}
