"""Rows that tickets is never without: permissions of the groups, and the service hours."""

from __future__ import annotations

from datetime import time
from typing import Any

from accounts.seed import AGENTS, SUPERVISORS, grant

DESK = ["view_ticket", "change_ticket"]
HOURS = [
    f"{act}_{thing}"
    for thing in ("servicewindow", "holiday")
    for act in ("view", "add", "change", "delete")
]
WINDOWS = [  # GMT (S16–S18)
    (time(6), time(13), "english_only"),
    (time(13), time(21), "language_support"),
]


def seed(apps: Any) -> None:
    """Grant permissions and open the desk on weekdays; run by the migration and by tests."""
    grant(apps, AGENTS, "tickets", DESK)
    grant(apps, SUPERVISORS, "tickets", [*DESK, *HOURS])
    windows = apps.get_model("tickets", "ServiceWindow").objects
    if windows.exists():
        return
    for weekday in range(5):
        for start, end, kind in WINDOWS:
            windows.create(weekday=weekday, start=start, end=end, kind=kind)
