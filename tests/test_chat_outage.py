"""What the chat stands on goes away for a while: nothing acknowledged is lost, nobody thrown out.

PostgreSQL ends connections or takes none; Redis is killed, emptied, cut off and frozen (SECURITY B,
F3 to F7). The processes of the portal live through all of it.
"""

import random
import signal
import time
import uuid

import pytest
from conftest import PASSWORD
from django.db import transaction
from faults import (
    DEADLINE,
    GOING_AWAY,
    Browser,
    City,
    Closed,
    Outbox,
    Socket,
    assert_all_agree,
    assert_nothing_crashed,
    assert_nothing_lost,
    chats,
    cut_connections,
    database_away,
    listening,
    say,
    wait_until,
)
from servers import needs_postgresql, needs_redis

from chat.models import Conversation

OUTAGE = 18  # seconds; who knocks at the database less and less often is caught waiting
BACK = 5  # seconds until a returned database serves pages again

pytestmark = [needs_postgresql, needs_redis]


@pytest.fixture
def city(transactional_db, seeded, tmp_path):
    with City(tmp_path, random.Random()) as built:
        yield built


@pytest.fixture
def conversations(city):
    return list(chats(2))


@pytest.fixture
def outboxes(city, conversations):
    """Both sides of both chats, writing about four messages a second each."""
    return [
        Outbox(Browser(city, someone), chat, [f"{someone} {n}" for n in range(40)], pause=0.2)
        for chat in conversations
        for someone in (chat.member, chat.agent)
    ]


def done(outboxes):
    return sum(len(outbox.taken) for outbox in outboxes)


def finish(outboxes, seconds=60):
    """Let them write to the end; nobody was told no."""
    for outbox in outboxes:
        outbox.join(seconds)
    assert not [outbox.refused for outbox in outboxes if outbox.refused]
    assert not [outbox for outbox in outboxes if outbox.is_alive()]


def survived(city):
    return all(server.process.poll() is None for server in city.servers)


def test_connections_cut_under_writing_hands_cost_nothing(city, conversations, outboxes):
    with listening(city, conversations) as listeners:
        for outbox in outboxes:
            outbox.start()
        cut = 0
        for mark in range(20, 140, 20):
            assert wait_until(lambda mark=mark: done(outboxes) >= mark, 30)
            cut += cut_connections()
        finish(outboxes)
        assert cut
        assert_all_agree(listeners)
    assert survived(city)
    assert_nothing_lost(outboxes, conversations)


def test_a_database_away_for_seconds_answers_503_and_comes_back(city, conversations, outboxes):
    chat = conversations[0]
    browser = Browser(city, chat.member)
    post = {"body": "What I typed is long and dear to me", "client_id": uuid.uuid4()}
    with listening(city, conversations) as listeners:
        for outbox in outboxes:
            outbox.start()
        assert wait_until(lambda: done(outboxes) >= 20, 30)
        with database_away():
            asked = time.monotonic()
            page = browser.post(f"/chat/{chat.uuid}/messages/", post, accept="text/html")
            script = browser.post(f"/chat/{chat.uuid}/messages/", post)
            with pytest.raises(Closed) as ended:
                Socket(browser, f"/ws/chat/{chat.uuid}/").receive()
            answered = time.monotonic()
            assert answered - asked < OUTAGE
            time.sleep(OUTAGE - (answered - asked))
        assert seconds_until_served(city, chat.member) < BACK
        finish(outboxes)
        assert_all_agree(listeners)
    assert ended.value.code in GOING_AWAY  # so that a page connects again
    assert_nothing_crashed(city)
    for answer in (page, script):
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert post["body"] in page.text
    assert script.json["error"] == "unavailable"
    assert sum(outbox.statuses[503] for outbox in outboxes)
    assert survived(city)
    assert_nothing_lost(outboxes, conversations)


def test_a_restart_of_all_processes_cuts_sockets_and_loses_nothing(city, conversations, outboxes):
    with listening(city, conversations) as listeners:
        for outbox in outboxes:
            outbox.start()
        assert wait_until(lambda: done(outboxes) >= 20, 30)
        city.stop_all(signal.SIGTERM)
        finish(outboxes)
        assert_all_agree(listeners)
        codes = {code for listener in listeners.values() for code in listener.codes}
    assert codes
    assert_nothing_crashed(city)
    assert_nothing_lost(outboxes, conversations)


