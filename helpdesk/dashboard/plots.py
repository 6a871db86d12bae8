"""The drawings: pure functions from the rows of a table to the parts of an SVG.

A mark names its place in the table: ``series`` is the column, ``key`` the row, both from 0.
Lengths are in units of the view box, which is 520 wide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import time
from typing import NamedTuple

from .scales import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    across,
    day_labels,
    end_labels,
    frame,
    number,
    raw,
    scale_to,
)
from .shapes import Curve, Drawing, Mark, Rule, Sign, Text

WIDTH, HEIGHT = 520, 204
BAR_LEFT, BAR_ROOM, BAR_ROW, BAR = 152, 300, 31, 18
COLUMN = 0.62  # of the room of a day
CELL, CELL_HEIGHT, CELL_LEFT, GAP = 18.8, 24, 52, 1.2
PALEST = 0.06  # of an hour in which nobody asked
LOAD_LEFT, LOAD_ROOM, LOAD_ROW, LOAD_BAR, LOAD_HEAD = 132, 34, 28, 12, 24
FRAME = "frame"
LONGEST = 20  # letters of a label beside a bar

Tell = Callable[[float], str]


class Series(NamedTuple):
    """A column of the table as a line: its words, and the classes of its stroke and points."""

    column: int
    label: str
    stroke: str
    fill: str


class Level(NamedTuple):
    """A value that others are measured against."""

    value: float
    label: str


class Span(NamedTuple):
    """From ``first`` to ``last`` weekday, between two hours of the day."""

    first: int
    last: int
    start: float
    end: float


def lines(
    rows: Sequence[Sequence],
    days: Sequence[str],
    series: Sequence[Series],
    tell: Tell,
    unit: float = 1,
    level: Level | None = None,
) -> Drawing:
    """Draw columns of ``rows`` as lines over ``days``; a missing value breaks its line.

    ``tell`` words a number, ``unit`` is what its steps are whole multiples of.
    """
    drawn = [raw(row[one.column]) or 0 for row in rows for one in series]
    scale = scale_to(max([*drawn, level.value if level else 0]), unit)
    rules, texts = frame(scale, tell)
    curves, points, ends = [], [], []
    for one in series:
        values = [raw(row[one.column]) for row in rows]
        places = [(across(n, len(rows)), value) for n, value in enumerate(values)]
        places = [(x, None if value is None else scale.y(value)) for x, value in places]
        curves.append(Curve(_path(places), str(one.column), one.stroke))
        marks = [
            _mark(one.column, n, values[n], x, y, one.fill, f"{days[n]}, {one.label}", tell)
            for n, (x, y) in enumerate(places)
            if y is not None
        ]
        points += marks
        if marks:
            ends.append((float(marks[-1].y), one.label, f"val {one.fill}"))
    if level:
        rules.append(Rule(f"M{LEFT} {number(scale.y(level.value))}H{RIGHT}", look="level"))
        ends.append((scale.y(level.value), level.label, ""))
    texts += [*day_labels(days, lambda n: across(n, len(days))), *end_labels(ends)]
    return Drawing(WIDTH, HEIGHT, rules=rules, curves=curves, points=points, texts=texts)


def _mark(
    column: int, row: int, value: float, x: float, y: float, look: str, title: str, tell: Tell
) -> Mark:
    place = (str(column), str(row), number(value), number(x), number(y))
    return Mark(*place, look=look, title=f"{title}: {tell(value)}")


def _path(places: Sequence[tuple[float, float | None]]) -> str:
    """Return the line through ``places``: it goes on after a gap and leaves the gap open."""
    parts, pen = [], "M"
    for x, y in places:
        if y is None:
            pen = "M"
            continue
        parts.append(f"{pen}{number(x)} {number(y)}")
        pen = "L"
    return "".join(parts)


def columns(
    rows: Sequence[Sequence], days: Sequence[str], series: Sequence[Series], tell: Tell
) -> Drawing:
    """Draw columns of ``rows`` as upright bars over ``days``; the highest says its number.

    Several series stand side by side, and are named beside the field.
    """
    scale = scale_to(max(row[one.column] for row in rows for one in series))
    rules, texts = frame(scale, tell)
    room = (RIGHT - LEFT) / len(rows)
    width = min(room * COLUMN, 40) / len(series)
    boxes = []
    for place, one in enumerate(series):
        shift = width * (place - len(series) / 2)
        for n, row in enumerate(rows):
            x, value = LEFT + room * (n + 0.5) + shift, max(row[one.column], 0)
            title = f"{days[n]}, {one.label}"
            mark = _mark(one.column, n, value, x, scale.y(value), one.fill, title, tell)
            height = number(BOTTOM - scale.y(value))
            boxes.append(mark._replace(width=number(width), height=height))
    best = max(boxes, key=lambda box: float(box.height))
    place = number(float(best.x) + width / 2), number(float(best.y) - 5)
    texts.append(Text(*place, tell(int(best.value)), "middle", "val"))
    texts += day_labels(days, lambda n: LEFT + room * (n + 0.5))
    if len(series) == 1:
        return Drawing(WIDTH, HEIGHT, rules=rules, boxes=boxes, texts=texts)
    signs = [
        Sign(number(RIGHT + 10), number(TOP + 22 * n), "10", "10", one.fill)
        for n, one in enumerate(series)
    ]
    texts += [
        Text(number(RIGHT + 26), number(TOP + 10 + 22 * n), one.label, look="val")
        for n, one in enumerate(series)
    ]
    return Drawing(WIDTH, HEIGHT, rules=rules, boxes=boxes, signs=signs, texts=texts)


def bars(rows: Sequence[Sequence], column: int, tell: Tell, warn: int | None = None) -> Drawing:
    """Draw a column of ``rows`` as bars that say their numbers; row ``warn`` in another colour."""
    values = [row[column] or 0 for row in rows]
    longest, height = max([*values, 1]), BAR_ROW * len(rows)
    boxes, texts = [], []
    for n, value in enumerate(values):
        y, length = BAR_ROW * n + (BAR_ROW - BAR) / 2, BAR_ROOM * value / longest
        look, label = ("f4" if n == warn else "f1"), str(rows[n][0])
        mark = _mark(column, n, value, BAR_LEFT, y, look, label, tell)
        boxes.append(mark._replace(width=number(length), height=number(BAR)))
        line = number(y + BAR / 2 + 4)
        texts.append(Text(number(BAR_LEFT - 12), line, shortened(label), "end"))
        texts.append(Text(number(BAR_LEFT + length + 8), line, tell(value), look="val"))
    rules = [Rule(f"M{BAR_LEFT} 2V{height - 2}", look="axis")]
    return Drawing(WIDTH, height, rules=rules, boxes=boxes, texts=texts)


def shortened(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1].rstrip()}…"


def hours(
    rows: Sequence[Sequence], weekdays: Sequence[str], spans: Sequence[Span], legend: str
) -> Drawing:
    """Draw ``rows``, one for each hour, with a column for each weekday, as a map of shades.

    ``spans`` get an outline that ``legend`` names.
    """
    most = max(value for row in rows for value in row[1:])
    boxes = [
        Mark(
            *(str(day + 1), str(hour), str(row[day + 1])),
            *(number(CELL_LEFT + CELL * hour), number(6 + CELL_HEIGHT * day)),
            *(number(CELL - GAP), number(CELL_HEIGHT - 2), "f1"),
            opacity=number(max(PALEST, row[day + 1] / most)),
            title=f"{weekdays[day]} {row[0]}: {row[day + 1]}",
        )
        for day in range(7)
        for hour, row in enumerate(rows)
    ]
    bottom = 6 + CELL_HEIGHT * 7
    texts = [
        Text(number(CELL_LEFT - 8), number(22 + CELL_HEIGHT * day), name, "end")
        for day, name in enumerate(weekdays)
    ]
    texts += [
        Text(number(CELL_LEFT + CELL * hour), number(bottom + 18), f"{hour:02}", "middle")
        for hour in range(0, 25, 3)
    ]
    signs = [_around(span) for span in spans]
    if spans:
        signs.append(Sign(number(CELL_LEFT), number(bottom + 34), "18", "12", FRAME))
        texts.append(Text(number(CELL_LEFT + 26), number(bottom + 44), legend, look="val f2"))
    height = bottom + (54 if spans else 26)
    return Drawing(WIDTH, height, boxes=boxes, signs=signs, texts=texts)


def _around(span: Span) -> Sign:
    return Sign(
        number(CELL_LEFT + CELL * span.start - GAP),
        number(4 + CELL_HEIGHT * span.first),
        number(CELL * (span.end - span.start) + GAP),
        number(CELL_HEIGHT * (span.last - span.first + 1) + 2),
        FRAME,
    )


def joined(windows: Sequence[tuple[int, time, time]]) -> list[Span]:
    """Return (weekday, start, end) as spans: what touches is one, and so are equal weekdays."""
    by_day: dict[int, list[tuple[float, float]]] = {}
    for weekday, start, end in sorted(windows):
        day = by_day.setdefault(weekday, [])
        opens, closes = _hour(start), _hour(end) or 24
        if day and opens <= day[-1][1]:
            opens, closes = day[-1][0], max(day.pop()[1], closes)
        day.append((opens, closes))
    spans: list[Span] = []
    for weekday, (opens, closes) in [(day, one) for day in sorted(by_day) for one in by_day[day]]:
        before = next(
            (s for s in spans if (s.last, s.start, s.end) == (weekday - 1, opens, closes)), None
        )
        if before:
            spans[spans.index(before)] = before._replace(last=weekday)
        else:
            spans.append(Span(weekday, weekday, opens, closes))
    return spans


def _hour(moment: time) -> float:
    return moment.hour + moment.minute / 60 + moment.second / 3600


def load(rows: Sequence[Sequence], heads: Sequence[str], tell: Tell) -> Drawing:
    """Draw each column of ``rows`` but the first as bars under its head, each to its own scale."""
    room = (WIDTH - LOAD_LEFT) / len(heads)
    boxes, rules = [], []
    texts = [
        Text(number(LOAD_LEFT + room * n), "14", head, look="head") for n, head in enumerate(heads)
    ]
    for n, row in enumerate(rows):
        y = LOAD_HEAD + LOAD_ROW * n + (LOAD_ROW - LOAD_BAR) / 2
        line = number(y + LOAD_BAR / 2 + 4)
        texts.append(Text(number(LOAD_LEFT - 12), line, shortened(str(row[0])), "end"))
        for column in range(1, len(row)):
            most = max([1, *(other[column] for other in rows)])
            x, length = LOAD_LEFT + room * (column - 1), LOAD_ROOM * row[column] / most
            title = f"{row[0]}, {heads[column - 1]}"
            mark = _mark(column, n, row[column], x, y, "f1", title, tell)
            boxes.append(mark._replace(width=number(length), height=number(LOAD_BAR)))
            texts.append(Text(number(x + length + 5), line, tell(row[column]), look="val"))
    height = LOAD_HEAD + LOAD_ROW * len(rows)
    for n in range(len(heads)):
        rules.append(Rule(f"M{number(LOAD_LEFT + room * n)} {LOAD_HEAD}V{height}", look="axis"))
    return Drawing(WIDTH, height, rules=rules, boxes=boxes, texts=texts)
