"""Numbers as people read them, in the format of the active language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


class Unit(NamedTuple):
    """A unit of time: its length in seconds and how an amount of it is written."""

    seconds: int
    pattern: str | Promise


MINUTES = Unit(60, gettext_lazy("%(n)s min"))
HOURS = Unit(3_600, gettext_lazy("%(n)s h"))
DAYS = Unit(86_400, gettext_lazy("%(n)s d"))


def unit_of(times: Iterable[timedelta | None]) -> Unit:
    """Return the unit in which the longest of ``times`` is told."""
    longest = max((time for time in times if time is not None), default=timedelta(0))
    if longest < timedelta(minutes=90):
        return MINUTES
    return HOURS if longest < timedelta(hours=48) else DAYS


def duration(time: timedelta | None, unit: Unit | None = None) -> str:
    """``time`` as *3.2 h*, in ``unit`` or the one that suits it; a dash for ``None``."""
    if time is None:
        return NOTHING
    unit = unit or unit_of([time])
    value = round(time.total_seconds() / unit.seconds, 1)
    return _with(unit.pattern, number_format(value, decimal_pos=1, force_grouping=True))


def limit(time: timedelta) -> str:
    """``time`` without decimals where it has none."""
    unit = unit_of([time])
    return step(time.total_seconds() / unit.seconds, unit)


def step(value: float, unit: Unit) -> str:
    """``value`` in ``unit``, as a scale says it: a bare zero, no needless decimals."""
    number = whole(int(value)) if value % 1 == 0 else number_format(round(value, 1), decimal_pos=1)
    return _with(unit.pattern, number) if value else number


def whole(number: int) -> str:
    return number_format(number, force_grouping=True)


def signed(number: int) -> str:
    """``number`` with its sign; none for zero."""
    return f"{'+' if number > 0 else MINUS if number < 0 else ''}{whole(abs(number))}"


def share(part: int, total: int) -> float | None:
    """Return ``part`` of ``total`` in percent with one decimal, ``None`` of nothing."""
    return round(100 * part / total, 1) if total else None


def percent(value: float | None) -> str:
    if value is None:
        return NOTHING
    return _with(_("%(n)s%%"), number(value))


def number(value: float) -> str:
    """``value`` with one decimal, or none where it has none."""
    return number_format(value, decimal_pos=1) if value % 1 else whole(int(value))


def short_day(day: date) -> str:
    return date_format(day, "MONTH_DAY_FORMAT")


def full_day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def days_between(first: date, last: date) -> str:
    """*16 Jun – 15 Jul 2026*: a year is told once where it can be."""
    if first == last:
        return full_day(last)
    start = short_day(first) if first.year == last.year else full_day(first)
    return f"{start} \N{EN DASH} {full_day(last)}"


def _with(pattern: str | Promise, number: str) -> str:
    return (str(pattern) % {"n": number}).replace(" ", NBSP)
