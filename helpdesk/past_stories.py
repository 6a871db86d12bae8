"""The demo's last ninety days: members and tickets by the dozen, and chats, drawn by chance.

The dice fall alike every time. Tickets are numbered among those that the demo tells by hand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate

from accounts.models import User
from accounts.text import fold
from chat.models import Conversation
from tickets.models import ReadMark, Reply, Ticket, TicketEvent, Topic

from .bigdata import people
from .bigdata.chat_rows import ChatBooks
from .bigdata.chats import Talks, among
from .bigdata.lives import Life
from .bigdata.load import Sheet, catch_up, last_id
from .bigdata.moments import DAY, Calendar, Chance
from .bigdata.people import Crowd
from .bigdata.rows import Books
from .bigdata.stories import PAUSES, Stories
from .bigdata.texts import Gaps

SEED = "past 17"
DAYS, TICKETS, REPLIES, CHATS = 90, 260, 600, 220
BUSY_DAYS, BUSY = 10, 1.8  # of late more comes in
SHARES = {"en": 42, "cs": 35, "sl": 20, "sk": 3}  # of the tickets, by the member's voice
MEMBERS = {
    "en": [
        *("Alice Bennett", "Amelia Reed", "Charlotte Ellis", "Daniel Hughes", "Ewan Morgan"),
        *("Freya Walsh", "George Turner", "Hannah Foster", "Harry Clarke", "Isla Murray"),
        *("Jack Barnes", "Lucy Palmer", "Megan Price", "Oliver Hayes", "Rory Quinn"),
        *("Sophie Lawson", "William Grant"),
    ],
    "cs": [
        *("Adéla Černá", "David Pokorný", "Eva Novotná", "Hana Procházková", "Jakub Horák"),
        *("Jiří Kučera", "Kateřina Veselá", "Lenka Němcová", "Ondřej Hájek", "Petr Růžička"),
        *("Václav Sedlák", "Veronika Malá", "Zuzana Krejčí"),
    ],
    "sl": [
        *("Ana Zupančič", "Andrej Golob", "Katja Potočnik", "Luka Mlakar", "Matej Vidmar"),
        *("Petra Božič", "Špela Kralj", "Urška Žagar", "Žiga Krajnc"),
    ],
    "sk": ["Zuzana Kováčová"],
}
LATEST, OPEN = 18, 10  # so many of the latest tickets are not closed yet
TO_TICKET = 14  # chats that lead to a ticket, at most
# Who answers what, and how often.
DESK = {
    "en": {"marek": 4, "nina": 4, "sarah": 2},
    "cs": {"marek": 1},
    "sl": {"nina": 1},
    "sk": {"marek": 3, "nina": 1},
}
READ_AFTER = DAY  # seconds after which everybody at the desk has read what happened


class PastCalendar(Calendar):
    def weight(self, day: int) -> float:
        return BUSY if day > self.now / DAY - BUSY_DAYS else 1.0


class Desk:
    """Those of the demo's cast who answer."""

    def __init__(self, cast: dict[str, User]) -> None:
        staff = [person for person in cast.values() if person.is_staff]
        self.pks = {person.username: person.pk for person in staff}
        self.crowd = Crowd(
            staff[0].pk,
            [person.language for person in staff],
            [1.0 for _person in staff],
            [person.rank for person in staff],
            [(person.first_name, person.last_name) for person in staff],
        )

    def draw(self, random: Chance, voice: str) -> int:
        shares = DESK[voice]
        return self.pks[random.choices([*shares], [*shares.values()])[0]]


class PastStories(Stories):
    pauses = PAUSES | {"assign": (0.4, 0.9), "reply": (0.7, 0.9), "ask": (0.6, 0.9)}
    duplicates, reopened, labelled = 0.06, 0.1, 0.95
    apart = 5

    def __init__(self, random: Chance, calendar: Calendar, members: Crowd, desk: Desk) -> None:
        topics = list(Topic.objects.order_by("pk").values_list("pk", flat=True))
        super().__init__(random, calendar, members, desk.crowd, topics)
        self.desk = desk
        # Dice of their own: whatever day it is, the languages are those of SHARES.
        self.dice, self.voices = Chance(SEED), list[str]()

    def member(self) -> int:
        if not self.voices:
            self.voices = [voice for voice, share in SHARES.items() for _each in range(share)]
            self.dice.shuffle(self.voices)
        voice = self.voices.pop()
        while True:
            place = self.members.draw(self.dice)
            if self.members.voices[place] == voice:
                return place

    def agent(self, voice: str) -> int:
        return self.desk.draw(self.random, voice)

    def gaps(self, created: float) -> Gaps:
        """With a day that lies before the ticket, and a name of somebody who exists."""
        gaps = super().gaps(created)
        day = self.calendar.at(created) - timedelta(days=self.random.randrange(1, 6))
        name = " ".join(self.random.choice(self.members.names))
        gaps.plain |= {"day": f"{day:%d/%m}", "name": name}
        gaps.folded |= {"day": f"{day:%d/%m}", "name": fold(name)}
        return gaps


