"""Service hours: windows in GMT, holidays, and the same hours on the reader's clock."""

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string

from helpdesk.hours_panel import ServiceHours, zone_city
from tickets import hours

PRAGUE = ZoneInfo("Europe/Prague")
AUCKLAND = ZoneInfo("Pacific/Auckland")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def window(weekday, start, end, kind):
    return SimpleNamespace(weekday=weekday, start=time(start), end=time(end % 24), kind=kind)


WEEK = [
    row
    for day in range(5)
    for row in (window(day, 6, 13, "english_only"), window(day, 13, 21, "language_support"))
]
ALWAYS = [window(day, 0, 24, "english_only") for day in range(7)]
HOLIDAY = [SimpleNamespace(date=date(2026, 7, 15), name="Holiday")]


def gmt(month, day, hour=0, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        (gmt(1, 15, 5, 59), None),
        (gmt(1, 15, 6), "english_only"),
        (gmt(1, 15, 12, 59), "english_only"),
        (gmt(7, 15, 13), "language_support"),
        (gmt(7, 15, 20, 59), "language_support"),
        (gmt(7, 17, 21), None),
        (gmt(7, 18, 10), None),
        (gmt(3, 29, 1), None),
        (gmt(3, 30, 6), "english_only"),
        (gmt(10, 25, 1), None),
        (gmt(10, 26, 6), "english_only"),
    ],
)
def test_windows_are_half_open_and_follow_gmt(at, kind):
    current = hours.current_window(WEEK, [], at)
    assert (current and current.kind) == kind
    assert hours.is_open(WEEK, [], at) is (kind is not None)


def test_local_input_is_the_same_instant():
    assert hours.is_open(WEEK, [], datetime(2026, 1, 15, 7, tzinfo=PRAGUE))
    assert not hours.is_open(WEEK, [], datetime(2026, 7, 15, 7, 59, tzinfo=PRAGUE))


def test_a_window_ends_at_the_midnight_of_its_day():
    late = [window(0, 22, 24, "english_only"), window(1, 0, 2, "english_only")]
    assert hours.is_open(late, [], gmt(7, 13, 23, 59))
    assert hours.is_open(late, [], gmt(7, 14, 0, 1))
    assert not hours.is_open(late[:1], [], gmt(7, 14, 0, 1))
    assert hours.next_change(late, [], gmt(7, 13, 23)) == (gmt(7, 14, 2), None)


def test_next_change_names_openings_changes_of_kind_and_closings():
    assert hours.next_change(WEEK, [], gmt(7, 17, 5)) == (gmt(7, 17, 6), "english_only")
    assert hours.next_change(WEEK, [], gmt(7, 17, 6)) == (gmt(7, 17, 13), "language_support")
    assert hours.next_change(WEEK, [], gmt(7, 17, 13)) == (gmt(7, 17, 21), None)
    assert hours.next_change(WEEK, [], gmt(7, 17, 21)) == (gmt(7, 20, 6), "english_only")


def test_a_holiday_closes_its_gmt_date():
    assert not hours.is_open(WEEK, HOLIDAY, gmt(7, 15, 10))
    assert hours.next_change(WEEK, HOLIDAY, gmt(7, 14, 21)) == (gmt(7, 16, 6), "english_only")


def test_service_time_skips_nights_weekends_and_holidays():
    eight = timedelta(hours=8)
    assert hours.add_service_time(WEEK, [], gmt(7, 17, 20), timedelta(hours=1)) == gmt(7, 17, 21)
    assert hours.add_service_time(WEEK, [], gmt(7, 17, 21), eight) == gmt(7, 20, 14)
    assert hours.add_service_time(WEEK, HOLIDAY, gmt(7, 14, 20), eight) == gmt(7, 16, 13)
    support = {"language_support"}
    assert hours.add_service_time(WEEK, [], gmt(7, 13, 6), eight, support) == gmt(7, 13, 21)
    assert hours.add_service_time(WEEK, [], gmt(7, 13, 14), eight, support) == gmt(7, 14, 14)


