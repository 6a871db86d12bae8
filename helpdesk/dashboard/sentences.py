"""What the figures say, each in whole sentences; nothing at all is its own sentence."""

from __future__ import annotations

from datetime import time, timedelta

from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.reports import Durations, Standing

from . import amounts
from .amounts import whole

A_WEEK_OLD = 3  # the ages from here on, of Standing.ages


def nothing() -> str:
    return _("No data for this period.")


def opened_closed(opened: int, closed: int, *, is_share: bool = False) -> str:
    """Of a share no difference: others close what was given to somebody, and the reverse."""
    if not opened and not closed:
        return nothing()
    if is_share:
        words = _("Opened and now assigned: %(a)s. Closed by the agent: %(b)s.")
        return words % {"a": whole(opened), "b": whole(closed)}
    return _("Opened: %(a)s, closed: %(b)s, difference: %(d)s") % {
        "a": whole(opened),
        "b": whole(closed),
        "d": amounts.signed(opened - closed),
    }


def ages(standing: Standing, oldest_days: int | None) -> str:
    """``oldest_days``: since when the oldest ticket that nobody handles waits, if there is one."""
    if not standing.open:
        return _("No ticket is open.")
    old = sum(standing.ages[A_WEEK_OLD:])
    first = older_than_a_week(old)
    return first if oldest_days is None else f"{first} {oldest_unassigned(oldest_days)}"


def older_than_a_week(tickets: int) -> str:
    if not tickets:
        return _("No open ticket is older than a week.")
    text = ngettext(
        "%(n)s open ticket is older than a week.",
        "%(n)s open tickets are older than a week.",
        tickets,
    )
    return text % {"n": whole(tickets)}


def oldest_unassigned(days: int) -> str:
    if not days:
        return _("The oldest unassigned ticket has been waiting for less than a day.")
    text = ngettext(
        "The oldest unassigned ticket has been waiting %(n)s day.",
        "The oldest unassigned ticket has been waiting %(n)s days.",
        days,
    )
    return text % {"n": whole(days)}


def opened(total: int, leader: str | None, part: int) -> str:
    """``leader``: which language or topic has the most, ``part`` of ``total``; None in a draw."""
    text = tickets_opened(total)
    if not total or leader is None:
        return text
    share = amounts.percent(amounts.share(part, total))
    return f"{text} " + _("Most: %(name)s, %(share)s.") % {"name": leader, "share": share}


def tickets_opened(tickets: int) -> str:
    if not tickets:
        return nothing()
    text = ngettext("%(n)s ticket opened.", "%(n)s tickets opened.", tickets)
    return text % {"n": whole(tickets)}


def first_reply(times: Durations) -> str:
    if times.median is None:
        return nothing()
    text = _("Median time to first reply: %(value)s.")
    return f"{text % {'value': amounts.duration(times.median)}} {nine_in_ten(times)}"


def resolution(times: Durations) -> str:
    if times.median is None:
        return nothing()
    text = _("Median time to resolution: %(value)s.")
    return f"{text % {'value': amounts.duration(times.median)}} {nine_in_ten(times)}"


def nine_in_ten(times: Durations) -> str:
    return _("Nine in ten within: %(value)s.") % {"value": amounts.duration(times.p90)}


def waits(times: Durations, target: timedelta) -> str:
    if times.median is None:
        return nothing()
    if times.median <= target:
        text = _("The median is within the target: %(value)s, target %(target)s.")
    else:
        text = _("The median is over the target: %(value)s, target %(target)s.")
    words = {"value": amounts.duration(times.median), "target": amounts.limit(target)}
    return f"{text % words} {nine_in_ten(times)}"


def reopened(count: int, closed: int) -> str:
    if not count and not closed:
        return nothing()
    text = tickets_reopened(count)
    if not count or closed <= 0:
        return text
    # No share: what is reopened now may have been closed long before.
    rate = amounts.number(amounts.share(count, closed))
    return f"{text} " + _("That is %(n)s for every 100 closed.") % {"n": rate}


def tickets_reopened(tickets: int) -> str:
    if not tickets:
        return _("No ticket was reopened.")
    text = ngettext("%(n)s ticket reopened.", "%(n)s tickets reopened.", tickets)
    return text % {"n": whole(tickets)}


def hours(hour: int, chats: int, outside: int | None, total: int) -> str:
    """``chats`` came within ``hour``, ``outside`` of ``total`` when nobody was at the desk."""
    if not total:
        return nothing()
    if outside is None:
        return f"{peak(hour, chats)}. " + _("There are no service hours.")
    share = amounts.percent(amounts.share(outside, total))
    return f"{peak(hour, chats)}. " + _("Outside service hours: %(share)s.") % {"share": share}


def peak(hour: int, chats: int) -> str:
    if not chats:
        return nothing()
    text = ngettext(
        "Peak: %(from)s–%(to)s GMT, %(n)s chat", "Peak: %(from)s–%(to)s GMT, %(n)s chats", chats
    )
    return text % {"from": clock(hour), "to": clock(hour + 1), "n": whole(chats)}


def clock(hour: int) -> str:
    """The full ``hour``, 0 to 24, as a time of day."""
    if hour == 24:
        return "24:00"
    return time_format(time(hour), "TIME_FORMAT")


def missed(requests: int, missed_: int, abandoned: int, target: timedelta) -> str:
    if not requests:
        return nothing()
    if not missed_ and not abandoned:
        return _("No chat was missed or abandoned.")
    return _(
        "Missed: %(missed)s (ended unanswered after %(target)s or more)."
        " Abandoned: %(abandoned)s (ended unanswered before that)."
    ) % {
        "target": amounts.limit(target),
        "missed": whole(missed_),
        "abandoned": whole(abandoned),
    }


def sent(chats: int, tickets: int) -> str:
    if not chats:
        return nothing()
    text = ended_with_a_ticket(tickets)
    if not tickets:
        return text
    share = amounts.percent(amounts.share(tickets, chats))
    return f"{text} " + _("That is %(share)s of those answered.") % {"share": share}


def ended_with_a_ticket(chats: int) -> str:
    if not chats:
        return _("No chat ended with a ticket.")
    text = ngettext("%(n)s chat ended with a ticket.", "%(n)s chats ended with a ticket.", chats)
    return text % {"n": whole(chats)}


def load(replies: int, closed: int, chats: int) -> str:
    return _("Replies: %(replies)s, closed: %(closed)s, chats: %(chats)s") % {
        "replies": whole(replies),
        "closed": whole(closed),
        "chats": whole(chats),
    }
