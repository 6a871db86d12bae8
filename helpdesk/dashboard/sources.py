"""What the figures of a scope are made from: each is asked for once, and only if it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.conf import settings

from accounts.models import User
from chat import reports as chats
from tickets import reports as tickets
from tickets.models import ServiceWindow, Topic
from tickets.reports import Durations, Load, Scope, Standing

WEEK = timedelta(days=7)
DAY = timedelta(days=1)


class Sources:
    """The reports of ``scope`` at the instant ``at``."""

    def __init__(self, scope: Scope, at: datetime) -> None:
        self.scope, self.at = scope, at
        self.target = timedelta(seconds=settings.CHAT_ACCEPT_TARGET)

    @property
    def is_share(self) -> bool:
        """Whether these are the figures of one agent and not of the team."""
        return self.scope.agent is not None

    @property
    def is_long(self) -> bool:
        """Whether a step is a week and not a day."""
        return any(first != last for first, last in self.scope.steps)

    def by_step(self, pick: Callable[[tickets.Day], Sequence[int]]) -> list[list]:
        """Return the first day of every step, and the sums of what ``pick`` takes of its days."""
        return self._summed(self.counted.days, pick)

    def chats_by_step(self, pick: Callable[[chats.ChatDay], Sequence[int]]) -> list[list]:
        return self._summed(self.requests.days, pick)

    def _summed(self, days: Iterable, pick: Callable[..., Sequence[int]]) -> list[list]:
        picked = {day.day: pick(day) for day in days}
        rows = []
        for first, last in self.scope.steps:
            inside = [numbers for day, numbers in picked.items() if first <= day <= last]
            rows.append([first, *map(sum, zip(*inside, strict=True))])
        return rows

    @cached_property
    def standing(self) -> Standing:
        return tickets.standing(self.scope, self.at)

    @cached_property
    def counted(self) -> tickets.Counted:
        return tickets.counted(self.scope, self.at.astimezone(UTC).date())

    @cached_property
    def topics(self) -> list[tuple[Topic | None, int]]:
        return tickets.by_topic(self.scope)

    @cached_property
    def first_reply(self) -> Durations:
        return tickets.first_reply(self.scope)

    @cached_property
    def first_reply_of_week(self) -> Durations:
        """Of the last seven days of the scope."""
        start = max(self.scope.first, self.scope.last - WEEK + DAY)
        if start == self.scope.first:
            return self.first_reply
        return tickets.first_reply(replace(self.scope, first=start))

    @property
    def closed_in_week(self) -> int:
        return sum(day.closed for day in self.counted.days[-7:])

    @cached_property
    def resolution(self) -> Durations:
        return tickets.resolution(self.scope)

    @cached_property
    def load(self) -> list[tuple[Load, int]]:
        """Who did what, and how many chats they had."""
        loads, taken = tickets.load(self.scope), chats.taken(self.scope)
        known = {load.agent.pk for load in loads}
        others = [pk for pk in taken if pk not in known]
        if others:
            people = User.objects.filter(pk__in=others).order_by("first_name", "last_name", "pk")
            loads += [Load(person, 0, 0, 0, 0) for person in people]
        return [(load, taken.get(load.agent.pk, 0)) for load in loads]

    @cached_property
    def requests(self) -> chats.Requests:
        return chats.requests(self.scope)

    @cached_property
    def waits(self) -> Durations:
        return chats.waits(self.scope)

    @cached_property
    def sent(self) -> list[chats.Sent]:
        return chats.sent_to_ticket(self.scope)

    @cached_property
    def waiting_now(self) -> tuple[int, int]:
        return chats.waiting_now(self.scope, self.at)

    @cached_property
    def windows(self) -> list[ServiceWindow]:
        return list(ServiceWindow.objects.all())
