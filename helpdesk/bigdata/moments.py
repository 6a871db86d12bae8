"""When things happen: seconds since a Monday, and the working time in between."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

DAY = 86_400
OPENS, WORKDAY = 6 * 3600, 15 * 3600  # 6:00 to 21:00 GMT (S16–S18)
DAYS = 1095
WEEKEND = 0.22  # of a weekday's tickets
LONGEST_TALK = 7200.0  # seconds from the question to the end of a chat, with room
# Tickets an hour of the day, GMT: before lunch, and again after work.
HOURS = [2, 1, 1, 1, 2, 6, 18, 40, 62, 70, 66, 55, 48, 52, 50, 46, 42, 44, 50, 48, 36, 22, 10, 4]


class Chance(Random):
    """Dice that fall alike for the same seed; nothing secret comes from them."""

    def uuid(self) -> str:
        """A UUID of version 4, in hexadecimal digits."""
        number = self.getrandbits(128) & ~(0xF << 76) | 4 << 76
        return f"{number & ~(0x3 << 62) | 2 << 62:032x}"


class Calendar:
    """Counts seconds from the Monday on or before ``days`` days before ``now``."""

    def __init__(self, now: datetime, days: int = DAYS) -> None:
        began = (now - timedelta(days=days)).astimezone(UTC)
        monday = began - timedelta(days=began.weekday())
        self.zero = monday.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        self.now = now.timestamp() - self.zero

    def at(self, second: float) -> datetime:
        return datetime.fromtimestamp(self.zero + second, UTC)

    def arrivals(self, random: Random, count: int) -> list[float]:
        """When ``count`` tickets come in, in order: ever more of them, few at weekends."""
        moments = self._moments(random, count, WEEKEND, HOURS)
        return sorted(
            moment if moment < self.now - 60 else self.now - 60 - random.random() * DAY
            for moment in moments
        )

    def questions(self, random: Random, count: int) -> list[float]:
        """When ``count`` chats begin, in order: in service hours, and early enough to be over."""
        served = [share if self._serves(hour) else 0 for hour, share in enumerate(HOURS)]
        last = self.now - LONGEST_TALK
        return sorted(
            moment - max(0, math.ceil((moment - last) / (7 * DAY))) * 7 * DAY
            for moment in self._moments(random, count, 0.0, served)
        )

    def weight(self, day: int) -> float:
        """How much comes in on a day of the calendar."""
        return 0.6 + 0.8 * day / (self.now / DAY)

    @staticmethod
    def _serves(hour: int) -> bool:
        return OPENS <= hour * 3600 < OPENS + WORKDAY

    def _moments(self, random: Random, count: int, weekend: float, hours: list[int]) -> list[float]:
        days = range(int(self.now // DAY) + 1)
        weights = [self.weight(day) * (1.0 if day % 7 < 5 else weekend) for day in days]
        drawn = random.choices(days, cum_weights=list(accumulate(weights)), k=count)
        clocks = random.choices(range(24), cum_weights=list(accumulate(hours)), k=count)
        return [
            day * DAY + hour * 3600 + random.random() * 3600
            for day, hour in zip(drawn, clocks, strict=True)
        ]

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