def test_a_conversation_that_is_held_answers_503_and_others_go_on(city, conversations):
    held, free = conversations
    hands = [Outbox(Browser(city, held.member), held, [f"late {n}"]) for n in range(4)]
    browser = Browser(city, free.member)
    with transaction.atomic():
        Conversation.objects.select_for_update(of=("self",)).get(pk=held.pk)
        for hand in hands:
            hand.start()
        went_on = [say(browser, free, f"here {n}", uuid.uuid4()).status for n in range(20)]
        refused = wait_until(lambda: all(hand.statuses[503] for hand in hands))
    assert refused, [hand.statuses for hand in hands]
    finish(hands)
    assert went_on == [201] * 20
    assert max(hand.slowest for hand in hands) < 7  # a lock 3 s, a statement 5 s


def test_redis_frozen_holds_nobody_up(city, conversations, outboxes):
    with listening(city, conversations) as listeners:
        for outbox in outboxes:
            outbox.start()
        assert wait_until(lambda: done(outboxes) >= 20, 30)
        with city.redis.frozen():
            assert wait_until(lambda: done(outboxes) >= 100, 30)
            assert_everybody_sees_more(listeners)
        finish(outboxes)
        assert_all_agree(listeners)
    assert max(outbox.slowest for outbox in outboxes) < DEADLINE / 2
    assert_answered_at_once(outboxes)
    assert_nothing_lost(outboxes, conversations)


def test_redis_gone_for_good_leaves_sign_in_posts_and_sockets(city, conversations, outboxes):
    city.redis.kill()
    for outbox in outboxes:
        outbox.start()
    with listening(city, conversations) as listeners:
        member = conversations[0].member
        browser = Browser(city)
        sign_in(browser, member)
        assert browser.get("/technical-issues/").status == 200
        assert wait_until(lambda: done(outboxes) >= 40, 30)
        assert_everybody_sees_more(listeners)
        finish(outboxes)
        assert_all_agree(listeners)
    assert_nothing_crashed(city)
    assert_answered_at_once(outboxes)
    assert_nothing_lost(outboxes, conversations)


@pytest.mark.parametrize("fault", ["empty", "cut", "restart"])
def test_redis_that_forgets_everybody_is_noticed(city, conversations, outboxes, fault):
    with listening(city, conversations) as listeners:
        for outbox in outboxes:
            outbox.start()
        for mark in (20, 60, 100):
            assert wait_until(lambda mark=mark: done(outboxes) >= mark, 30)
            getattr(city.redis, fault)()
            assert_everybody_sees_more(listeners)
        finish(outboxes)
        assert_all_agree(listeners)
        assert not any(listener.codes for listener in listeners.values())
    assert_nothing_crashed(city)
    assert_answered_at_once(outboxes)
    assert_nothing_lost(outboxes, conversations)


def seconds_until_served(city, someone):
    """How long it takes until every process shows pages."""
    began = time.monotonic()
    for server in city.servers:
        browser = Browser(city, someone, server)
        wait_until(lambda b=browser: b.get("/technical-issues/").status == 200, 30)
    return time.monotonic() - began


def sign_in(browser, someone):
    """By the form, as a person does."""
    path = "/accounts/login/"
    assert browser.get(path, accept="text/html").status == 200
    fields = {"login": someone.username, "password": PASSWORD, "remember": ""}
    assert browser.post(path, fields, accept="text/html").status == 302


def assert_everybody_sees_more(listeners):
    """What is stored now is on every page ten seconds later, while all goes on."""
    last = dict(Conversation.objects.values_list("pk", "last_seq"))

    def behind():
        return [
            (someone.username, listener.last, last[chat.pk], listener.codes)
            for (chat, someone), listener in listeners.items()
            if listener.last < last[chat.pk]
        ]

    assert wait_until(lambda: not behind()), behind()


def assert_answered_at_once(outboxes):
    """Each post was answered the first time it was sent, and by no error."""
    assert {status for outbox in outboxes for status in outbox.statuses} == {201}
