"""Many hands on one queue, on PostgreSQL: nobody twice, nobody left, first in first out."""

import contextlib
import threading
import uuid

import pytest
from chatting import age, start, watched
from conftest import person
from django.db import connection, connections
from django.db.models.functions import Now
from servers import needs_postgresql

from accounts.models import Rank, User
from chat.models import Conversation, LimitReached, Message, Presence

pytestmark = [needs_postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def many_connections(settings):
    """A pool that seventy threads can share."""
    pool = connection.settings_dict["OPTIONS"]["pool"]
    before = dict(pool)
    connection.close_pool()
    pool.update(max_size=80, timeout=30)
    yield
    connections.close_all()
    connection.close_pool()
    pool.update(before)


def crowd(count, prefix, **fields):
    """Many people at once, without the cost of a hash each."""
    rank = fields.pop("rank", Rank.SILVER)
    people = [
        User(username=f"{prefix}{n}", rank=rank, password="!", **fields) for n in range(count)
    ]
    return User.objects.bulk_create(people)


def queue(members):
    """A conversation each, in this order."""
    rows = [
        Conversation(
            member=member,
            rank=member.rank,
            name=member.username,
            email="a@example.com",
            language="en",
            submission_id=uuid.uuid4(),
            created_at=Now(),
            queued_at=Now(),
            member_at=Now(),
        )
        for member in members
    ]
    Conversation.objects.bulk_create(rows)


def in_threads(work, arguments):
    """Run ``work`` with each argument at once; return what failed."""
    failed, go = [], threading.Barrier(len(arguments))

    def run(argument):
        try:
            go.wait(30)
            work(argument)
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return failed


def test_sixty_four_agents_empty_a_queue_of_a_thousand(many_connections, seeded):
    agents = crowd(64, "agent", is_staff=True)
    Presence.objects.bulk_create(Presence(agent=a, seen_at=Now(), limit=20) for a in agents)
    queue(crowd(1000, "member"))
    claimed, lock = [], threading.Lock()

    def work(agent):
        # Each takes what it may and starts over with a clean desk, until the queue is empty.
        while True:
            try:
                conversation = Conversation.objects.claim_next(agent)
            except LimitReached:
                for mine in Conversation.objects.of_agent(agent):
                    mine.close(agent)
                continue
            if conversation is None:
                return
            with lock:
                claimed.append(conversation.pk)

    assert in_threads(work, agents) == []
    assert len(claimed) == len(set(claimed)) == 1000
    assert not Conversation.objects.waiting().exists()


def test_one_after_the_other_the_queue_is_strictly_first_in_first_out(seeded):
    agent = person("ana2", Rank.MANAGER, is_staff=True)
    Presence.objects.create(agent=agent, seen_at=Now(), limit=20)
    queue(crowd(20, "member"))
    expected = list(Conversation.objects.waiting().values_list("pk", flat=True))
    assert [Conversation.objects.claim_next(agent).pk for _ in expected] == expected


def test_an_agent_with_many_tabs_gets_no_more_than_the_limit(many_connections, seeded):
    agent = person("ana3", Rank.MANAGER, is_staff=True)
    queue(crowd(40, "member"))

    def work(_tab):
        with contextlib.suppress(LimitReached):
            while Conversation.objects.claim_next(agent):
                pass

    assert in_threads(work, list(range(12))) == []
    assert Conversation.objects.of_agent(agent).count() == 3


def test_four_sweepers_return_each_lost_chat_once(many_connections, seeded):
    agents = crowd(10, "agent", is_staff=True)
    Presence.objects.bulk_create(Presence(agent=a, seen_at=Now(), limit=20) for a in agents)
    queue(crowd(200, "member"))
    places = list(Conversation.objects.waiting().values_list("pk", "queued_at"))
    for agent in agents:
        for _ in range(20):
            Conversation.objects.claim_next(agent)
    watched()
    age(Presence.objects, "seen_at", 60)
    swept = []
    assert in_threads(lambda _n: swept.append(Conversation.objects.sweep()), [1, 2, 3, 4]) == []
    assert sum(swept) == 200
    assert list(Conversation.objects.waiting().values_list("pk", "queued_at")) == places
    assert Message.objects.filter(event="agent_lost").count() == 200


def test_parallel_posts_take_each_place_once(many_connections, silver, agent):
    conversation = start(silver)
    conversation.claim(agent)

    def work(n):
        mine = Conversation.objects.get(pk=conversation.pk)
        mine.post(silver if n % 2 else agent, f"line {n}", uuid.uuid4())

    assert in_threads(work, list(range(32))) == []
    places = conversation.messages.values_list("seq", flat=True)
    assert list(places) == list(range(1, 35))


def test_a_double_click_starts_one_conversation(many_connections, silver):
    form = uuid.uuid4()
    found = []
    assert in_threads(lambda _n: found.append(start(silver, submission_id=form).pk), [1] * 12) == []
    assert len(set(found)) == 1
    assert Conversation.objects.count() == 1
