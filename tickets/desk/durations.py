"""How long something takes, in the units that people say."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

DAYS_FROM = 48  # hours; what is shorter is told in hours


def in_words(time: timedelta, *, roughly: bool = False) -> str:
    """``time`` as *48 min*, *1 h 48 min* or *3 d*; ``roughly`` in its largest unit alone."""
    minutes = max(0, int(time.total_seconds() // 60))
    if minutes < 60:
        return _("%(n)s min") % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours >= DAYS_FROM:
        return _("%(n)s d") % {"n": hours // 24}
    whole = _("%(n)s h") % {"n": hours}
    return whole if roughly or not rest else f"{whole} {_('%(n)s min') % {'n': rest}}"
