"""When things happen: seconds since a Monday, and the working time in between."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

DAY = 86_400
OPENS, WORKDAY = 6 * 3600, 15 * 3600  # 6:00 to 21:00 GMT (S16–S18)
DAYS = 1095
# Tickets an hour of the day, GMT: before lunch, and again after work.
HOURS = [2, 1, 1, 1, 2, 6, 18, 40, 62, 70, 66, 55, 48, 52, 50, 46, 42, 44, 50, 48, 36, 22, 10, 4]


class Chance(Random):
    """Dice that fall alike for the same seed; nothing secret comes from them."""


class Calendar:
    """Counts seconds from the Monday on or before ``DAYS`` days before ``now``."""

    def __init__(self, now: datetime) -> None:
        began = (now - timedelta(days=DAYS)).astimezone(UTC)
        monday = began - timedelta(days=began.weekday())
        self.zero = monday.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        self.now = now.timestamp() - self.zero

    def at(self, second: float) -> datetime:
        return datetime.fromtimestamp(self.zero + second, UTC)

    def arrivals(self, random: Random, count: int) -> list[float]:
        """When ``count`` tickets come in, in order: ever more of them, few at weekends."""
        last = int(self.now // DAY)
        weights = [
            (0.6 + 0.8 * day / last) * (1.0 if day % 7 < 5 else 0.22) for day in range(last + 1)
        ]
        days = random.choices(range(last + 1), cum_weights=list(accumulate(weights)), k=count)
        hours = random.choices(range(24), cum_weights=list(accumulate(HOURS)), k=count)
        moments = [
            day * DAY + hour * 3600 + random.random() * 3600
            for day, hour in zip(days, hours, strict=True)
        ]
        return sorted(
            moment if moment < self.now - 60 else self.now - 60 - random.random() * DAY
            for moment in moments
        )

    def ages(self, arrivals: list[float]) -> list[float]:
        return [(self.now - moment) / DAY for moment in arrivals]


def to_service(second: float) -> float:
    """The working seconds before ``second``."""
    days, rest = divmod(second, DAY)
    weeks, day = divmod(days, 7)
    if day >= 5:
        return (weeks + 1) * 5 * WORKDAY
    return (weeks * 5 + day) * WORKDAY + min(max(rest - OPENS, 0.0), WORKDAY)


def from_service(worked: float) -> float:
    """The second at which so much has been worked."""
    days, rest = divmod(worked, WORKDAY)
    weeks, day = divmod(days, 5)
    return (weeks * 7 + day) * DAY + OPENS + rest


def share_unfinished(ages: list[float], share: float) -> list[float]:
    """The odds of each ticket to be unfinished yet: the young ones, and a long tail; on average
    ``share``."""
    young = [0.9 * math.exp(-age / 25) for age in ages]
    mean = sum(young) / max(1, len(young))
    if mean >= share * 0.7:
        return [odds * share * 0.7 / mean + share * 0.3 for odds in young]
    return [odds + share - mean for odds in young]
