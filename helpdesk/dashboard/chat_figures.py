"""The figures about chats. Each takes the sources and returns a figure with its drawing."""

from __future__ import annotations

from django.conf import settings
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from . import amounts, plots, sentences
from .amounts import whole
from .plots import Level, Series, Span
from .shapes import Figure
from .sources import Sources
from .ticket_figures import day_words, over_time, step_head

HOURS = range(24)


def hours(sources: Sources) -> Figure:
    counts = sources.requests.hours
    spans = plots.joined([(one.weekday, one.start, one.end) for one in sources.windows])
    weekdays = [str(WEEKDAYS_ABBR[day]) for day in range(7)]
    rows = [
        [
            f"{sentences.clock(hour)}–{sentences.clock(hour + 1)}",
            *(counts.get((day, hour), 0) for day in range(7)),
        ]
        for hour in HOURS
    ]
    total = sum(counts.values())
    by_hour = [sum(row[1:]) for row in rows]
    peak = by_hour.index(max(by_hour))
    outside = sum(n for at, n in counts.items() if not within(spans, *at)) if spans else None
    legend = pgettext("figures", "service hours")
    return Figure(
        "chat-hours",
        _("Chat requests by hour, GMT"),
        sentences.hours(peak, by_hour[peak], outside, total),
        [_("Hour, GMT"), *weekdays],
        rows,
        plots.hours(rows, weekdays, spans, legend) if total else None,
    )


def within(spans: list[Span], weekday: int, hour: int) -> bool:
    """Whether any part of the hour belongs to the service hours."""
    return any(
        span.first <= weekday <= span.last and span.start < hour + 1 and hour < span.end
        for span in spans
    )


def waits(sources: Sources) -> Figure:
    times, target = sources.waits, sources.target
    text = pgettext("figures", "target %(value)s") % {"value": amounts.limit(target)}
    level = Level(target.total_seconds(), text)
    sentence = sentences.waits(times, target)
    return over_time("chat-wait", _("Wait in the chat queue"), sentence, times, sources, level)


def missed(sources: Sources) -> Figure:
    rows = sources.chats_by_step(lambda day: (day.missed, day.abandoned, day.begun))
    lost = [sum(row[n] for row in rows) for n in (1, 2)]
    total = sum(row[3] for row in rows)
    series = [
        Series(1, pgettext("figures", "missed"), "", "f4"),
        Series(2, pgettext("figures", "abandoned"), "", "hollow"),
    ]
    return Figure(
        "chat-missed",
        _("Missed and abandoned chats"),
        sentences.missed(total, *lost, sources.target),
        [
            step_head(sources),
            pgettext("figures", "Missed"),
            pgettext("figures", "Abandoned"),
            pgettext("figures", "Requests"),
        ],
        rows,
        plots.columns(rows, day_words(rows), series, whole) if any(lost) else None,
    )


def sent(sources: Sources) -> Figure:
    names = dict(settings.LANGUAGES)
    rows = [
        [
            str(names.get(one.language, one.language)),
            one.chats,
            one.tickets,
            amounts.share(one.tickets, one.chats),
        ]
        for one in sources.sent
    ]
    chats, tickets = (sum(row[n] for row in rows) for n in (1, 2))
    return Figure(
        "chat-tickets",
        _("Chats that led to a ticket"),
        sentences.sent(chats, tickets),
        [_("Language"), _("Answered chats"), _("With a ticket"), pgettext("figures", "Share")],
        rows,
        plots.bars(rows, 3, amounts.percent) if tickets else None,
        units=["", "", "", "%"],
    )
