"""The service hours as pages show them: in GMT and in the reader's own time."""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta, tzinfo

from django.utils import translation
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.zones import zone_city
from tickets import hours

LINE_WIDTH = 232
GAP = 2

HEADINGS = {
    "english_only": gettext_lazy("English Only"),
    "language_support": gettext_lazy("Language Support"),
}
NOW = {
    "english_only": gettext_lazy("Now: English Only"),
    "language_support": gettext_lazy("Now: Language Support"),
}
NOW_UNTIL = {
    "english_only": gettext_lazy("Now: English Only until %(time)s"),
    "language_support": gettext_lazy("Now: Language Support until %(time)s"),
}
NOW_UNTIL_DAY = {
    "english_only": gettext_lazy("Now: English Only until %(weekday)s, %(time)s"),
    "language_support": gettext_lazy("Now: Language Support until %(weekday)s, %(time)s"),
}


class ServiceHours:
    """The hours in words, for an instant, a zone and a language.

    `rows`: dicts of kind, heading, gmt and local. `now`: a dict of open and text.
    `dayline`: today's windows as dicts of x, width, kind and label (the hour at x) on a line
    of 24 hours GMT, 232 wide; an entry of width 0 and kind "end" carries the closing hour.
    Numbers are strings, so that no template turns their point into a comma. `now_x` is the
    place of the instant on that line, `zone_city` the name of the reader's zone.
    """

    def __init__(
        self,
        windows: Collection[hours.Window],
        holidays: Collection[hours.Holiday],
        at: datetime,
        zone: tzinfo,
        language: str,
    ) -> None:
        self._windows, self._holidays, self._at, self._zone = windows, holidays, at, zone
        with translation.override(language):
            self.rows = [self._row(line) for line in hours.lines(windows)]
            self.now = {"open": hours.is_open(windows, holidays, at), "text": self._now_text()}
            self.dayline = self._dayline()
            self.now_x = _place(at.astimezone(UTC))
            self.zone_city = zone_city(zone)

    def _row(self, line: hours.Line) -> dict[str, str]:
        local = hours.local_times(line, self._zone, self._at)
        here = {"start": _clock(local.start), "end": _clock(local.end, end=True)}
        if local.shifted:
            pattern = _("%(weekdays)s %(start)s–%(end)s your time")
            here["weekdays"] = _weekdays(local.weekdays)
        else:
            pattern = _("%(start)s–%(end)s your time")
        return {
            "kind": line.kind,
            "heading": str(HEADINGS[line.kind]),
            "gmt": _("%(weekdays)s %(start)s–%(end)s GMT")
            % {
                "weekdays": _weekdays(line.weekdays),
                "start": _clock(line.start),
                "end": _clock(line.end, end=True),
            },
            "local": pattern % here,
        }

    def _now_text(self) -> str:
        window = hours.current_window(self._windows, self._holidays, self._at)
        change = hours.next_change(self._windows, self._holidays, self._at)
        if window and change:
            return self._until(window.kind, change.at)
        if window:
            return str(NOW[window.kind])
        if change:
            return _opens(change.at, self._zone)
        return _("Now: closed")

    def _until(self, kind: str, at: datetime) -> str:
        until = at.astimezone(self._zone)
        last_day = (until - timedelta(microseconds=1)).date()
        if last_day == self._at.astimezone(self._zone).date():
            return NOW_UNTIL[kind] % {"time": _clock(until.time(), end=True)}
        return NOW_UNTIL_DAY[kind] % {
            "weekday": str(WEEKDAYS_ABBR[until.weekday()]),
            "time": _clock(until.time()),
        }

    def _dayline(self) -> list[dict[str, str]]:
        today = self._at.astimezone(UTC).date()
        spans = hours.spans_on(self._windows, self._holidays, today)
        starts = {span.start for span in spans}
        entries = []
        for span in spans:
            gap = GAP if span.end in starts else 0
            width = LINE_WIDTH * ((span.end - span.start) / hours.DAY) - gap
            entries.append(_entry(span.start.time(), span.kind, width=width))
            if span.end not in starts:
                entries.append(_entry(span.end.time(), "end", end=True))
        return entries


def _opens(at: datetime, zone: tzinfo) -> str:
    at, here = at.astimezone(UTC), at.astimezone(zone)
    words = {
        "weekday": WEEKDAYS_ABBR[at.weekday()],
        "date": date_format(at, "MONTH_DAY_FORMAT"),
        "time": _clock(at.time()),
        "local": _clock(here.time()),
    }
    if here.date() == at.date():
        return _("Opens: %(weekday)s %(date)s, %(time)s GMT (%(local)s your time)") % words
    words["local_weekday"] = WEEKDAYS_ABBR[here.weekday()]
    return (
        _("Opens: %(weekday)s %(date)s, %(time)s GMT (%(local_weekday)s %(local)s your time)")
        % words
    )


def _weekdays(weekdays: tuple[int, int]) -> str:
    first, last = (str(WEEKDAYS_ABBR[day]) for day in weekdays)
    return first if first == last else f"{first}–{last}"


def _clock(moment: time, end: bool = False) -> str:
    return "24:00" if end and moment == hours.MIDNIGHT else time_format(moment, "TIME_FORMAT")


def _entry(moment: time, kind: str, width: float = 0, end: bool = False) -> dict[str, str]:
    hour, minutes = _clock(moment, end).split(":")
    label = str(int(hour)) if minutes == "00" else f"{int(hour)}:{minutes}"
    x = str(float(LINE_WIDTH)) if label == "24" else _place(moment)
    return {"x": x, "width": f"{width:.1f}", "kind": kind, "label": label}


def _place(moment: datetime | time) -> str:
    minutes = moment.hour * 60 + moment.minute
    return f"{LINE_WIDTH * minutes / (24 * 60):.1f}"
