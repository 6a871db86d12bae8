"""Dates, times and numbers as GLOSSARY §6.3 writes them."""

from datetime import datetime

import pytest
from django.utils import translation
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format, get_format, number_format

AT = datetime(2020, 8, 3, 13, 5)
MORNING = datetime(2020, 8, 3, 6, 5)

TABLE = {
    "en": {
        "DATE_FORMAT": "3 Aug 2020",
        "DATETIME_FORMAT": "3 Aug 2020, 13:05",
        "TIME_FORMAT": "13:05",
        "SHORT_DATE_FORMAT": "3 Aug 2020",
        "SHORT_DATETIME_FORMAT": "3 Aug 2020, 13:05",
        "MONTH_DAY_FORMAT": "3 Aug",
        "YEAR_MONTH_FORMAT": "August 2020",
    },
    "cs": {
        "DATE_FORMAT": "3.~srpna 2020",
        "DATETIME_FORMAT": "3.~srpna 2020 13:05",
        "TIME_FORMAT": "13:05",
        "SHORT_DATE_FORMAT": "3.~8.~2020",
        "SHORT_DATETIME_FORMAT": "3.~8.~2020 13:05",
        "MONTH_DAY_FORMAT": "3.~8.",
        "YEAR_MONTH_FORMAT": "srpen 2020",
    },
    "sl": {
        "DATE_FORMAT": "3.~avgust 2020",
        "DATETIME_FORMAT": "3.~avgust 2020 ob~13:05",
        "TIME_FORMAT": "13:05",
        "SHORT_DATE_FORMAT": "3.~8.~2020",
        "SHORT_DATETIME_FORMAT": "3.~8.~2020 13:05",
        "MONTH_DAY_FORMAT": "3.~8.",
        "YEAR_MONTH_FORMAT": "avgust 2020",
    },
}


@pytest.mark.parametrize("language", TABLE)
@pytest.mark.parametrize("name", TABLE["en"])
def test_dates_and_times(language, name):
    with translation.override(language):
        expected = TABLE[language][name].replace("~", "\N{NO-BREAK SPACE}")
        assert date_format(AT, name) == expected


@pytest.mark.parametrize(("language", "text"), [("en", "06:05"), ("cs", "6:05"), ("sl", "6:05")])
def test_hours_have_a_leading_zero_in_english_only(language, text):
    with translation.override(language):
        assert date_format(MORNING, "TIME_FORMAT") == text


@pytest.mark.parametrize(
    ("language", "text"), [("en", "12,345.5"), ("cs", "12~345,5"), ("sl", "12.345,5")]
)
def test_numbers(language, text):
    with translation.override(language):
        formatted = number_format(12345.5, decimal_pos=1, force_grouping=True)
        assert formatted == text.replace("~", "\N{NO-BREAK SPACE}")
        assert get_format("FIRST_DAY_OF_WEEK") == 1


@pytest.mark.parametrize(
    ("language", "months"),
    [
        (
            "cs",
            "ledna února března dubna května června července srpna září října listopadu prosince",
        ),
        (
            "sl",
            "januarja februarja marca aprila maja junija "
            "julija avgusta septembra oktobra novembra decembra",
        ),
    ],
)
def test_months_in_a_date_are_in_the_genitive(language, months):
    with translation.override(language):
        written = [date_format(datetime(2020, month, 1), "E") for month in range(1, 13)]
    assert written == months.split()


@pytest.mark.parametrize(
    ("language", "weekdays"),
    [
        ("en", "Mon Tue Wed Thu Fri Sat Sun"),
        ("cs", "po út st čt pá so ne"),
        ("sl", "pon. tor. sre. čet. pet. sob. ned."),
    ],
)
def test_short_weekdays(language, weekdays):
    with translation.override(language):
        assert [str(name) for name in WEEKDAYS_ABBR.values()] == weekdays.split()
