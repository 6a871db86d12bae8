"""Rows that chat is never without: what agents and supervisors may do with conversations."""

from __future__ import annotations

from typing import Any

from accounts.seed import AGENTS, SUPERVISORS, grant

CONSOLE = ["view_conversation", "change_conversation"]


def seed(apps: Any) -> None:
    """Grant permissions; run by the migration and by tests."""
    grant(apps, AGENTS, "chat", CONSOLE)
    grant(apps, SUPERVISORS, "chat", [*CONSOLE, "oversee_conversation"])
