"""Which figures are looked at: what an address asks for, as far as it may be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Rank, User
from tickets.models import TicketLanguage
from tickets.reports import Scope

from . import amounts

RANGES = (7, 30, 90)  # days up to today
DEFAULT = 30
WORK, TEAM = "tickets.view_ticket", "tickets.view_dailyfigures"
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Choice:
    """A range of days, filters, and the agent whose share it is, if it is one's."""

    today: date
    days: int
    language: str
    rank: Rank | None
    agent: User | None
    team: bool

    @property
    def scope(self) -> Scope:
        return Scope(
            first=self.today - timedelta(days=self.days - 1),
            last=self.today,
            language=self.language,
            rank=self.rank.value if self.rank else None,
            agent=self.agent.pk if self.agent else None,
        )

    @property
    def is_own(self) -> bool:
        """Whether there is nothing else for this person to look at than their own share."""
        return not self.team

    @property
    def summary(self) -> str:
        """*16 Jun – 15 Jul 2026, all markets*, or what it is filtered by."""
        chosen = [str(TicketLanguage(self.language).label)] if self.language else []
        chosen += [str(self.rank.label)] if self.rank else []
        scope = self.scope
        return ", ".join(
            [amounts.days_between(scope.first, scope.last), *(chosen or [_("all markets")])]
        )

    def query(self, **changes: object) -> str:
        """The query that asks for the same with ``changes``; None takes a part away."""
        asked = {
            "days": self.days,
            "language": self.language,
            "rank": self.rank.code if self.rank else "",
            "agent": self.agent.pk if self.agent and self.team else "",
            **changes,
        }
        return urlencode({key: value for key, value in asked.items() if value})

    @property
    def ranges(self) -> list[dict]:
        return [
            {"days": days, "query": self.query(days=days), "is_current": days == self.days}
            for days in RANGES
        ]

    @property
    def languages(self) -> list[dict]:
        return [
            {"code": code, "name": name, "is_current": code == self.language}
            for code, name in TicketLanguage.choices
        ]

    @property
    def ranks(self) -> list[dict]:
        """Those that may file."""
        return [
            {"code": rank.code, "name": rank.label, "is_current": rank == self.rank}
            for rank in Rank
            if rank >= Rank.minimum()
        ]

    @property
    def of_team(self) -> str:
        """The query that leads back from a share to the team."""
        return self.query(agent=None)


def choose(request: HttpRequest, at: datetime) -> Choice | None:
    """Return what ``request`` asks for, ``None`` for those who do not work on tickets.

    What is no choice stands for the default. Without the right to the team's figures everybody
    gets their own.
    """
    user = request.user
    if not user.has_perm(WORK):
        return None
    team = user.has_perm(TEAM)
    language = request.GET.get("language", "")
    return Choice(
        today=at.astimezone(UTC).date(),
        days=_days(request.GET.get("days", "")),
        language=language if language in TicketLanguage.values else "",
        rank=_rank(request.GET.get("rank", "")),
        agent=_agent(request.GET.get("agent", "")) if team else user,
        team=team,
    )


def _days(asked: str) -> int:
    return next((days for days in RANGES if str(days) == asked), DEFAULT)


def _rank(asked: str) -> Rank | None:
    return next((rank for rank in Rank if rank.code == asked), None)


def _agent(asked: str) -> User | None:
    """Return the person of staff with that id; ``None`` if there is none."""
    if not (asked.isascii() and asked.isdigit()) or len(asked) > 10 or int(asked) > LARGEST_ID:
        return None
    return User.objects.filter(is_staff=True, pk=int(asked)).first()
