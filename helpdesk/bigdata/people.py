"""Members and agents who do not exist."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts.models import Rank
from accounts.text import fold

from .words import FAMILY, GIVEN

LANGUAGES = {"en": 40, "cs": 30, "sl": 22, "sk": 5, "de": 3}  # voices, per cent
RANKS = {
    Rank.SILVER: 560,
    Rank.GOLD: 220,
    Rank.PLATINUM: 110,
    Rank.DIAMOND: 60,
    Rank.BLUE_DIAMOND: 28,
    Rank.PRESIDENTIAL_DIAMOND: 14,
    Rank.DOUBLE_DIAMOND: 5,
    Rank.DOUBLE_BLUE_DIAMOND: 2,
    Rank.DOUBLE_PRESIDENTIAL_DIAMOND: 1,
}
ZONES = {**settings.MARKET_TIME_ZONES, "en": "Europe/London"}
FIELDS = (
    *("id", "username", "password", "first_name", "last_name", "email", "is_staff", "is_active"),
    *("date_joined", "member_id", "rank", "rank_since", "language", "time_zone", "works_in"),
)


class Crowd(NamedTuple):
    """Parallel lists: ``voices`` and running sums of ``weights`` of the people from ``first``."""

    first: int
    voices: list[str]
    weights: list[float]


def draw_members(random: Random, first: int, count: int) -> Crowd:
    """Who writes how much: 15 % never do, most do sometimes, a few by the hundred."""
    voices = random.choices([*LANGUAGES], [*LANGUAGES.values()], k=count)
    weights = [
        0.0 if random.random() < 0.15 else random.lognormvariate(0.0, 1.0) for _each in voices
    ]
    if not any(weights):
        weights[0] = 1.0
    return Crowd(first, voices, list(accumulate(weights)))


def draw_agents(random: Random, first: int, count: int) -> Crowd:
    """Every language of the portal in turn; some are busier than others."""
    voices = [("en", "cs", "sl")[number % 3] for number in range(count)]
    return Crowd(first, voices, [random.lognormvariate(0.0, 0.6) for _each in voices])


def rows(random: Random, crowd: Crowd, now: datetime, *, are_agents: bool) -> Iterator[tuple]:
    """Rows of ``FIELDS``. Nobody can sign in by password."""
    nobody = make_password(None)
    ranks = random.choices([*RANKS], [*RANKS.values()], k=len(crowd.voices))
    for number, voice in enumerate(crowd.voices):
        pk, language = crowd.first + number, voice if voice in ZONES else "en"
        given, family = random.choice(GIVEN[language]), random.choice(FAMILY[language])
        username = f"{fold(given)}.{fold(family)}.{pk}"
        since = now - timedelta(days=random.randrange(1, 2000))
        role: tuple[Any, ...] = (f"9{pk:08d}", ranks[number].value, since.date())
        if are_agents:
            role = (None, Rank.WELLNESS_ADVOCATE.value, None)
        works_in = sorted({"en", language}) if are_agents else []
        is_active = random.random() < 0.97 or number < 3
        yield (
            *(pk, username, nobody, given, family, f"{username}@example.com"),
            *(are_agents, is_active, since, *role, language, ZONES[language]),
            '["' + '", "'.join(works_in) + '"]' if works_in else "[]",
        )