def test_service_time_of_nothing_is_now_and_never_runs_backwards():
    assert hours.add_service_time(WEEK, [], gmt(7, 18), timedelta(0)) == gmt(7, 18)
    with pytest.raises(ValueError):
        hours.add_service_time(WEEK, [], gmt(7, 18), timedelta(seconds=-1))


def test_without_windows_nothing_opens():
    assert not hours.is_open([], [], gmt(7, 15, 10))
    assert hours.next_change([], [], gmt(7, 15, 10)) is None
    assert hours.add_service_time([], [], gmt(7, 15, 10), timedelta(hours=1)) is None
    assert hours.lines([]) == []


def test_without_a_break_nothing_changes():
    assert hours.is_open(ALWAYS, [], gmt(7, 15, 23, 59))
    assert hours.next_change(ALWAYS, [], gmt(7, 15)) is None


def test_a_naive_instant_is_refused():
    naive = datetime(2026, 7, 15, 10)
    for function in (hours.is_open, hours.current_window, hours.next_change):
        with pytest.raises(ValueError):
            function(WEEK, [], naive)


def test_lines_join_equal_days_and_keep_kinds_together():
    saturday = window(5, 8, 12, "english_only")
    assert hours.lines([*WEEK, saturday]) == [
        ("english_only", (0, 4), time(6), time(13)),
        ("english_only", (5, 5), time(8), time(12)),
        ("language_support", (0, 4), time(13), time(21)),
    ]
    assert [line.weekdays for line in hours.lines(WEEK[:2] + WEEK[4:6])] == [(0, 0), (2, 2)] * 2


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        (gmt(1, 15, 10), 7, 14),
        (gmt(7, 15, 10), 8, 15),
        (gmt(3, 27, 10), 7, 14),
        (gmt(3, 27, 13), 8, 15),
        (gmt(3, 29, 0), 8, 15),
        (gmt(10, 23, 10), 8, 15),
        (gmt(10, 25, 0), 7, 14),
    ],
)
def test_local_times_follow_the_next_day_of_the_line(at, start, end):
    local = hours.local_times(hours.lines(WEEK)[0], PRAGUE, at)
    assert local == ((0, 4), time(start), time(end), False)


def test_local_times_name_the_weekday_across_midnight():
    english, support = hours.lines(WEEK)
    july = gmt(7, 15)
    assert hours.local_times(english, AUCKLAND, july) == ((0, 4), time(18), time(1), True)
    assert hours.local_times(support, AUCKLAND, july) == ((1, 5), time(1), time(9), True)
    assert hours.local_times(english, LOS_ANGELES, july) == ((6, 3), time(23), time(6), True)
    assert hours.local_times(support, LOS_ANGELES, july) == ((0, 4), time(6), time(14), False)


def panel(at, zone=PRAGUE, language="en", windows=WEEK, holidays=()):
    return ServiceHours(windows, holidays, at, zone, language)


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("language", "gmt_text", "winter", "summer"),
    [
        ("en", "Mon–Fri 06:00–13:00 GMT", "07:00–14:00 your time", "08:00–15:00 your time"),
        ("cs", "po–pá 6:00–13:00 GMT", "7:00–14:00 vašeho času", "8:00–15:00 vašeho času"),
        ("sl", "pon.–pet. 6:00–13:00 GMT", "7:00–14:00 po vašem času", "8:00–15:00 po vašem času"),
    ],
)
def test_panel_rows_in_three_languages(language, gmt_text, winter, summer):
    for at, local in ((gmt(1, 15, 10), winter), (gmt(7, 15, 10), summer)):
        row = panel(at, language=language).rows[0]
        assert row["kind"] == "english_only"
        assert (plain(row["gmt"]), plain(row["local"])) == (gmt_text, local)