class PastTalks(Talks):
    def __init__(self, random: Chance, calendar: Calendar, members: Crowd, desk: Desk) -> None:
        super().__init__(random, calendar, members, desk.crowd)
        self.desk = desk

    def agent(self) -> int:
        return self.desk.draw(self.dice, "en")


class PastBooks(Books):
    """Everybody at the desk has read what is older than ``READ_AFTER``."""

    def __init__(self, random: Chance, calendar: Calendar, members: Crowd, desk: Desk) -> None:
        last = (last_id(Reply), last_id(TicketEvent))
        super().__init__(random, calendar, members, *last, None)
        self.desk, self.read_until = desk, calendar.now - READ_AFTER

    def _marks(self, life: Life) -> Iterator[tuple]:
        if max(event.at for event in life.events) > self.read_until:
            yield from super()._marks(life)
            return
        yield (life.member, life.pk, life.last_public_event)
        for person in self.desk.pks.values():
            yield (person, life.pk, life.last_event)


class Past:
    """The days before ``now``, written bit by bit between the ``told`` tickets.

    ``told`` are the moments at which the others come in: their numbers are left free.
    """

    def __init__(self, cast: dict[str, User], told: list[datetime], now: datetime) -> None:
        self.random, self.calendar = Chance(SEED), PastCalendar(now, DAYS)
        self.desk = Desk(cast)
        self.members = _members(self.random, last_id(User) + 1)
        Sheet(User, people.FIELDS).put(
            people.rows(self.random, self.members, now, are_agents=False)
        )
        catch_up([User])
        self.talks = PastTalks(self.random, self.calendar, self.members, self.desk)
        self.plans = self.talks.plans(CHATS, TO_TICKET)
        self.lives = self._lives(sorted(moment.timestamp() for moment in told))
        self.written = 0

    def _lives(self, told: list[float]) -> list[Life]:
        random, calendar = self.random, self.calendar
        leading = sum(plan.ticket_at is not None for plan in self.plans)
        arrivals, places = among(calendar.arrivals(random, TICKETS - leading), self.plans)
        first = last_id(Ticket) + 1
        numbers = [
            first + place + bisect_right(told, calendar.zero + moment)
            for place, moment in enumerate(arrivals)
        ]
        stories = PastStories(random, calendar, self.members, self.desk)
        stories.follow(self.talks, {numbers[place]: plan for place, plan in places.items()})
        self.tickets = {plan.uuid: numbers[place] for place, plan in places.items()}
        counts = [max(1, count) for count in stories.counts(len(arrivals), REPLIES)]
        return stories.tell(numbers, arrivals, counts, self._odds(len(arrivals)))

    def _odds(self, count: int) -> list[float]:
        """Of each ticket to be unfinished: the very latest are, and some others of late."""
        newest = OPEN // 2
        others = self.random.sample(range(count - LATEST, count - newest), OPEN - newest)
        return [float(place in others or place >= count - newest) for place in range(count)]

    def tell_until(self, at: datetime) -> None:
        """Write the tickets that came in before ``at``."""
        moments = [life.created for life in self.lives]
        until = bisect_left(moments, at.timestamp() - self.calendar.zero)
        lives, self.written = self.lives[self.written : until], max(self.written, until)
        if not lives:
            return
        PastBooks(self.random, self.calendar, self.members, self.desk).write(lives)
        catch_up([Ticket, Reply, TicketEvent, ReadMark])

    def tell_chats(self) -> None:
        """Write the chats, once all tickets are there."""
        numbered = enumerate(self.plans, last_id(Conversation) + 1)
        tickets = self.tickets
        told = [self.talks.tell(pk, plan, tickets.get(plan.uuid)) for pk, plan in numbered]
        ChatBooks(self.random, self.calendar, self.members).write(told)
        catch_up([Conversation])


def _members(random: Chance, first: int) -> Crowd:
    """Everybody of ``MEMBERS``; those of a voice write as much as ``SHARES`` says."""
    drawn = [(voice, name, random.lognormvariate(0.0, 0.7)) for voice, name in _voices()]
    random.shuffle(drawn)
    total: Counter[str] = Counter()
    for voice, _name, eager in drawn:
        total[voice] += eager
    return Crowd(
        first,
        [voice for voice, _name, _eager in drawn],
        list(accumulate(SHARES[voice] * eager / total[voice] for voice, _name, eager in drawn)),
        people.draw_members(random, first, len(drawn)).ranks,
        [name for _voice, name, _eager in drawn],
    )


def _voices() -> Iterator[tuple[str, tuple[str, str]]]:
    for voice, names in MEMBERS.items():
        for name in names:
            given, family = name.split()
            yield voice, (given, family)
