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

from .moments import DAYS
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
    """Parallel lists of the people from ``first``; ``weights`` of members are running sums.

    ``names`` are given and family names.
    """

    first: int
    voices: list[str]
    weights: list[float]
    ranks: list[int]
    names: list[tuple[str, str]]

    def rank_of(self, pk: int) -> int:
        return self.ranks[pk - self.first]

    def name_of(self, pk: int) -> str:
        return " ".join(self.names[pk - self.first])

    def language_of(self, place: int) -> str:
        """The language of the portal for them."""
        voice = self.voices[place]
        return voice if voice in ZONES else "en"

    def username(self, place: int) -> str:
        given, family = self.names[place]
        return f"{fold(given)}.{fold(family)}.{self.first + place}"

    def email(self, place: int) -> str:
        return f"{self.username(place)}@example.com"

    def member_id(self, place: int) -> str:
        return f"9{self.first + place:08d}"

    def draw(self, random: Random) -> int:
        """The place of somebody, the busy ones more often; of members only."""
        return random.choices(range(len(self.weights)), cum_weights=self.weights)[0]


def draw_members(random: Random, first: int, count: int) -> Crowd:
    """Who writes how much: 15 % never do, most do sometimes, a few by the hundred."""
    voices = random.choices([*LANGUAGES], [*LANGUAGES.values()], k=count)
    weights = [
        0.0 if random.random() < 0.15 else random.lognormvariate(0.0, 1.0) for _each in voices
    ]
    if not any(weights):
        weights[0] = 1.0
    ranks = random.choices([*RANKS], [*RANKS.values()], k=count)
    names = [_name(random, voice) for voice in voices]
    return Crowd(first, voices, list(accumulate(weights)), [rank.value for rank in ranks], names)


def draw_agents(random: Random, first: int, count: int) -> Crowd:
    """Every language of the portal in turn; some are busier than others."""
    voices = [("en", "cs", "sl")[number % 3] for number in range(count)]
    weights = [random.lognormvariate(0.0, 0.6) for _each in voices]
    names = [_name(random, voice) for voice in voices]
    return Crowd(first, voices, weights, [Rank.WELLNESS_ADVOCATE.value] * count, names)


def _name(random: Random, voice: str) -> tuple[str, str]:
    language = voice if voice in ZONES else "en"
    return random.choice(GIVEN[language]), random.choice(FAMILY[language])


def rows(random: Random, crowd: Crowd, now: datetime, *, are_agents: bool) -> Iterator[tuple]:
    """Rows of ``FIELDS``. Nobody can sign in by password."""
    nobody = make_password(None)
    for number in range(len(crowd.voices)):
        pk, language = crowd.first + number, crowd.language_of(number)
        since = now - timedelta(days=random.randrange(DAYS, 3000))
        role: tuple[Any, ...] = (crowd.member_id(number), crowd.ranks[number], since.date())
        if are_agents:
            role = (None, crowd.ranks[number], None)
        works_in = sorted({"en", language}) if are_agents else []
        is_active = random.random() < 0.97 or number < 3
        yield (
            *(pk, crowd.username(number), nobody, *crowd.names[number], crowd.email(number)),
            *(are_agents, is_active, since, *role, language, ZONES[language]),
            '["' + '", "'.join(works_in) + '"]' if works_in else "[]",
        )
