"""Marks that views carry for the gate."""

from collections.abc import Callable
from typing import TypeVar

View = TypeVar("View", bound=Callable)


def rank_not_required(view: View) -> View:
    """Open ``view`` of tickets or chat to signed-in people of any rank."""
    view.rank_required = False
    return view


def is_rank_required(view: Callable) -> bool:
    """True unless marked otherwise for every view of tickets and chat, and nowhere else."""
    package = view.__module__.partition(".")[0]
    return package in {"tickets", "chat"} and getattr(view, "rank_required", True)
