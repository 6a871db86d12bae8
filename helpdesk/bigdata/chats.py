"""Chats by chance: the rules of ``chat.models.Conversation`` without a database.

The verbs of ``Talk`` write down what those of the model write into rows; a test compares the two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from accounts.text import fold
from chat import transcript
from chat.models import Conversation, Ending, Event, Message, Rating
from tickets.models import Ticket

from .moments import Calendar, Chance
from .people import Crowd
from .texts import VOICES, Gaps, Text

MEMBER, AGENT, SYSTEM = (kind.value for kind in Message.Kind)
WAITING, ACTIVE, CLOSED = (status.value for status in Conversation.Status)
RATINGS = {"": 58, Rating.YES.value: 30, Rating.PARTLY.value: 7, Rating.NO.value: 5}
# Seconds: a typical one, how much they vary, and the longest.
WAITS, PATIENCE, TALKS = (150.0, 0.8, 2700.0), (280.0, 0.7, 2700.0), (540.0, 0.6, 3600.0)
UNANSWERED, TRANSFERS, RELEASES = 0.08, 0.03, 0.02
LEASE = 121.0  # seconds after which a member who has left is taken out of the queue
TO_TICKET = {"en": 0.05, "cs": 0.2, "sl": 0.3}  # by language; the chat speaks English only


class Plan(NamedTuple):
    """A chat before it is told, so that a ticket knows its chat and a chat its ticket.

    Moments are seconds of the calendar; ``claimed`` is ``None`` if nobody answered.
    """

    uuid: str
    member: int  # the place in the crowd
    began: float
    claimed: float | None
    ended: float
    ticket_at: float | None = None
    is_supports: bool = False  # support made the ticket, while they talked


@dataclass(slots=True, eq=False)
class Line:
    """A row of messages to be."""

    at: float
    kind: str
    author: int | None
    body: str = ""
    event: str = ""


@dataclass(slots=True, eq=False)
class Talk:
    """A conversation to be; the place of a line in ``lines``, from 1, is its ``seq``."""

    pk: int
    plan: Plan
    member: int
    browser: str = ""
    issue: int = 0  # what it is about: a place in ``tickets.seed.TOPIC_NAMES``
    agent: int | None = None
    status: str = WAITING
    ending: str = ""
    first_claimed: float | None = None
    claimed: float | None = None
    closed: float | None = None
    redirected: float | None = None
    ticket: int | None = None
    rating: str = ""
    agent_seen: int = 0
    member_seen: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def member_there(self) -> float:
        """When the member was there last."""
        gone = LEASE if self.ending == Ending.AWAY.value else 0.0
        return (self.closed or self.plan.began) - gone

    def say(self, author: int, body: str, at: float) -> None:
        kind = MEMBER if author == self.member else AGENT
        self.lines.append(Line(at, kind, author, body))

    def claim(self, agent: int, at: float) -> None:
        self.agent, self.status, self.claimed, self.agent_seen = agent, ACTIVE, at, 0
        if self.first_claimed is None:
            self.first_claimed = at
        self._happens(Event.CLAIMED, agent, at)

    def transfer(self, to: int, at: float) -> None:
        self.agent, self.agent_seen = to, 0
        self._happens(Event.TRANSFERRED, to, at)

    def release(self, at: float, event: Event = Event.RELEASED) -> None:
        self.agent, self.status = None, WAITING
        self._happens(event, None, at)

    def ask_for_ticket(self, by: int, body: str, at: float) -> None:
        self.say(by, body, at)
        self.redirected = at
        self._happens(Event.LANGUAGE, by, at)

    def to_ticket(self, by: int, number: int, at: float) -> None:
        self.ticket = number
        self._happens(Event.TICKET, by, at, Ticket(pk=number).number)

    def end(self, by: int | None, ending: Ending, at: float) -> None:
        self._happens(Event.ENDED, by, at)
        self.status, self.ending, self.closed = CLOSED, ending.value, at

    def _happens(self, event: Event, who: int | None, at: float, body: str = "") -> None:
        self.lines.append(Line(at, SYSTEM, who, body, event.value))


def among(arrivals: list[float], plans: list[Plan]) -> tuple[list[float], dict[int, Plan]]:
    """When tickets come in, those to which ``plans`` lead among them, and their places."""
    leading = sorted((plan.ticket_at, plan) for plan in plans if plan.ticket_at is not None)
    places = {
        number + bisect_right(arrivals, at): plan for number, (at, plan) in enumerate(leading)
    }
    return sorted([*arrivals, *(at for at, _plan in leading)]), places


class Talks:
    """Draws chats from ``random``; what is said in one depends on its plan alone."""

    def __init__(self, random: Chance, calendar: Calendar, members: Crowd, agents: Crowd) -> None:
        self.random, self.calendar = random, calendar
        self.members, self.agents = members, agents
        self.dice = Chance()
        self._sums = list(accumulate(agents.weights))
        self._voice = VOICES["en"]

    def plans(self, count: int, most_tickets: int) -> list[Plan]:
        """``count`` chats in the order in which they begin, of which some lead to tickets.

        Fewer only if there are so few members that all of them talk already.
        """
        busy: dict[int, float] = {}  # member → until when
        made: list[Plan] = []
        tickets = 0
        for began in self.calendar.questions(self.random, count):
            drawn = (self.members.draw(self.random) for _try in range(20))
            member = next((one for one in drawn if busy.get(one, 0.0) < began), None)
            if member is None:
                continue
            plan = self._plan(member, began, may_lead_on=tickets < most_tickets)
            tickets += plan.ticket_at is not None
            busy[member] = plan.ended
            made.append(plan)
        return made

    def _plan(self, member: int, began: float, *, may_lead_on: bool) -> Plan:
        random, uuid = self.random, self.random.uuid()
        if random.random() < UNANSWERED:
            return Plan(uuid, member, began, None, began + 5 + self._span(*PATIENCE))
        claimed = began + 4 + self._span(*WAITS) * self._rush(began)
        ended = claimed + 60 + self._span(*TALKS)
        plan = Plan(uuid, member, began, claimed, ended)
        leads_on = random.random() < TO_TICKET[self.members.language_of(member)]
        if not (leads_on and may_lead_on):
            return plan
        if random.random() < 0.4:
            at = claimed + (ended - claimed) * (0.7 + 0.2 * random.random())
            return plan._replace(ticket_at=at, is_supports=True)
        return plan._replace(ticket_at=ended + 60 + 540 * random.random())

    def _span(self, typical: float, spread: float, longest: float) -> float:
        return min(longest, typical * self.random.lognormvariate(0.0, spread))

    @staticmethod
    def _rush(began: float) -> float:
        """How much longer one waits before lunch and after work than else."""
        return 1.3 if int(began // 3600) % 24 in (8, 9, 10, 16, 17, 18) else 0.9

    def agent(self) -> int:
        places = range(len(self._sums))
        return self.agents.first + self.dice.choices(places, cum_weights=self._sums)[0]

    def tell(self, pk: int, plan: Plan, ticket: int | None) -> Talk:
        """The conversation number ``pk``; ``ticket`` is the number of the one it leads to."""
        self.dice.seed(plan.uuid)
        random, gaps = self.dice, Gaps(self.dice)
        talk = Talk(pk, plan, self.members.first + plan.member, gaps.plain["browser"])
        talk.issue = random.randrange(len(self._voice.openings))
        details = random.sample(self._voice.lists["details"], random.randrange(2))
        opening = random.choice(self._voice.openings[talk.issue])
        talk.say(talk.member, gaps.fill([opening, *details]).words, plan.began)
        if plan.claimed is None:
            self._give_up(talk)
        else:
            self._serve(talk, gaps, ticket)
        return talk

    def transcript(self, plan: Plan) -> tuple[int, Text, Text]:
        """Issue, title and description of the ticket, as ``chat.transcript`` has them."""
        talk = self.tell(0, plan, None)
        until = plan.ended if plan.ticket_at is None else plan.ticket_at
        said = [self._line(talk, line) for line in talk.lines if line.at <= until]
        day = self.calendar.at(plan.began)
        head = f"Live chat, {day.day} {transcript.MONTHS[day.month - 1]} {day.year}."
        title = transcript.first_line(talk.lines[0].body)
        description = "\n\n".join([f"{head} Times are GMT.", *said])
        return talk.issue, Text(title, fold(title)), Text(description, fold(description))

    def _line(self, talk: Talk, line: Line) -> str:
        crowd = self.members if line.author == talk.member else self.agents
        name = "" if line.author is None else crowd.name_of(line.author)
        said = f"{name}: {line.body}"
        if line.event:
            said = transcript.EVENTS[line.event].format(name=name, body=line.body)
        return f"{self.calendar.at(line.at):%H:%M} {said}"

    def _give_up(self, talk: Talk) -> None:
        """Nobody came: the member leaves the queue, or only the page."""
        waited = talk.plan.ended - talk.plan.began
        is_away = waited > LEASE and self.dice.random() < 0.45
        by, ending = (None, Ending.AWAY) if is_away else (talk.member, Ending.MEMBER)
        talk.end(by, ending, talk.plan.ended)
        talk.member_seen = len(talk.lines) - is_away

    def _serve(self, talk: Talk, gaps: Gaps, ticket: int | None) -> None:
        random, plan = self.dice, talk.plan
        talk.claim(self.agent(), plan.claimed or 0.0)
        script = list(self._script(talk))
        until = plan.ended
        if plan.is_supports and plan.ticket_at is not None:
            until = plan.ticket_at
        began = talk.claimed or 0.0
        moments = sorted(began + (until - began) * random.random() for _act in script)
        for act, at in zip(script, moments, strict=True):
            self._act(talk, act, gaps, at)
        agent = talk.agent or self.agent()
        if ticket is not None and plan.is_supports:
            talk.to_ticket(agent, ticket, until)
        if random.random() < 0.6:
            talk.end(talk.member, Ending.MEMBER, plan.ended)
        else:
            talk.end(agent, Ending.SUPPORT, plan.ended)
        talk.rating = random.choices([*RATINGS], [*RATINGS.values()])[0]
        talk.agent_seen = len(talk.lines)
        talk.member_seen = len(talk.lines) - (random.random() < 0.1)

    def _script(self, talk: Talk) -> Iterator[str]:
        """The acts between the first claim and the end."""
        random, plan = self.dice, talk.plan
        yield "agent"
        for _round in range(random.choices((0, 1, 2, 3), (30, 40, 20, 10))[0]):
            yield "member"
            if random.random() < TRANSFERS:
                yield "transfer"
            elif random.random() < RELEASES:
                yield from (random.choice(("release", "lose")), "claim")
            yield "agent"
        is_members = plan.ticket_at is not None and not plan.is_supports
        if random.random() < (0.8 if is_members else 0.03):
            yield "redirect"
        elif random.random() < 0.5:
            yield "member"

    def _act(self, talk: Talk, act: str, gaps: Gaps, at: float) -> None:
        agent = talk.agent or self.agent()
        if act == "member":
            talk.say(talk.member, self._say(gaps, "member"), at)
        elif act == "agent":
            talk.say(agent, self._say(gaps, "agent"), at)
        elif act == "transfer":
            to = self.agent()
            if to != talk.agent:
                talk.transfer(to, at)
        elif act == "claim":
            talk.claim(agent, at)
        elif act == "redirect":
            talk.ask_for_ticket(agent, self._say(gaps, "asking"), at)
        else:
            talk.release(at, Event.RELEASED if act == "release" else Event.AGENT_LOST)

    def _say(self, gaps: Gaps, name: str) -> str:
        return gaps.some(self._voice.lists[name], self.dice.randrange(1, 3)).words
