"""Service hours: pure functions over rows of windows and holidays, and an instant.

A window has `weekday` (0 is Monday), `start`, `end` and `kind`; a holiday has `date`.
Windows are in GMT, which never shifts, and half-open: 13:00 belongs to the window that
starts then. An `end` of 00:00 is the midnight at the end of that day. A holiday closes its
whole GMT date. Instants are aware datetimes; a naive one raises ValueError.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, Protocol

HORIZON = timedelta(days=400)
DAY = timedelta(days=1)
MIDNIGHT = time(0)


class Window(Protocol):
    weekday: int
    start: time
    end: time
    kind: str


class Holiday(Protocol):
    date: date


class Span(NamedTuple):
    """A window on one date: from `start` up to, not including, `end`, both in UTC."""

    start: datetime
    end: datetime
    kind: str


class Change(NamedTuple):
    """The instant at which the hours change, and the kind that begins (None: closed)."""

    at: datetime
    kind: str | None


class Line(NamedTuple):
    """The same window on consecutive weekdays, `weekdays` being the first and the last."""

    kind: str
    weekdays: tuple[int, int]
    start: time
    end: time


class LocalTimes(NamedTuple):
    """A line in a zone; `shifted` says that its weekdays or its end fall on other days."""

    weekdays: tuple[int, int]
    start: time
    end: time
    shifted: bool


def is_open(windows: Iterable[Window], holidays: Iterable[Holiday], at: datetime) -> bool:
    return current_window(windows, holidays, at) is not None


def current_window(
    windows: Iterable[Window], holidays: Iterable[Holiday], at: datetime
) -> Span | None:
    """The span that contains the instant."""
    at = _utc(at)
    spans = spans_on(windows, holidays, at.date())
    return next((span for span in spans if span.start <= at < span.end), None)


def next_change(
    windows: Iterable[Window], holidays: Iterable[Holiday], at: datetime
) -> Change | None:
    """The next opening, closing or change of kind after the instant.

    None when nothing changes within HORIZON: no windows, or open without a break.
    """
    at = _utc(at)
    kind, until = None, at
    for span in _spans_after(windows, holidays, at):
        if span.start <= at:
            kind, until = span.kind, span.end
        elif span.start > until and kind is not None:
            return Change(until, None)
        elif span.kind != kind:
            return Change(span.start, span.kind)
        else:
            until = span.end
    return Change(until, None) if kind is not None and until < at + HORIZON - DAY else None


def add_service_time(
    windows: Iterable[Window],
    holidays: Iterable[Holiday],
    at: datetime,
    duration: timedelta,
    kinds: Collection[str] | None = None,
) -> datetime | None:
    """The instant at which `duration` of open time has passed since `at`.

    Only windows of `kinds` count, or all of them. None when the hours within HORIZON do
    not suffice; a negative duration raises ValueError.
    """
    if duration < timedelta(0):
        raise ValueError("The duration must not be negative.")
    at, left = _utc(at), duration
    if not left:
        return at
    for span in _spans_after(windows, holidays, at):
        if kinds is not None and span.kind not in kinds:
            continue
        start = max(span.start, at)
        if left <= span.end - start:
            return start + left
        left -= span.end - start
    return None


def spans_on(windows: Iterable[Window], holidays: Iterable[Holiday], day: date) -> list[Span]:
    """The spans of one GMT date in order, none on a holiday."""
    if any(holiday.date == day for holiday in holidays):
        return []
    today = (window for window in windows if window.weekday == day.weekday())
    return sorted(_span(day, window.start, window.end, window.kind) for window in today)


def lines(windows: Iterable[Window]) -> list[Line]:
    """Windows as they are read aloud: equal days joined, kinds together, the earliest first."""
    joined: list[Line] = []
    for window in sorted(windows, key=lambda w: (w.kind, w.start, w.end, w.weekday)):
        first = last = window.weekday
        if joined and joined[-1] == (
            window.kind,
            (joined[-1].weekdays[0], last - 1),
            window.start,
            window.end,
        ):
            first = joined.pop().weekdays[0]
        joined.append(Line(window.kind, (first, last), window.start, window.end))
    joined.sort(key=lambda line: (line.weekdays[0], line.start))
    kinds = list(dict.fromkeys(line.kind for line in joined))
    return sorted(joined, key=lambda line: kinds.index(line.kind))


def local_times(line: Line, zone: tzinfo, at: datetime) -> LocalTimes:
    """A line as a clock in the zone shows it, on its first day that is not over at the instant."""
    at = _utc(at)
    first, last = line.weekdays
    days = (at.date() + DAY * ahead for ahead in range(8))
    spans = (_span(day, line.start, line.end) for day in days if first <= day.weekday() <= last)
    span = next(span for span in spans if span.end > at)
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    shift = (start.date() - span.start.date()).days
    last_day = (end - timedelta(microseconds=1)).date()
    return LocalTimes(
        weekdays=((first + shift) % 7, (last + shift) % 7),
        start=start.time(),
        end=end.time(),
        shifted=shift != 0 or last_day != start.date(),
    )


def _spans_after(
    windows: Iterable[Window], holidays: Iterable[Holiday], at: datetime
) -> Iterator[Span]:
    windows, holidays = list(windows), list(holidays)
    for ahead in range(HORIZON.days):
        day = at.date() + DAY * ahead
        yield from (span for span in spans_on(windows, holidays, day) if span.end > at)


def _span(day: date, start: time, end: time, kind: str = "") -> Span:
    end_day = day + DAY if end == MIDNIGHT else day
    return Span(datetime.combine(day, start, UTC), datetime.combine(end_day, end, UTC), kind)


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("The instant must be aware.")
    return at.astimezone(UTC)
