"""The work list: saved views, filters and search over all tickets, page by page.

Pages are found by keys and never by counting, and every view runs along an index, so that a
million tickets list as fast as a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q, Subquery
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Rank, User

from .keyset import CappedCount, Cursor, Order
from .models import Ticket, TicketLanguage
from .models.lifecycle import Status
from .models.queries import NUMBER, TicketQuerySet

AGES = ("1", "3", "7")  # days
CLOSED_DAYS = 7
WORK = ("tickets.view_ticket", "tickets.change_ticket")  # what changing tickets takes
_PK = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_UNFINISHED = (Status.OPEN, Status.AWAITING_FEEDBACK)  # support's turn before the member's
OLDEST, NEWEST = Order(("pk",)), Order(("-pk",))
CLOSED = Order(("-closed_at", "-pk"))


def _work(*statuses: Status) -> Order:
    """Longest waiting first; the indexes run that way."""
    return Order(("waiting_since", "pk"), statuses)


class View(NamedTuple):
    """A saved view. A filter by status overrides ``statuses`` unless the view ``is_fixed``."""

    name: str
    title: str
    statuses: tuple[Status, ...]
    order: Order | None = None
    is_fixed: bool = False


VIEWS = [
    View("", pgettext_lazy("tickets", "Not closed"), _UNFINISHED),
    View("unassigned", pgettext_lazy("tickets", "Unassigned"), _UNFINISHED),
    View("mine", pgettext_lazy("tickets", "Mine"), _UNFINISHED),
    View("unread", pgettext_lazy("tickets", "Mine, unread"), _UNFINISHED),
    View(
        "awaiting",
        pgettext_lazy("tickets", "Waiting for member"),
        (Status.AWAITING_FEEDBACK,),
        is_fixed=True,
    ),
    View("oldest", pgettext_lazy("tickets", "Oldest first"), _UNFINISHED, OLDEST),
    View(
        "closed",
        pgettext_lazy("tickets", "Closed in the last 7 days"),
        (Status.CLOSED,),
        CLOSED,
        is_fixed=True,
    ),
    View("all", pgettext_lazy("tickets", "All"), (), NEWEST),
]
_BY_NAME = {view.name: view for view in VIEWS}


class Page(NamedTuple):
    tickets: list[Ticket]
    before: str = ""  # the cursor that leads back; empty on the first page
    after: str = ""


class Worklist:
    """What the address asks for; whatever it says that nobody offered is left out."""

    def __init__(self, params: QueryDict, agent: User, now: datetime) -> None:
        self.agent, self.now = agent, now
        self.view = _BY_NAME.get(params.get("view", ""), VIEWS[0])
        self.q = params.get("q", "").replace("\0", "").strip()[:200]
        self.filters = {
            name: value for name in FILTERS if (value := _known(name, params.get(name, "")))
        }
        self.order = self._order()
        self.after = Cursor.parse(params.get("after", ""), self.order)
        self.before = Cursor.parse(params.get("before", ""), self.order)

    @property
    def query(self) -> str:
        """The address's query in its one form, without a place."""
        return self.query_with()

    def query_with(self, **changes: str) -> str:
        """The query with other values; empty ones are left out."""
        asked = {"view": self.view.name, **self.filters, "q": self.q, **changes}
        return urlencode({name: value for name, value in asked.items() if value})

    @property
    def place(self) -> str:
        """The query that leads back to this very page."""
        if self.after:
            return self.query_with(after=str(self.after))
        return self.query_with(before=str(self.before or ""))

    @property
    def shown(self) -> View:
        """The view that is seen: a search in the first one looks through all tickets."""
        return _BY_NAME["all"] if self.q and not self.view.name else self.view

    @property
    def everywhere(self) -> str:
        """The query that searches all tickets, if the search has looked through some of them."""
        is_partial = self.q and (self.filters or self.shown.name != "all")
        return urlencode({"view": "all", "q": self.q}) if is_partial else ""

    @property
    def number(self) -> int | None:
        """The number of the one ticket that is looked for, if the search is nothing else."""
        found = NUMBER.match(self.q)
        return int(found[1]) if found else None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.filters)

    def page(self, size: int = settings.PAGE_SIZE) -> Page:
        """The rows at the place that the address names; the first ones if it names none."""
        if self.before:
            rows = self._take(size + 1, self.before, back=True)
            if len(rows) >= size:
                return self._page(rows[size - 1 :: -1], len(rows) > size, True)
        elif self.after and (rows := self._take(size + 1, self.after)):
            return self._page(rows[:size], True, len(rows) > size)
        rows = self._take(size + 1)
        return self._page(rows[:size], False, len(rows) > size)

    def chunks(self, size: int, limit: int) -> Iterator[list[Ticket]]:
        """All rows from the first on, ``limit`` at most, a part at a time."""
        place = None
        while limit > 0 and (rows := self._take(min(size, limit), place)):
            yield rows
            limit -= len(rows)
            place = Cursor.of(rows[-1], self.order)

    def named(self, numbers: Collection[int]) -> list[Ticket]:
        """The tickets of these numbers, whatever the view shows."""
        rows = Ticket.objects.visible_to(self.agent).filter(pk__in=numbers).order_by("pk")
        return list(self._columns(rows))

    def neighbours(self, ticket: Ticket) -> tuple[int | None, int | None]:
        """The numbers of the tickets before and after ``ticket``, by one query.

        After one whose status has led it out of the view comes the first of the view. What was
        searched for has none, nor has a rank: no index runs along them, the walk could be long.
        """
        if self.q or "rank" in self.filters:
            return None, None
        place = Cursor.of(ticket, self.order) if self.order.has(ticket) else None
        after = _first(self._walk(place))
        before = _first(self._walk(place, back=True)) if place else None
        found = Ticket.objects.filter(pk=ticket.pk)
        if before is None:
            return None, found.values_list(after, flat=True).first()
        return found.values_list(before, after).first() or (None, None)

    @property
    def counts(self) -> dict[str, int]:
        """How many tickets each saved view has, ``COUNT_CAP`` + 1 at most; by one query.

        Under "found" stands what is left of them, where that can be counted along an index.
        """
        names = {view.name or "work": self._view_rows(view) for view in VIEWS}
        if self.q or (self.filters and Status.CLOSED not in (self._statuses or (Status.CLOSED,))):
            names["found"] = self._ordered(self._rows())
        capped = {f"count_{name}": CappedCount(rows) for name, rows in names.items()}
        found = User.objects.filter(pk=self.agent.pk).values(**capped).first() or {}
        return {name: found.get(f"count_{name}") or 0 for name in names}

    def _order(self) -> Order:
        if self.q:
            return NEWEST
        if self.view.order:
            return self.view.order
        if self._statuses == (Status.CLOSED,):
            return CLOSED
        return _work(*self._statuses)

    @property
    def _statuses(self) -> tuple[Status, ...]:
        """Which statuses the rows may have; none are named where all may be."""
        asked = self.filters.get("status")
        if asked and not (self.view.is_fixed and asked not in self.view.statuses):
            return (Status(asked),)
        return self.shown.statuses

    def _rows(self) -> TicketQuerySet:
        """What the address asks for, in no order."""
        rows = self._narrowed(Ticket.objects.visible_to(self.agent), self.view)
        rows = _with_statuses(rows, self._statuses)
        for name, value in self.filters.items():
            rows = rows.filter(FILTERS[name](self, value))
        return rows.matching(self.q, at_desk=True) if self.q else rows

    def _view_rows(self, view: View) -> TicketQuerySet:
        """A saved view by itself, in the order of an index."""
        rows = self._narrowed(Ticket.objects.visible_to(self.agent), view)
        rows = _with_statuses(rows, view.statuses)
        order = view.order or _work(*view.statuses)
        return rows.order_by(*(["-status"] if order.statuses else []), *order.columns)

    def _narrowed(self, rows: TicketQuerySet, view: View) -> TicketQuerySet:
        if view.name == "unassigned":
            return rows.unassigned()
        if view.name == "mine":
            return rows.filter(assignee=self.agent)
        if view.name == "unread":
            return rows.filter(assignee=self.agent).unread_by(self.agent)
        if view.name == "closed":
            return rows.closed_since(self.now - timedelta(days=CLOSED_DAYS))
        return rows

    def _ordered(self, rows: TicketQuerySet) -> TicketQuerySet:
        return rows.order_by(*(["-status"] if self.order.statuses else []), *self.order.columns)

    def _walk(self, place: Cursor | None, *, back: bool = False) -> Iterator[TicketQuerySet]:
        """What comes after ``place`` (or before it), one queryset a status.

        In one of all statuses PostgreSQL could not start at the place, but only at its status.
        """
        statuses = list(self.order.statuses[:: -1 if back else 1]) or [None]
        start = statuses.index(place.status) if place and place.status else 0
        for at, status in enumerate(statuses[start:]):
            rows = self._rows().order_by(*self.order.fields(back=back))
            if status:
                rows = rows.filter(status=status)
            if place and at == 0:
                rows = rows.filter(place.beyond(self.order, back=back))
            yield rows

    def _take(self, count: int, place: Cursor | None = None, *, back: bool = False) -> list[Ticket]:
        found: list[Ticket] = []
        for rows in self._walk(place, back=back):
            found += self._columns(rows)[: count - len(found)]
            if len(found) == count:
                break
        return found

    def _columns(self, rows: TicketQuerySet) -> TicketQuerySet:
        """Only what is shown of each ticket: no texts, and of people their names."""
        rows = rows.select_related("member", "assignee", "topic", "last_reply_by")
        return rows.with_unread(self.agent, at_desk=True).only(*_COLUMNS)

    def _page(self, tickets: list[Ticket], has_before: bool, has_after: bool) -> Page:
        if not tickets:
            return Page([])
        first, last = (str(Cursor.of(tickets[at], self.order)) for at in (0, -1))
        before = self.query_with(before=first) if has_before else ""
        return Page(tickets, before, self.query_with(after=last) if has_after else "")


