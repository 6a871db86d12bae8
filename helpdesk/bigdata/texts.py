"""Texts from the word lists, each beside its folded form: folding five million would take long."""

from __future__ import annotations

import string
from random import Random
from typing import NamedTuple

from accounts.text import fold

from . import words
from .words import Phrases


class Text(NamedTuple):
    """``folded`` is what ``accounts.text.fold`` makes of ``words``; a test holds it to that."""

    words: str
    folded: str


def _pairs(phrases: list[str]) -> list[Text]:
    return [Text(phrase, fold(phrase)) for phrase in phrases]


class Voice:
    """One language with its phrases folded beforehand; the gaps keep their names."""

    def __init__(self, phrases: Phrases) -> None:
        self.language = phrases.language.value
        self.prefix = fold(phrases.language.prefix)
        self.titles = [_pairs(issue.titles) for issue in phrases.issues]
        self.openings = [_pairs(issue.openings) for issue in phrases.issues]
        self.lists = {
            name: _pairs(getattr(phrases, name))
            for name in (
                *("details", "member", "agent", "closing"),
                *("asking", "questions", "answers", "notes"),
            )
        }


VOICES = {
    "en": Voice(words.ENGLISH),
    "cs": Voice(words.CZECH),
    "sl": Voice(words.SLOVENIAN),
    "sk": Voice(words.SLOVAK),
    "de": Voice(words.GERMAN),
}
_BROWSERS = _pairs(words.BROWSERS)
_DEVICES = _pairs(words.DEVICES)
_NAMES = _pairs(
    [
        f"{given} {family}"
        for code in words.GIVEN
        for given in words.GIVEN[code]
        for family in words.FAMILY[code]
    ]
)
_SIGNS = string.digits + string.ascii_uppercase


class Gaps:
    """What fills the gaps of one ticket: the same order and code from its title to its end."""

    def __init__(self, random: Random) -> None:
        self.random, self.said = random, set[str]()
        name, browser = random.choice(_NAMES), random.choice(_BROWSERS)
        device = random.choice(_DEVICES)
        number = random.getrandbits(20)
        code = "E-" + "".join(_SIGNS[number >> shift & 31] for shift in (15, 10, 5, 0))
        day = f"{1 + number % 28:02}/{1 + number % 12:02}"
        order = str(100_000_000 + random.getrandbits(29))
        amount = f"{number % 400 + 5},{number % 90 + 10} €"
        same = {"order": order, "day": day, "amount": amount}
        self.plain = {
            **same,
            "code": code,
            "name": name.words,
            "browser": browser.words,
            "device": device.words,
        }
        self.folded = {
            **same,
            "code": code.lower(),
            "name": name.folded,
            "browser": browser.folded,
            "device": device.folded,
        }

    def some(self, phrases: list[Text], count: int) -> Text:
        """So many of the phrases in their order, those that were not said yet if there are any."""
        fresh = [phrase for phrase in phrases if phrase.words not in self.said] or phrases
        picked = self.random.sample(fresh, min(count, len(fresh)))
        picked.sort(key=phrases.index)
        self.said.update(phrase.words for phrase in picked)
        return self.fill(picked)

    def fill(self, phrases: list[Text]) -> Text:
        """The phrases as one text of one paragraph."""
        return Text(
            " ".join([phrase.words for phrase in phrases]).format_map(self.plain),
            " ".join([phrase.folded for phrase in phrases]).format_map(self.folded),
        )
