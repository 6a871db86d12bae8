"""What the ticket page needs of small tables, by one query: people, topics, service hours."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, time
from typing import Any

from django.db.models import Case, CharField, Expression, QuerySet, Value, When
from django.db.models.functions import Cast

from accounts.models import User
from accounts.text import fold

from ..models import Holiday, ServiceWindow, Ticket, TicketEvent, TicketPresence, Topic
from ..thread import assigned_to
from .composer import Colleague

_NAMES = ("first_name", "last_name", "username")
_TOPICS = ("name_en", "name_cs", "name_sl")


class House:
    """Empty until ``names`` has been asked.

    Holidays are those since the ticket was filed, colleagues those who have it open beside
    ``agent``.
    """

    def __init__(self, ticket: Ticket, agent: User) -> None:
        self._since = ticket.created_at.date()
        self._others = TicketPresence.objects.others(ticket, agent)
        self.colleagues: list[Colleague] = []
        self.agents: list[User] = []
        self.topics: dict[int, Topic] = {}
        self.windows: list[ServiceWindow] = []
        self.holidays: list[Holiday] = []

    def names(self, events: list[TicketEvent]) -> tuple[dict[int, User], dict[int, Topic]]:
        """Everybody and every topic that ``events`` may name."""
        rows = defaultdict(list)
        for kind, *row in self._rows(assigned_to(events)):
            rows[kind].append(row)
        self.colleagues = [
            Colleague(_made(User, _NAMES, row).display_name, kind == "writing")
            for kind in ("writing", "viewing")
            for row in rows[kind]
        ]
        people = [_made(User, _NAMES, row) for row in rows["agent"] + rows["person"]]
        self.agents = sorted(people[: len(rows["agent"])], key=lambda agent: fold(str(agent)))
        self.topics = {row[0]: _made(Topic, _TOPICS, row) for row in rows["topic"]}
        self.windows = [
            ServiceWindow(
                weekday=weekday,
                start=time.fromisoformat(start),
                end=time.fromisoformat(end),
                kind=kind,
            )
            for weekday, start, end, kind in rows["window"]
        ]
        self.holidays = [
            Holiday(date=date.fromisoformat(day)) for _pk, day, *_rest in rows["holiday"]
        ]
        return {person.pk: person for person in people}, self.topics

    def _rows(self, people: set[int]) -> QuerySet:
        """Rows of a kind, a number and three texts."""
        does = Case(
            When(is_writing=True, then=Value("writing")), default=Value("viewing", CharField())
        )
        names = [f"agent__{name}" for name in _NAMES]
        parts = [
            _part("agent", User.objects.agents(), "pk", *_NAMES),
            _part("person", User.objects.filter(pk__in=people), "pk", *_NAMES),
            _part("topic", Topic.objects.all(), "pk", *_TOPICS),
            _part("window", ServiceWindow.objects, "weekday", _text("start"), _text("end"), "kind"),
            _part(
                "holiday",
                Holiday.objects.filter(date__gte=self._since),
                *("pk", _text("date"), Value("", CharField()), Value("", CharField())),
            ),
            self._others.order_by().values_list(does, "agent_id", *names),
        ]
        return parts[0].union(*parts[1:], all=True)


def _part(kind: str, rows: QuerySet, *columns: str | Expression) -> QuerySet:
    return rows.order_by().values_list(Value(kind, CharField()), *columns)


def _text(column: str) -> Cast:
    return Cast(column, CharField())


def _made(model: Any, names: tuple[str, ...], row: list[Any]) -> Any:
    """A row of ``model`` that knows its key and ``names``."""
    return model(pk=row[0], **dict(zip(names, row[1:], strict=True)))
