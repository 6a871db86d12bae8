"""Rows that accounts is never without: the two groups of staff, and who may see people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management import create_permissions

AGENTS, SUPERVISORS = "Agents", "Supervisors"
PEOPLE = ["view_user", "change_user", "add_user", "add_peopleimport", "view_peopleimport"]
PRIVACY = ["view_erasurerequest", "export_member", "erase_member"]


def make_permissions(apps: Any, app: str) -> None:
    """Make the permissions of ``app`` now; else they appear after all migrations have run."""
    config = apps.get_app_config(app)
    config.models_module = True  # in a migration the app has no module of models
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None


def seed(apps: Any) -> None:
    """Make the groups with accounts' permissions; run by the migration and by tests."""
    grant(apps, AGENTS, "accounts", ["view_user"])
    grant(apps, SUPERVISORS, "accounts", [*PEOPLE, *PRIVACY, "view_auditentry"])


def grant(apps: Any, group: str, app: str, codenames: list[str]) -> None:
    """Add the permissions of ``app`` to ``group``, making the group if need be."""
    row, _created = apps.get_model("auth", "Group").objects.get_or_create(name=group)
    permissions = apps.get_model("auth", "Permission").objects
    found = permissions.filter(content_type__app_label=app, codename__in=codenames)
    row.permissions.add(*found)
