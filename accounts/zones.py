"""Time zones by the names of their cities."""

from __future__ import annotations

import zoneinfo
from datetime import tzinfo

from django.utils.translation import gettext_lazy as _

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
_REGIONS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zone_city(zone: tzinfo | str) -> str:
    """The city that stands for a zone: translated, or the last part of its IANA name."""
    name = str(zone)
    return str(CITIES.get(name, name.rpartition("/")[2].replace("_", " ")))


def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The zones of the world by region, UTC first; the portal's own markets by their names."""
    groups = {"UTC": [("UTC", zone_city("UTC"))]}
    for name in sorted(zoneinfo.available_timezones()):
        region = name.partition("/")[0]
        if region in _REGIONS:
            groups.setdefault(region, []).append((name, zone_city(name)))
    return list(groups.items())