_NAMES = ("username", "first_name", "last_name")
_COLUMNS = [
    *("title", "language", "status", "created_at", "waiting_since", "closed_at", "last_reply_at"),
    *("has_pictures", "last_event", "last_public_event", "merged_into", "member__rank"),
    *(f"{person}__{name}" for person in ("assignee", "last_reply_by") for name in _NAMES),
    *("topic__name_en", "topic__name_cs", "topic__name_sl"),
]


def _with_statuses(rows: TicketQuerySet, statuses: tuple[Status, ...]) -> TicketQuerySet:
    if not statuses:
        return rows
    # One status is compared, not looked for in a list: the partial indexes know it that way.
    return rows.filter(status__in=statuses) if statuses[1:] else rows.filter(status=statuses[0])


def _first(walk: Iterator[TicketQuerySet]) -> Coalesce | Subquery:
    """The key of the first row of the first queryset that has one."""
    firsts = [Subquery(rows.values("pk")[:1]) for rows in walk]
    return Coalesce(*firsts) if firsts[1:] else firsts[0]


def _by_assignee(work: Worklist, value: str) -> Q:
    if value == "nobody":
        return Q(assignee=None)
    return Q(assignee=work.agent.pk if value == "me" else int(value))


# The filters by name, in the order in which they stand on the page.
FILTERS = {
    "status": lambda work, value: Q(status=value),
    "language": lambda work, value: Q(language=value),
    "assignee": _by_assignee,
    "age": lambda work, value: Q(waiting_since__lt=work.now - timedelta(days=int(value))),
    "rank": lambda work, value: Q(member__rank=Rank.from_code(value)),
    "topic": lambda work, value: Q(topic=None if value == "none" else int(value)),
    "pictures": lambda work, value: Q(has_pictures=True),
    "incident": lambda work, value: Q(affected__incident=int(value)),
}
FILTER_TITLES = {
    "status": pgettext_lazy("label", "Status"),
    "language": _("Language"),
    "assignee": pgettext_lazy("desk", "Handled by"),
    "age": _("Waiting for"),
    "rank": _("Rank"),
    "topic": _("Topic"),
    "pictures": _("Screenshots"),
    "incident": _("Known incident"),
}
_CLOSED_SETS = {
    "status": Status.values,
    "language": TicketLanguage.values,
    "assignee": ("me", "nobody"),
    "age": AGES,
    "rank": tuple(rank.code for rank in Rank),
    "topic": ("none",),
    "pictures": ("1",),
    "incident": (),
}
_BY_KEY = ("assignee", "topic", "incident")


def _known(name: str, value: str) -> str:
    """``value`` if the filter ``name`` knows it, else nothing."""
    is_key = name in _BY_KEY and _PK.fullmatch(value)
    return value if is_key or value in _CLOSED_SETS[name] else ""
