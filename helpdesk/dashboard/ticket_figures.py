"""The figures about tickets. Each takes the sources and returns a figure with its drawing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tickets.models import TicketLanguage
from tickets.reports import Durations

from . import amounts, plots, sentences
from .amounts import whole
from .plots import Series
from .shapes import Figure
from .sources import Sources


def opened_closed(sources: Sources) -> Figure:
    rows = sources.by_step(lambda day: (day.opened, day.closed))
    opened, closed = (sum(row[n] for row in rows) for n in (1, 2))
    names = pgettext("figures", "opened"), pgettext("figures", "closed")
    series = [Series(1, names[0], "c1", "f1"), Series(2, names[1], "c2 dash", "f2")]
    drawing = plots.lines(rows, day_words(rows), series, whole) if opened or closed else None
    title = _("Opened and closed per week") if sources.is_long else _("Opened and closed per day")
    heads = [pgettext("figures", "Opened"), _("Closed")]
    return Figure(
        "opened-closed",
        title,
        sentences.opened_closed(opened, closed, is_share=sources.is_share),
        [step_head(sources), *heads],
        rows,
        drawing,
    )


def ages(sources: Sources) -> Figure:
    standing = sources.standing
    names = [
        _("under 1 day"),
        _("1–2 days"),
        _("3–6 days"),
        _("7–13 days"),
        _("14 days or more"),
    ]
    rows = [[name, count] for name, count in zip(names, standing.ages, strict=True)]
    oldest = standing.oldest
    alone = oldest is not None and oldest.assignee_id is None and not sources.is_share
    days = (sources.at - oldest.waiting_since).days if alone else None
    return Figure(
        "age",
        _("Open tickets by age"),
        sentences.ages(standing, days),
        [pgettext("figures", "Age"), _("Open tickets")],
        rows,
        plots.bars(rows, 1, whole, warn=len(rows) - 1) if standing.open else None,
    )


def languages(sources: Sources) -> Figure:
    counts = sources.counted.languages
    rows = [[str(name), counts.get(code, 0)] for code, name in TicketLanguage.choices]
    total = sum(row[1] for row in rows)
    return Figure(
        "language",
        _("Opened by language"),
        sentences.opened(total, *leader(rows)),
        [_("Language"), pgettext("figures", "Opened")],
        rows,
        plots.bars(rows, 1, whole) if total else None,
    )


def topics(sources: Sources) -> Figure:
    named = [[topic.name, count] for topic, count in sources.topics if topic]
    none = [[pgettext("topic", "Without a topic"), n] for topic, n in sources.topics if not topic]
    rows = [*named, *none]
    total = sum(row[1] for row in rows)
    return Figure(
        "topic",
        _("Opened by topic"),
        sentences.opened(total, *leader(rows)) if total else sentences.nothing(),
        [_("Topic"), pgettext("figures", "Opened")],
        rows,
        plots.bars(rows, 1, whole) if total else None,
    )


def leader(rows: Sequence[Sequence]) -> tuple[str | None, int]:
    """Return the name with the most and how many; no name if none or several have the most."""
    most = max((row[1] for row in rows), default=0)
    names = [row[0] for row in rows if row[1] == most]
    return (names[0] if most and len(names) == 1 else None), most


def first_reply(sources: Sources) -> Figure:
    times = sources.first_reply
    sentence = sentences.first_reply(times)
    return over_time("first-reply", _("Time to first reply"), sentence, times, sources)


def resolution(sources: Sources) -> Figure:
    times = sources.resolution
    sentence = sentences.resolution(times)
    return over_time("resolution", _("Time to resolution"), sentence, times, sources)


def over_time(
    key: str,
    title: str,
    sentence: str,
    times: Durations,
    sources: Sources,
    level: plots.Level | None = None,
) -> Figure:
    """Median and ninth decile of ``times`` by day or week, as lines."""
    rows = [[step.first, step.count, step.median, step.p90] for step in times.steps]
    unit = amounts.unit_of([cell for row in rows for cell in row[2:]])
    series = [
        Series(3, _("9 in 10"), "c4 dash", "f4"),
        Series(2, pgettext("figures", "median"), "c1", "f1"),
    ]
    drawing = None
    if times.count:
        tell = partial(_in_unit, unit=unit)
        drawing = plots.lines(rows, day_words(rows), series, tell, unit.seconds, level)
    columns = [step_head(sources), pgettext("figures", "Count"), _("Median"), _("9 in 10 within")]
    return Figure(key, title, sentence, columns, rows, drawing, units=["", "", "s", "s"])


def _in_unit(seconds: float, unit: amounts.Unit) -> str:
    return amounts.step(seconds / unit.seconds, unit)


def reopened(sources: Sources) -> Figure:
    rows = sources.by_step(lambda day: (day.reopened, day.closed))
    count, closed = (sum(row[n] for row in rows) for n in (1, 2))
    series = [Series(1, pgettext("figures", "reopened"), "", "f1")]
    return Figure(
        "reopened",
        _("Reopened tickets"),
        sentences.reopened(count, closed),
        [step_head(sources), _("Reopened"), _("Closed")],
        rows,
        plots.columns(rows, day_words(rows), series, whole) if count > 0 else None,
    )


def load(sources: Sources) -> Figure:
    rows = [
        [str(load.agent.display_name), load.open, load.awaiting, load.replies, load.closed, chats]
        for load, chats in sources.load
    ]
    heads = [
        pgettext("figures", "Open"),
        pgettext("figures", "Awaiting"),
        pgettext("figures", "Replies"),
        _("Closed"),
        _("Chats"),
    ]
    replies, closed, chats = (sum(row[n] for row in rows) for n in (3, 4, 5))
    return Figure(
        "load",
        _("Load per agent"),
        sentences.load(replies, closed, chats) if rows else sentences.nothing(),
        [_("Agent"), *heads],
        rows,
        plots.load(rows, heads, whole) if rows else None,
        links=[] if sources.is_share else [f"agent={load.agent.pk}" for load, _n in sources.load],
    )


def step_head(sources: Sources) -> str:
    return _("Week from") if sources.is_long else _("Day")


def day_words(rows: Sequence[Sequence]) -> list[str]:
    """How the days that ``rows`` begin with are told below a drawing."""
    return [amounts.short_day(row[0]) if isinstance(row[0], date) else str(row[0]) for row in rows]
