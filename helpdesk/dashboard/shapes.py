"""What the dashboard is made of: tiles, figures, and the drawing inside a figure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from tickets.reports import Scope

from . import amounts


class Text(NamedTuple):
    """Words at a place; ``anchor`` start, middle or end; ``look`` a class of figures.css."""

    x: str
    y: str
    text: str
    anchor: str = "start"
    look: str = ""


class Rule(NamedTuple):
    """A line of the frame; ``value`` where it marks a step of the scale, else empty."""

    d: str
    value: str = ""
    look: str = "grid"


class Curve(NamedTuple):
    """The line that joins the points of a series, broken where a value is missing."""

    d: str
    series: str
    look: str


class Mark(NamedTuple):
    """One drawn value: a point at ``x``, ``y``, or a box from there if it has a size.

    ``value`` is the raw number (a duration in seconds), ``key`` names its row in the table.
    """

    series: str
    key: str
    value: str
    x: str
    y: str
    width: str = ""
    height: str = ""
    look: str = ""
    opacity: str = ""
    title: str = ""


class Sign(NamedTuple):
    """A box that stands for no value: a frame around marks, or what a look means."""

    x: str
    y: str
    width: str
    height: str
    look: str


@dataclass(frozen=True)
class Drawing:
    """An SVG as its parts, in the order they are painted.

    All numbers are strings, so that no template turns their point into a comma.
    """

    width: int
    height: int
    rules: list[Rule] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    boxes: list[Mark] = field(default_factory=list)
    points: list[Mark] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


class Cell(NamedTuple):
    """A cell of a table as a program and as a person reads it."""

    raw: str
    text: str


class Row(NamedTuple):
    """A row of a table, and the query that leads to its own page, if there is one."""

    cells: list[Cell]
    link: str


@dataclass(frozen=True)
class Figure:
    """A figure with its finding in a sentence and all its numbers in a table.

    Cells of ``rows`` are words, dates, whole numbers, durations, shares in percent (float) or None.
    ``units`` tells for each column how its raw numbers read: "s", "%" or nothing. ``links`` leads
    from a row to its own page. No ``drawing``: there is nothing to draw, the sentence says so.
    """

    key: str
    title: str
    sentence: str
    columns: list[str]
    rows: list[list]
    drawing: Drawing | None
    units: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def table(self) -> list[Row]:
        """The rows as they are read, each duration in the unit that suits it."""
        links = self.links or [""] * len(self.rows)
        return [
            Row([Cell(raw_text(cell), _read(cell)) for cell in row], link)
            for row, link in zip(self.rows, links, strict=True)
        ]


def raw_text(cell: object) -> str:
    """A cell as a program reads it: days as 2026-07-15, durations in seconds, nothing as empty."""
    if cell is None:
        return ""
    return f"{cell.total_seconds():.0f}" if isinstance(cell, timedelta) else str(cell)


def _read(cell: object) -> str:
    if cell is None:
        return amounts.NOTHING
    if isinstance(cell, timedelta):
        return amounts.duration(cell)
    if isinstance(cell, date):
        return amounts.full_day(cell)
    if isinstance(cell, float):
        return amounts.percent(cell)
    return amounts.whole(cell) if isinstance(cell, int) else str(cell)


@dataclass(frozen=True)
class Tile:
    """A number of this moment, or ``of_week``: of the last seven days of the scope.

    ``grave`` if somebody should look at it now.
    """

    label: str
    value: str
    note: str
    url: str = ""
    grave: bool = False
    of_week: bool = False


@dataclass(frozen=True)
class Board:
    """The whole dashboard of a scope."""

    scope: Scope
    tiles: list[Tile]
    figures: list[Figure]
