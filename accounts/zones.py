"""Time zones by the names of their cities."""

from __future__ import annotations

import importlib.resources
from datetime import tzinfo
from functools import cache

from django.utils.translation import gettext_lazy as _

from .text import fold

CITIES = {
    "Europe/Bratislava": _("Bratislava"),
    "Europe/Budapest": _("Budapest"),
    "Europe/Ljubljana": _("Ljubljana"),
    "Europe/London": _("London"),
    "Europe/Prague": _("Prague"),
    "Europe/Vienna": _("Vienna"),
    "Europe/Zagreb": _("Zagreb"),
    "UTC": _("UTC"),
}
REGIONS = {
    "Europe": _("Europe"),
    "Africa": _("Africa"),
    "America": _("America"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}


def zone_city(zone: tzinfo | str) -> str:
    """The city that stands for a zone: translated, or the last part of its IANA name."""
    name = str(zone)
    return str(CITIES.get(name, name.rpartition("/")[2].replace("_", " ")))


@cache
def _canonical() -> list[str]:
    """The zones in use today, without the old names that lead to them (tzdata's zone.tab)."""
    table = importlib.resources.files("tzdata.zoneinfo") / "zone.tab"
    lines = table.read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[2] for line in lines if line and not line.startswith("#")]


def zone_choices(kept: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    """The portal's own markets first, by their names; then the world by region.

    ``kept`` is somebody's zone: it stays possible even if it bears an old name.
    """
    groups: dict[str, list[tuple[str, str]]] = {region: [] for region in REGIONS}
    for name in _canonical():
        region = name.partition("/")[0]
        if region in groups and name not in CITIES:
            groups[region].append((name, zone_city(name)))
    near = sorted(
        ((name, str(city)) for name, city in CITIES.items()), key=lambda row: fold(row[1])
    )
    rest = [
        (str(REGIONS[key]), sorted(rows, key=lambda row: row[1])) for key, rows in groups.items()
    ]
    zones = [(str(_("Nearest")), near), *rest]
    known = {name for _region, rows in zones for name, _city in rows}
    return zones if not kept or kept in known else [("", [(kept, kept)]), *zones]
