"""The numbers of this moment, above the figures."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tickets.desk.durations import in_words

from . import amounts
from .amounts import whole
from .shapes import Tile
from .sources import Sources


def tiles(sources: Sources) -> list[Tile]:
    """Return the tiles; of a share those that the whole team has are left out."""
    standing, week = sources.standing, _("last 7 days")
    chats = [] if sources.is_share else [_chats_waiting(sources)]
    return [
        Tile(
            pgettext("figures", "Open now"),
            whole(standing.open),
            "" if sources.is_share else unassigned(standing.unassigned),
            _work("mine" if sources.is_share else "unassigned"),
        ),
        Tile(
            pgettext("section", "Awaiting Feedback"),
            whole(standing.awaiting),
            "",
            "" if sources.is_share else _work("awaiting"),
        ),
        _longest_wait(sources),
        *chats,
        Tile(
            pgettext("figures", "Median first reply"),
            amounts.duration(sources.first_reply_of_week.median),
            week,
            of_week=True,
        ),
        Tile(_("Closed"), whole(sources.closed_in_week), week, of_week=True),
    ]


def _work(view: str) -> str:
    """The address of a view of the work list."""
    page = reverse("admin:tickets_ticket_changelist")
    return f"{page}?view={view}" if view else page


def unassigned(tickets: int) -> str:
    if not tickets:
        return pgettext("tickets", "none unassigned")
    text = ngettext("%(n)s unassigned ticket", "%(n)s unassigned tickets", tickets)
    return text % {"n": whole(tickets)}


def over_target(chats: int) -> str:
    if not chats:
        return pgettext("chats", "none over target")
    text = ngettext("%(n)s chat over target", "%(n)s chats over target", chats)
    return text % {"n": whole(chats)}


def _longest_wait(sources: Sources) -> Tile:
    oldest, label = sources.standing.oldest, _("Longest wait")
    if oldest is None:
        return Tile(label, amounts.NOTHING, _("Nobody waits"))
    wait = in_words(sources.at - oldest.waiting_since, roughly=True).replace(" ", amounts.NBSP)
    url = reverse("admin:tickets_ticket_change", args=[oldest.pk])
    return Tile(label, wait, oldest.number, url)


def _chats_waiting(sources: Sources) -> Tile:
    waiting, over = sources.waiting_now
    return Tile(
        _("Chats waiting"),
        whole(waiting),
        over_target(over),
        reverse("console:console"),
        grave=over > 0,
    )
