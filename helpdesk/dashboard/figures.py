"""The figures of the desk, gathered for the dashboard and for the weekly mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from tickets.reports import Scope

from . import chat_figures, ticket_figures
from .shapes import Board, Drawing, Figure, Tile
from .sources import Sources
from .tiles import tiles

__all__ = ["Board", "Drawing", "Figure", "Tile", "figure", "gather"]


class Maker(NamedTuple):
    """How a figure is made, and whether one agent has a share in it."""

    make: Callable[[Sources], Figure]
    is_shared: bool = True


MAKERS = {
    "opened-closed": Maker(ticket_figures.opened_closed),
    "age": Maker(ticket_figures.ages),
    "language": Maker(ticket_figures.languages),
    "topic": Maker(ticket_figures.topics),
    "first-reply": Maker(ticket_figures.first_reply),
    "resolution": Maker(ticket_figures.resolution),
    "reopened": Maker(ticket_figures.reopened),
    "chat-hours": Maker(chat_figures.hours),
    "chat-wait": Maker(chat_figures.waits, is_shared=False),
    "chat-missed": Maker(chat_figures.missed, is_shared=False),
    "chat-tickets": Maker(chat_figures.sent),
    "load": Maker(ticket_figures.load),
}


def gather(scope: Scope, at: datetime, *, team: bool) -> Board:
    """Return tiles and figures of ``scope`` in the active language.

    Without ``team`` only what belongs to ``scope.agent`` is told; raises ``ValueError`` if that is
    nobody.
    """
    sources = _sources(scope, at, team)
    figures = [maker.make(sources) for key, maker in MAKERS.items() if _has(sources, key)]
    return Board(scope, tiles(sources), figures)


def figure(key: str, scope: Scope, at: datetime, *, team: bool) -> Figure | None:
    """Return one figure of what ``gather`` returns, ``None`` if there is none of that name."""
    sources = _sources(scope, at, team)
    return MAKERS[key].make(sources) if _has(sources, key) else None


def _sources(scope: Scope, at: datetime, team: bool) -> Sources:
    if not team and scope.agent is None:
        raise ValueError("The figures of nobody.")
    return Sources(scope, at)


def _has(sources: Sources, key: str) -> bool:
    return key in MAKERS and (MAKERS[key].is_shared or not sources.is_share)
