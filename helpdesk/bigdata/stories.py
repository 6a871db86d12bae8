"""Who does what when: lives of tickets drawn by chance, in the order in which they came in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random

from django.conf import settings

from .chats import Plan, Talks
from .lives import AWAITING, CLOSED, NOTE, OPEN, QUESTION, REPLY, Life, Post
from .moments import DAY, WORKDAY, Calendar, from_service, to_service
from .people import Crowd
from .texts import VOICES, Gaps, Text

HOUR = 3600.0
LONGEST_PAUSE = 7 * WORKDAY  # shorter than the time in which members may reopen
LONGEST_THREAD = 150
ISSUES = (14, 9, 22, 14, 15, 8, 11, 7)  # how often each is met
FOLLOW_UPS = 0.05
# Typical pauses in working hours before an act, and how much they vary.
PAUSES = {
    **{"assign": (1.2, 1.3), "topic": (0.01, 0.5), "handover": (3.0, 1.0), "note": (0.6, 1.2)},
    **{"reply": (1.5, 1.3), "ask": (1.0, 1.2), "answer": (3.0, 1.4), "close": (2.0, 1.6)},
    **{"leave": (4.0, 1.2), "reopen": (6.0, 1.2)},
}
BY_MEMBER = {"answer", "leave", "reopen"}


class Stories:
    """Draws lives from ``random``, whose state is all that they depend on."""

    pauses = PAUSES
    duplicates, reopened, labelled = 0.015, 0.05, 0.7  # odds of a ticket
    apart = 60  # tickets between one and its duplicate, at most

    def __init__(
        self, random: Random, calendar: Calendar, members: Crowd, agents: Crowd, topics: list[int]
    ) -> None:
        self.random, self.calendar = random, calendar
        self.members, self.agents, self.topics = members, agents, topics
        self._chats: dict[int, Plan] = {}
        self._talks: Talks | None = None
        self._past: dict[int, tuple[int, float]] = {}  # member → last closed ticket, and when
        self._sums: dict[str, list[float]] = {}
        for voice in VOICES:
            spoken = [
                weight if voice in (works_in, "sk", "de") else weight * 0.04
                for weight, works_in in zip(agents.weights, agents.voices, strict=True)
            ]
            self._sums[voice] = list(accumulate(spoken))

    def follow(self, talks: Talks, chats: dict[int, Plan]) -> None:
        """Let tickets grow out of ``chats``, which are by the number of the ticket."""
        self._talks, self._chats = talks, chats

    def counts(self, tickets: int, replies: int) -> list[int]:
        """How many replies each ticket has: few mostly, sometimes very many, ``replies`` in all."""
        random, mean = self.random, replies / max(1, tickets)
        drawn = [
            min(LONGEST_THREAD, int(mean * 0.63 * random.lognormvariate(0.0, 1.0)))
            for _each in range(tickets)
        ]
        missing = replies - sum(drawn)
        step = 1 if missing > 0 else -1
        while missing:
            place = random.randrange(tickets)
            if 0 <= drawn[place] + step <= LONGEST_THREAD:
                drawn[place] += step
                missing -= step
        return drawn

    def tell(
        self, numbers: Sequence[int], arrivals: list[float], counts: list[int], odds: list[float]
    ) -> list[Life]:
        """The lives of the tickets ``numbers`` that come in at ``arrivals``."""
        lives: list[Life] = []
        originals: dict[int, Life] = {}
        rows = zip(numbers, arrivals, counts, odds, strict=True)
        for place, (pk, created, count, odd) in enumerate(rows):
            chat = self._chats.get(pk)
            if place in originals and chat is None:
                original = originals[place]
                until = self._still_open(original, created)
                if until is not None:
                    lives.append(self._duplicate(pk, original, created, until, count))
                    continue
            member = chat.member if chat else self.member()
            life = self._begin(pk, member, created, chat=chat)
            self._run(life, count, self._fate(count, odd))
            if self.random.random() < self.duplicates and chat is None:
                originals[place + self.random.randrange(1, self.apart)] = life
            lives.append(life)
        return lives

    def member(self) -> int:
        """The place of somebody who writes."""
        return self.members.draw(self.random)

    def agent(self, voice: str) -> int:
        sums = self._sums[voice]
        return self.agents.first + self.random.choices(range(len(sums)), cum_weights=sums)[0]

    def gaps(self, created: float) -> Gaps:
        """What fills the gaps of a ticket of this time."""
        return Gaps(self.random)

    def _fate(self, count: int, odds: float) -> str:
        if self.random.random() >= odds:
            return CLOSED
        # A ticket without replies cannot wait for an answer: hence a little more of the others.
        return AWAITING if count and self.random.random() < 0.43 else OPEN

    def _begin(
        self,
        pk: int,
        member: int,
        created: float,
        *,
        original: Life | None = None,
        chat: Plan | None = None,
    ) -> Life:
        random, voice = self.random, VOICES[self.members.voices[member]]
        if random.random() < 0.05 and original is None:
            voice = VOICES["en"]
        person = self.members.first + member
        issue = original.issue if original else random.choices(range(8), ISSUES)[0]
        gaps = self.gaps(created) if original is None else original.gaps
        details = random.sample(voice.lists["details"], random.randrange(1, 4))
        if original is None:
            title = gaps.fill([random.choice(voice.titles[issue])])
        else:
            voice, title = original.voice, original.title
        description = gaps.fill([random.choice(voice.openings[issue]), *details])
        if chat and self._talks:
            issue, title, description = self._talks.transcript(chat)
        life = Life(pk, person, voice, gaps, title, description, created, issue=issue)
        life.from_chat = chat and chat.uuid
        if person in self._past and random.random() < FOLLOW_UPS:
            past, closed = self._past[person]
            if created - closed > settings.REOPEN_DAYS * DAY:
                life.follow_up_of = past
        if random.random() < 0.03:
            life.pictures, life.has_pictures = random.randrange(1, 4), True
        life.submit()
        return life

    def _run(self, life: Life, count: int, fate: str) -> None:
        voice = next(code for code, each in VOICES.items() if each is life.voice)
        agent, random = self.agent(voice), self.random
        is_taken = fate == AWAITING or random.random() < (
            0.97 if fate == CLOSED else 0.25 if count == 0 else 0.5 if count < 3 else 0.95
        )
        script = self._script(count, fate, is_taken=is_taken)
        for act, at in zip(script, self._times(life.created, script), strict=True):
            if act == "handover":
                to = self.agent(voice)
                if to != agent:
                    life.assign(agent, to, at)
                    agent = to
            else:
                self._act(life, act, agent, at)
        if life.status == CLOSED:
            self._past[life.member] = (life.pk, life.closed or 0.0)

    def _script(self, count: int, fate: str, *, is_taken: bool) -> list[str]:
        """The acts in order. ``count`` of them are replies of some kind."""
        random = self.random
        script = ["assign"] if is_taken else []
        if is_taken and random.random() < self.labelled:
            script.append("topic")
        reopened = fate != AWAITING and is_taken and count > 2 and random.random() < self.reopened
        again = random.randrange(1, count) if reopened else -1
        is_awaiting, is_desks_turn = False, True
        for number in range(count):
            is_last = number == count - 1
            if number == again:
                script += ["close", "reopen"]
                is_awaiting, is_desks_turn = False, True
                continue
            if not is_taken:
                act = "answer"
            elif is_last and fate == AWAITING:
                act = "ask"
            elif is_last and fate == OPEN and is_awaiting:
                act = "answer"
            elif is_desks_turn or random.random() < 0.12:
                act = self._desks_act(may_ask=not (is_last and fate == OPEN))
            else:
                act = "answer"
            if act == "answer":
                is_awaiting, is_desks_turn = False, random.random() < 0.9
            elif act != "note":
                is_awaiting = is_awaiting or act == "ask"
                is_desks_turn = act == "reply" and random.random() < 0.45
            script.append(act)
        if is_taken and random.random() < 0.08:
            script.insert(random.randrange(1, len(script) + 1), "handover")
        if fate == CLOSED:
            script.append("close" if is_taken and random.random() < 0.85 else "leave")
        return script

    def _desks_act(self, *, may_ask: bool) -> str:
        drawn = self.random.random()
        if drawn < 0.16:
            return "note"
        return "ask" if drawn < 0.42 and may_ask else "reply"

    def _times(self, created: float, script: list[str]) -> list[float]:
        """When each act happens: in working hours, members also at night; all before now."""
        random, worked, before = self.random, to_service(created), created
        times = []
        for act in script:
            hours, spread = self.pauses[act]
            pause = 1.0 + hours * HOUR * random.lognormvariate(0.0, spread)
            worked += min(pause, LONGEST_PAUSE)
            at = from_service(worked)
            if act in BY_MEMBER and random.random() < 0.5:
                at = before + (at - before) * (0.1 + 0.9 * random.random())
            times.append(at)
            before = at
        now = self.calendar.now
        if not times or times[-1] < now:
            return times
        share = (now - created) / (times[-1] - created) * 0.98
        return [created + (at - created) * share for at in times]

    def _act(self, life: Life, act: str, agent: int, at: float) -> None:
        random, lists = self.random, life.voice.lists
        if act == "assign":
            life.assign(agent, agent, at)
        elif act == "topic":
            issue = life.issue if random.random() < 0.9 else random.randrange(8)
            life.label(agent, self.topics[issue % len(self.topics)], at)
        elif act == "note":
            life.write(agent, NOTE, self._say(life, lists["notes"], 2), at, [])
        elif act == "reply":
            self._picture(
                life, life.write(agent, REPLY, self._say(life, lists["agent"], 3), at, [])
            )
        elif act == "ask":
            asked = random.sample(lists["questions"], random.randrange(1, 4))
            boxes = [life.gaps.fill([each]) for each in asked] if random.random() < 0.3 else []
            life.write(agent, QUESTION, self._say(life, lists["asking"], 1), at, boxes)
        elif act == "answer":
            self._answer(life, at)
        elif act == "reopen":
            life.reopen(life.member, self._say(life, lists["member"], 2), at)
        else:
            actor = agent if act == "close" else life.member
            life.close(actor, at, self.calendar.at(life.waiting).isoformat())

    def _say(self, life: Life, phrases: list[Text], most: int) -> Text:
        return life.gaps.some(phrases, 1 if most == 1 else self.random.randrange(1, most + 1))

    def _answer(self, life: Life, at: float) -> None:
        random = self.random
        text = self._say(life, life.voice.lists["member"], 3)
        post = life.write(life.member, REPLY, text, at, [])
        for asked in life.questions:
            if asked.answer is None and random.random() < 0.85:
                life.answer(asked, self._say(life, life.voice.lists["answers"], 1), post)
        self._picture(life, post)

    def _picture(self, life: Life, post: Post) -> None:
        if self.random.random() < 0.006:
            post.has_picture = life.has_pictures = True

    def _still_open(self, original: Life, created: float) -> float | None:
        """Until when a duplicate that comes at ``created`` can be merged into ``original``."""
        if created <= original.created or original.merged_into:
            return None
        closings = [event.at for event in original.events if event.verb == "close"]
        until = min([*closings, self.calendar.now, created + 2 * DAY])
        return until if until - created > 600 else None

    def _duplicate(self, pk: int, original: Life, created: float, until: float, count: int) -> Life:
        """The same person once more, merged by whoever handles the first ticket."""
        random = self.random
        life = self._begin(pk, original.member - self.members.first, created, original=original)
        agent = original.assignee
        if agent is None:
            voice = next(code for code, each in VOICES.items() if each is life.voice)
            agent = self.agent(voice)
        ends = created + (until - created) * (0.3 + 0.6 * random.random())
        moments = sorted(created + (ends - created) * random.random() for _n in range(count))
        for at in moments:
            self._act(life, "note" if random.random() < 0.3 else "answer", agent, at)
        life.merge_into(original, agent, ends)
        return life
