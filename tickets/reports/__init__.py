"""The figures of tickets: what the dashboard and the weekly mail tell."""

from .counted import Counted, Day, by_topic, counted
from .load import Load, load
from .percentiles import Durations, Step, durations
from .scope import Scope
from .standing import Standing, standing
from .waits import first_reply, resolution

__all__ = [
    "Counted",
    "Day",
    "Durations",
    "Load",
    "Scope",
    "Standing",
    "Step",
    "by_topic",
    "counted",
    "durations",
    "first_reply",
    "load",
    "resolution",
    "standing",
]