@pytest.mark.parametrize(
    ("at", "language", "text"),
    [
        (gmt(7, 15, 14), "en", "Now: Language Support until 23:00"),
        (gmt(7, 15, 14), "cs", "Nyní: jazyková podpora do 23:00"),
        (gmt(7, 15, 14), "sl", "Zdaj: jezikovna podpora do 23:00"),
        (gmt(7, 17, 21), "en", "Opens: Mon 20 Jul, 06:00 GMT (08:00 your time)"),
        (gmt(7, 17, 21), "cs", "Znovu otevíráme: po 20. 7., 6:00 GMT (8:00 vašeho času)"),
        (gmt(7, 17, 21), "sl", "Ponovno odpremo: pon., 20. 7., 6:00 GMT (8:00 po vašem času)"),
    ],
)
def test_panel_says_what_is_now(at, language, text):
    now = panel(at, language=language).now
    assert (now["open"], plain(now["text"])) == (at.hour == 14, text)


def test_panel_names_the_day_when_the_local_clock_passes_midnight():
    auckland = panel(gmt(7, 15, 10), AUCKLAND)
    assert [row["local"] for row in auckland.rows] == [
        "Mon–Fri 18:00–01:00 your time",
        "Tue–Sat 01:00–09:00 your time",
    ]
    assert auckland.now["text"] == "Now: English Only until Thu, 01:00"
    assert panel(gmt(7, 15, 10), LOS_ANGELES).rows[0]["local"] == "Sun–Thu 23:00–06:00 your time"


def test_panel_writes_the_midnight_at_the_end_as_24():
    moscow = ZoneInfo("Europe/Moscow")
    hours_there = panel(gmt(7, 15, 14), moscow)
    assert hours_there.rows[1]["local"] == "16:00–24:00 your time"
    assert hours_there.now["text"] == "Now: Language Support until 24:00"


def test_panel_on_a_holiday_without_windows_and_without_a_break():
    assert (
        panel(gmt(7, 15, 10), holidays=HOLIDAY).now["text"]
        == "Opens: Thu 16 Jul, 06:00 GMT (08:00 your time)"
    )
    assert panel(gmt(7, 15, 10), windows=[]).now == {"open": False, "text": "Now: closed"}
    assert panel(gmt(7, 15, 10), windows=ALWAYS).now["text"] == "Now: English Only"


def test_dayline_places_today_on_the_line_of_the_mock():
    today = panel(gmt(7, 15, 13, 6), language="cs")
    assert [tuple(entry.values()) for entry in today.dayline] == [
        ("58.0", "65.7", "english_only", "6"),
        ("125.7", "77.3", "language_support", "13"),
        ("203.0", "0.0", "end", "21"),
    ]
    assert today.now_x == "126.6"
    assert panel(gmt(7, 18, 10)).dayline == []
    assert panel(gmt(7, 18), windows=ALWAYS).dayline[-1]["x"] == "232.0"


def test_a_day_without_windows_has_no_line():
    drawn = {
        day: render_to_string("_now.html", {"hours": panel(gmt(7, day, 10))}) for day in (15, 18)
    }
    assert "<svg" in drawn[15]
    assert "<svg" not in drawn[18]


def test_zone_city_is_translated_or_the_last_part_of_the_name():
    assert panel(gmt(7, 15), language="cs").zone_city == "Praha"
    assert panel(gmt(7, 15), language="sl").zone_city == "Praga"
    assert zone_city(ZoneInfo("America/Argentina/Buenos_Aires")) == "Buenos Aires"
    assert zone_city(UTC) == "UTC"


def test_the_next_opening_names_the_local_weekday_where_it_is_another():
    los_angeles = panel(gmt(7, 15, 22), ZoneInfo("America/Los_Angeles")).now["text"]
    assert plain(los_angeles) == "Opens: Thu 16 Jul, 06:00 GMT (Wed 23:00 your time)"
