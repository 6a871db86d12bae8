"""The pages that must be fast whatever the house holds: every view, filter, search and thread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count
from django.http import QueryDict
from django.urls import reverse

from accounts.models import Rank, User
from accounts.seed import SUPERVISORS
from tickets.keyset import Cursor
from tickets.models import Incident, Reply, Ticket, TicketLanguage, Topic
from tickets.worklist import AGES, VIEWS, Worklist

SAMPLE = 500  # rows looked at for a good example
# Searches for the number of one ticket lead to it.
LEADING_ON = ("search a number in", "search a number, ", "search a TI-number")


class Visit(NamedTuple):
    """A page, its answer, and ``most``: the statements it may cost."""

    name: str
    who: User
    path: str
    query: str = ""
    most: int = 12
    status: int = 200

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class Cast(NamedTuple):
    """Those who look, and what they look for."""

    agent: User
    supervisor: User
    member: User
    busy: Ticket  # the longest thread of all
    quiet: Ticket  # without a reply
    own: Ticket  # the longest thread of the member's
    merged: Ticket | None
    word: str  # that hardly any ticket has


def cast() -> Cast:
    """Who has most to look at. Asks the database long questions: it is no page."""
    agents = User.objects.filter(is_staff=True, is_active=True, is_superuser=False)
    agents = agents.filter(assigned_tickets__status=Ticket.Status.OPEN)
    agents = agents.exclude(groups__name=SUPERVISORS)
    agent = agents.annotate(count=Count("pk")).order_by("-count", "pk").first()
    busiest = Ticket.objects.values_list("member").annotate(count=Count("pk"))
    member = User.objects.get(pk=busiest.order_by("-count", "member").first()[0])
    threads = Reply.objects.values_list("ticket").annotate(count=Count("pk"))
    longest = threads.order_by("-count", "ticket")
    own = longest.filter(ticket__member=member, ticket__merged_into=None)
    word = Ticket.objects.filter(description__regex=r"E-[0-9A-Z]{4}").latest("pk")
    supervisor = User.objects.filter(groups__name=SUPERVISORS).earliest("pk")
    return Cast(
        agent,
        supervisor,
        member,
        Ticket.objects.get(pk=longest.first()[0]),
        Ticket.objects.filter(replies=None, merged_into=None).latest("pk"),
        Ticket.objects.get(pk=own.first()[0]),
        Ticket.objects.exclude(duplicates=None).order_by("pk").first(),
        next(part for part in word.description.split() if part.startswith("E-")).strip("."),
    )


def visits(people: Cast, now: datetime) -> Iterator[Visit]:
    desk = reverse("admin:tickets_ticket_changelist")
    for name, query in worklist_queries(people, now):
        status = 302 if name.startswith(LEADING_ON) else 200
        yield Visit(f"desk: {name}", people.agent, desk, query, status=status)
    pages = [("longest", people.busy), ("shortest", people.quiet), ("merged", people.merged)]
    for name, ticket in pages:
        if ticket:
            path = reverse("admin:tickets_ticket_change", args=[ticket.pk])
            for view in ("", "view=all", "view=mine", "view=unread", f"q={people.word}"):
                label = f"desk: ticket, {name} thread {view}".strip()
                yield Visit(label, people.agent, path, view, most=15)
    yield from _dashboards(people)
    yield from _member_visits(people)


def _dashboards(people: Cast) -> Iterator[Visit]:
    """The front page; a quarter of three years may well be read from end to end."""
    path = reverse("admin:index")
    for query in ("days=7", "", "language=sl", "rank=silver", f"agent={people.agent.pk}"):
        label = f"desk: dashboard {query or 'days=30'}"
        yield Visit(label, people.supervisor, path, query, most=25)
    yield Visit("desk: dashboard, own share", people.agent, path, most=25)


def worklist_queries(people: Cast, now: datetime) -> Iterator[tuple[str, str]]:
    """Every saved view; every filter in three of them; pairs of filters; searches; far pages."""
    for view in VIEWS:
        yield f"view {view.name or 'work'}", _query(view=view.name)
    for view in ("", "all", "closed", "mine"):
        for name, value in _filters(people):
            query = _query(view=view, **{name: value})
            yield f"view {view or 'work'}, {name} {value}", query
    for pair in PAIRS:
        for view in ("", "all"):
            yield (
                f"view {view or 'work'}, {pair}",
                "&".join(filter(None, [_query(view=view), pair])),
            )
    for name, words in searches(people):
        for view in ("", "all", "mine", "closed"):
            yield f"search {name} in {view or 'work'}", _query(view=view, q=words)
        yield f"search {name}, pictures", _query(q=words, pictures="1")
    for view in VIEWS:
        yield from _far(view.name, people, now)


PAIRS = [
    "language=other&pictures=1",
    "rank=double_presidential_diamond&language=other",
    "topic=none&age=7",
    "assignee=nobody&status=closed",
    "status=closed&pictures=1&rank=diamond",
    "status=awaiting_feedback&assignee=nobody",
]


def _filters(people: Cast) -> Iterator[tuple[str, str]]:
    for status in Ticket.Status.values:
        yield "status", status
    for language in TicketLanguage.values:
        yield "language", language
    # Somebody whom no ticket was ever given to is the worst case of a filter by key.
    for assignee in ("me", "nobody", people.busy.assignee_id or people.agent.pk, people.member.pk):
        yield "assignee", str(assignee)
    for age in AGES:
        yield "age", age
    for rank in (Rank.SILVER, Rank.DIAMOND, Rank.DOUBLE_PRESIDENTIAL_DIAMOND, Rank.PREMIER):
        yield "rank", rank.code
    yield "topic", "none"
    yield "topic", str(Topic.objects.order_by("pk").first().pk)
    yield "pictures", "1"
    if incident := Incident.objects.order_by("pk").first():
        yield "incident", str(incident.pk)


def searches(people: Cast) -> list[tuple[str, str]]:
    return [
        ("a common word", "order"),
        ("a common word with accents", "Objednávka"),
        ("two common words", "firefox iphone"),
        ("words that hardly meet", "kosarica procházka samsung"),
        ("a rare word", people.word),
        ("a word nobody wrote", "xylophonist"),
        ("a common and an unknown word", "order xylophonist"),
        ("three letters", "ipa"),
        ("a number", str(people.busy.pk)),
        ("a TI-number", f"TI-{people.busy.pk}"),
        ("a number that is none", "999999999999"),
        ("two letters", "or"),
        ("two letters nobody began with", "zq"),
        ("one letter", "p"),
        ("the text of a note", "payment gateway refused"),
        ("a wildcard", "%%%"),
        ("signs", "-_-"),
        ("twenty words", " ".join(["order", "number", "the", "code"] * 5)),
        ("twelve different words", "order number the code page with you and error that for last"),
    ]


def _far(view: str, people: Cast, now: datetime) -> Iterator[tuple[str, str]]:
    """Pages in the middle and near the end, forwards and back."""
    work = Worklist(QueryDict(_query(view=view)), people.agent, now)
    rows = list(work.chunks(SAMPLE, 4 * SAMPLE))
    if not rows:
        return
    places = [("far", rows[-1][-1])]
    if view == "all":
        first, newest = Ticket.objects.earliest("pk"), Ticket.objects.latest("pk")
        middle = Ticket.objects.filter(pk__lte=(first.pk + newest.pk) // 2).latest("pk")
        places += [("half way", middle), ("at the end", first)]
    for name, ticket in places:
        place = str(Cursor.of(ticket, work.order))
        yield f"view {view or 'work'}, {name}, on", _query(view=view, after=place)
        yield f"view {view or 'work'}, {name}, back", _query(view=view, before=place)


def _member_visits(people: Cast) -> Iterator[Visit]:
    path = reverse("tickets:ticket_list")
    yield Visit("member: home", people.member, "/")
    yield Visit("member: list", people.member, path)
    for status in Ticket.Status.values:
        yield Visit(f"member: section {status}", people.member, path, f"section={status}")
    yield Visit("member: last page", people.member, path, "section=closed&page=9999")
    for name, words in searches(people):
        yield Visit(f"member: search {name}", people.member, path, _query(q=words))
    yield Visit("member: longest thread", people.member, people.own.get_absolute_url())


def _query(**values: str) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in values.items() if value})
    return query.urlencode()
