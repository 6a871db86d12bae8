"""A million tickets that nobody wrote: for benchmarks, and small ones for tests."""

from __future__ import annotations

import io
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from PIL import Image

from accounts.models import User
from accounts.seed import AGENTS, SUPERVISORS
from chat.models import Conversation, Message
from helpdesk.bigdata import people
from helpdesk.bigdata.chat_rows import ChatBooks
from helpdesk.bigdata.chats import Plan, Talks, among
from helpdesk.bigdata.load import Sheet, analyze, last_id, loading
from helpdesk.bigdata.moments import Calendar, Chance, share_unfinished
from helpdesk.bigdata.people import Crowd
from helpdesk.bigdata.rows import Books
from helpdesk.bigdata.stories import Stories
from tickets.models import (
    DailyFigures,
    Question,
    ReadMark,
    Reply,
    Screenshot,
    Ticket,
    TicketEvent,
    Topic,
)

BATCH = 10_000  # tickets held in memory
UNFINISHED = 0.052
CHATS = 0.15  # for each ticket, unless told else
# Tables that are loaded without indexes.
BIG = [Ticket, Reply, TicketEvent, ReadMark, Question, Screenshot, Conversation, Message]


class Command(BaseCommand):
    help = "Fill an empty database with made-up members, chats and a million tickets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, count in (
            *(("tickets", 1_000_000), ("replies", 5_000_000), ("members", 50_000)),
            *(("agents", 60), ("seed", 1)),
        ):
            parser.add_argument(f"--{name}", type=int, default=count, help=f"default {count}")
        parser.add_argument("--chats", type=int, help=f"default {CHATS:.0%} of the tickets")
        parser.add_argument("--at", type=datetime.fromisoformat, help="as of this time, not now")
        parser.add_argument("--add", action="store_true", help="to a database that has tickets")
        parser.add_argument("--no-pictures", action="store_true", help="no screenshots at all")

    def handle(self, **options: Any) -> None:
        if options["chats"] is None:
            options["chats"] = int(options["tickets"] * CHATS)
        _refuse(options)
        self.began = time.monotonic()
        now = options["at"] or timezone.now()
        with loading(BIG, [User, *BIG]):
            self._fill(options, now if now.tzinfo else timezone.make_aware(now))
            DailyFigures.objects.forget_all()
            self._say("Rows are in; building indexes")
        self._say("Committed; telling the planner")
        analyze([User, *BIG])
        self._say("Done")

    def _fill(self, options: dict[str, Any], now: datetime) -> None:
        # What is added to a house is not the same once more: a chat's UUID is there once.
        random, calendar = Chance(f"{options['seed']} {last_id(Ticket)}"), Calendar(now)
        members, agents = _people(random, options, now)
        topics = list(Topic.objects.order_by("pk").values_list("pk", flat=True))
        stories = Stories(random, calendar, members, agents, topics)
        picture = None if options["no_pictures"] else _picture()
        books = Books(random, calendar, members, last_id(Reply), last_id(TicketEvent), picture)
        total, first = options["tickets"], last_id(Ticket) + 1
        talks = Talks(random, calendar, members, agents)
        plans = talks.plans(options["chats"], most_tickets=total // 4)
        leading = sum(plan.ticket_at is not None for plan in plans)
        arrivals, places = among(calendar.arrivals(random, total - leading), plans)
        stories.follow(talks, {first + place: plan for place, plan in places.items()})
        tickets = {plan.uuid: first + place for place, plan in places.items()}
        odds = share_unfinished(calendar.ages(arrivals), UNFINISHED)
        counts = stories.counts(total, options["replies"])
        for start in range(0, total, BATCH):
            batch = slice(start, start + BATCH)
            numbers = range(first + start, first + min(total, start + BATCH))
            books.write(stories.tell(numbers, arrivals[batch], counts[batch], odds[batch]))
            self._say(f"{min(total, start + BATCH):,} of {total:,} tickets")
        self._chat(talks, plans, tickets)

    def _chat(self, talks: Talks, plans: list[Plan], tickets: dict[str, int]) -> None:
        """Write the chats; ``tickets`` are the numbers of those that they lead to."""
        books = ChatBooks(talks.random, talks.calendar, talks.members)
        first = last_id(Conversation) + 1
        for start in range(0, len(plans), BATCH):
            batch = enumerate(plans[start : start + BATCH], first + start)
            books.write([talks.tell(pk, plan, tickets.get(plan.uuid)) for pk, plan in batch])
            self._say(f"{min(len(plans), start + BATCH):,} of {len(plans):,} chats")

    def _say(self, words: str) -> None:
        self.stdout.write(f"{time.monotonic() - self.began:7.1f} s  {words}")
        self.stdout.flush()


def _refuse(options: dict[str, Any]) -> None:
    """These people and words belong into no database that anybody relies on."""
    if min(options[name] for name in ("tickets", "members", "agents")) < 1:
        raise CommandError("It takes a ticket, a member and an agent at least.")
    if options["chats"] < 0:
        raise CommandError("There cannot be fewer than no chats.")
    if options["replies"] < 0 or options["replies"] > options["tickets"] * 100:
        raise CommandError("Between 0 and 100 replies a ticket, please.")
    if (Ticket.objects.exists() or Conversation.objects.exists()) and not options["add"]:
        raise CommandError("This database holds tickets. Use an empty one, or say --add.")
    if not Topic.objects.exists():
        raise CommandError("There are no topics: run migrate first.")


def _people(random: Chance, options: dict[str, Any], now: datetime) -> tuple[Crowd, Crowd]:
    first = last_id(User) + 1
    agents = people.draw_agents(random, first, options["agents"])
    members = people.draw_members(random, first + options["agents"], options["members"])
    sheet = Sheet(User, people.FIELDS)
    sheet.put(people.rows(random, agents, now, are_agents=True))
    sheet.put(people.rows(random, members, now, are_agents=False))
    group = Group.objects.get(name=AGENTS)
    group.user_set.add(*range(first, first + options["agents"]))
    Group.objects.get(name=SUPERVISORS).user_set.add(first)
    return members, agents


def _picture() -> tuple[str, int, int, int]:
    """One tiny file that every screenshot shows: its path, width, height and size."""
    content = io.BytesIO()
    Image.new("RGB", (64, 36), "#5a2d82").save(content, "PNG")
    path = default_storage.save("screenshots/00/big-data", ContentFile(content.getvalue()))
    return path, 64, 36, len(content.getvalue())
