"""Places on the drawings: round steps, days from left to right, words that stay apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from .shapes import Rule, Text

LEFT, RIGHT, TOP, BOTTOM = 52, 412, 14, 176  # the field of lines and columns
STEPS = 4  # of a scale, at most
LINE_HEIGHT = 15  # of words that must not touch
DAYS_SHOWN = 5


class Scale(NamedTuple):
    """From 0 at the bottom to ``top``; the lines that carry a number are ``step`` apart."""

    top: float
    step: float

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * value / self.top

    @property
    def steps(self) -> list[float]:
        return [self.step * n for n in range(round(self.top / self.step) + 1)]


def scale_to(highest: float, unit: float = 1) -> Scale:
    """Return a scale that reaches ``highest`` by whole, round steps of ``unit``."""
    wanted = max(highest / unit / STEPS, 1)
    power = 10 ** math.floor(math.log10(wanted))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= wanted)
    return Scale(step * unit * max(1, math.ceil(highest / unit / step)), step * unit)


def raw(value: float | timedelta | None) -> float | None:
    """``value`` as a number, durations in whole seconds as in the table."""
    return round(value.total_seconds()) if isinstance(value, timedelta) else value


def number(value: float) -> str:
    """``value`` as an attribute: with a point in every language, and no longer than it must be."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def across(n: int, count: int) -> float:
    """Return the place of day ``n`` of ``count`` on a line that fills the field."""
    return LEFT + (RIGHT - LEFT) * (n / (count - 1) if count > 1 else 0.5)


def frame(scale: Scale, tell: Callable[[float], str]) -> tuple[list[Rule], list[Text]]:
    """Return the lines of the scale and their numbers, as ``tell`` words them."""
    places = [(value, scale.y(value)) for value in scale.steps]
    rules = [Rule(f"M{LEFT} {number(y)}H{RIGHT}", number(value)) for value, y in places]
    texts = [Text(number(LEFT - 8), number(y + 4), tell(value), "end") for value, y in places]
    return rules, texts


def day_labels(days: Sequence[str], place: Callable[[int], float]) -> list[Text]:
    """Return a few of ``days`` below the field, always the first and the last."""
    last = len(days) - 1
    shown = {round(last * n / (DAYS_SHOWN - 1)) for n in range(DAYS_SHOWN)}
    return [Text(number(place(n)), number(BOTTOM + 20), days[n], "middle") for n in sorted(shown)]


def end_labels(ends: list[tuple[float, str, str]]) -> list[Text]:
    """Return the words (height, text, look) at the ends of lines, one below the other."""
    texts, floor = [], -math.inf
    room = LINE_HEIGHT * (len(ends) - 1)
    for y, text, look in sorted(ends):
        floor = max(min(y + 4, BOTTOM + 4 - room), floor + LINE_HEIGHT)
        texts.append(Text(number(RIGHT + 10), number(floor), text, look=look))
        room -= LINE_HEIGHT
    return texts
