"""What the queue looks like: one snapshot per process and second, and what follows from it.

``outlook`` is a pure function of a snapshot and an instant, so that a page, a socket and a test say
the same (DESIGN §5).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now

from tickets import hours
from tickets.models import Holiday, ServiceWindow

from .models import Conversation, Presence

FRESH = 1.0  # seconds for which a snapshot serves everybody in the process
USUAL_FRESH = 60.0  # seconds for which the usual length of a conversation does
USUAL_MINUTES = 6.0  # a conversation, as long as there are too few to know
RECENT = 20  # ended conversations that tell how long one takes
SPREAD = (0.6, 1.5)  # of the expected wait: a range is honest, a number is not
LAST_ORDERS = timedelta(minutes=15)

_lock = threading.Lock()
_kept: dict[str, Any] = {}


@dataclass(frozen=True)
class Snapshot:
    """The queue at one moment. ``waiting`` are primary keys, the head first."""

    waiting: tuple[int, ...]
    agents: int  # who take chats now
    free: int  # chats they could take at once
    minutes: float  # a conversation usually takes
    windows: tuple[hours.Window, ...]
    holidays: tuple[hours.Holiday, ...]


@dataclass(frozen=True)
class Outlook:
    """What somebody in the queue, or before it, may expect.

    ``position`` is from 1, ``None`` for who is not in the queue. ``wait`` is a range in whole
    minutes, ``None`` if nobody can tell. ``last_orders``: the desk closes before all are served.
    """

    is_open: bool
    position: int | None
    ahead: int
    wait: tuple[int, int] | None
    last_orders: bool
    opens_at: datetime | None


def outlook(snapshot: Snapshot, at: datetime, conversation: int | None = None) -> Outlook:
    """What follows for ``conversation``, or for somebody who would join now."""
    is_open = hours.is_open(snapshot.windows, snapshot.holidays, at)
    change = hours.next_change(snapshot.windows, snapshot.holidays, at)
    is_waiting = conversation in snapshot.waiting
    ahead = snapshot.waiting.index(conversation) if is_waiting else len(snapshot.waiting)
    wait = _wait(snapshot, ahead)
    closes_at = _closes_at(snapshot, at) if is_open else None
    return Outlook(
        is_open=is_open,
        position=ahead + 1 if is_waiting else None,
        ahead=ahead,
        wait=wait,
        last_orders=_is_late(closes_at, at, wait),
        opens_at=None if is_open or change is None else change.at,
    )


def current() -> Snapshot:
    """The process's snapshot, at most ``FRESH`` seconds old; asked for once by however many."""
    with _lock:
        if time.monotonic() - _kept.get("at", -FRESH) >= FRESH:
            _kept.update(snapshot=take(), at=time.monotonic())
        return _kept["snapshot"]


def forget() -> None:
    """Forget what was kept; the next one who asks asks the database."""
    with _lock:
        _kept.clear()


def take() -> Snapshot:
    """Ask the database: five queries, whatever the number of waiting members and agents."""
    conversations = Conversation.objects
    taken = Conversation.objects.filter(agent=OuterRef("agent"), status="active").order_by()
    counts = taken.values("agent").annotate(count=Count("pk")).values("count")
    active = Coalesce(Subquery(counts), 0)  # not a join: it would read every chat they ever had
    term = timedelta(seconds=settings.CHAT_AGENT_LEASE)
    there = Presence.objects.filter(accepting=True, seen_at__gte=Now() - term)
    present = there.annotate(active=active)
    rooms = [max(0, limit - taken) for limit, taken in present.values_list("limit", "active")]
    return Snapshot(
        waiting=tuple(conversations.waiting().values_list("pk", flat=True)),
        agents=len(rooms),
        free=sum(rooms),
        minutes=_kept_minutes(),
        windows=tuple(ServiceWindow.objects.all()),
        holidays=tuple(Holiday.objects.all()),
    )


def _kept_minutes() -> float:
    if time.monotonic() - _kept.get("minutes_at", -USUAL_FRESH) >= USUAL_FRESH:
        _kept.update(minutes=_usual_minutes(), minutes_at=time.monotonic())
    return _kept["minutes"]


def _usual_minutes() -> float:
    ended = Conversation.objects.filter(status="closed", claimed_at__isnull=False)
    times = ended.order_by("-pk").values_list("claimed_at", "closed_at")[:RECENT]
    minutes = [(closed - claimed).total_seconds() / 60 for claimed, closed in times]
    return max(1.0, median(minutes)) if len(minutes) >= 3 else USUAL_MINUTES


def _wait(snapshot: Snapshot, ahead: int) -> tuple[int, int] | None:
    """A range in minutes until it is one's turn; ``None`` while no agent takes chats."""
    if not snapshot.agents:
        return None
    if ahead < snapshot.free:
        return (0, 1)
    rounds = (ahead - snapshot.free + 1) / snapshot.agents
    expected = rounds * snapshot.minutes
    low = max(1, round(expected * SPREAD[0]))
    return low, max(low + 1, round(expected * SPREAD[1]))


def _closes_at(snapshot: Snapshot, at: datetime) -> datetime | None:
    """When the desk closes: windows that follow each other without a break are one."""
    moment = at
    for _change in range(len(snapshot.windows) + 1):
        change = hours.next_change(snapshot.windows, snapshot.holidays, moment)
        if change is None:
            return None
        if not hours.is_open(snapshot.windows, snapshot.holidays, change.at):
            return change.at
        moment = change.at
    return None


def _is_late(closes_at: datetime | None, at: datetime, wait: tuple[int, int] | None) -> bool:
    if closes_at is None:
        return False
    longest = timedelta(minutes=wait[1]) if wait else timedelta()
    return closes_at - at < LAST_ORDERS or at + longest > closes_at
