"""The kill test: two processes die again and again, Redis is emptied and restarted, nobody loses.

Two thousand messages in eight conversations, each sent until it is answered (SECURITY B, F1).
"""

import itertools
import uuid
from http.client import HTTPException

import pytest
from conftest import NOW, png_file
from failpoints import POINTS
from faults import (
    Browser,
    City,
    Outbox,
    assert_all_agree,
    assert_nothing_crashed,
    assert_nothing_lost,
    chance,
    chats,
    listening,
    say,
    shown,
)
from servers import needs_postgresql, needs_redis

from tickets.models import Screenshot

pytestmark = [needs_postgresql, needs_redis]

CLIENT_ID = uuid.UUID(int=7)
CHATS, MESSAGES = 8, 2000
KILLS, FLUSHES, RESTARTS = 20, 3, 2


@pytest.fixture
def dice(request):
    return chance(request)


@pytest.fixture
def city(transactional_db, seeded, tmp_path, dice):
    with City(tmp_path, dice, failpoints(dice)) as built:
        yield built


def failpoints(dice):
    """How processes die by themselves: one point after the other; every second lives on."""
    for point in itertools.cycle(POINTS):
        yield f"{point}:{dice.randrange(3, 25)}"
        yield ""


def test_nothing_is_lost_doubled_or_disordered_however_processes_die(city, dice):
    conversations = list(chats(CHATS))
    sides = [(chat, someone) for chat in conversations for someone in (chat.member, chat.agent)]
    share = MESSAGES // len(sides)
    outboxes = [
        Outbox(
            Browser(city, someone),
            chat,
            [f"{someone.username} says {n}: řeč & <b>kroky</b> 🧭\n" for n in range(share)],
        )
        for chat, someone in sides
    ]
    acts = [city.kill_one] * KILLS + [city.redis.empty] * FLUSHES + [city.redis.restart] * RESTARTS
    dice.shuffle(acts)
    # How many messages are taken when each act comes: all of them before the last tenth.
    moments = sorted(dice.sample(range(20, MESSAGES * 9 // 10), len(acts)))
    plan = list(zip(moments, acts, strict=True))

    with listening(city, conversations) as listeners:
        for outbox in outboxes:
            outbox.start()
        while any(outbox.is_alive() for outbox in outboxes):
            city.mend()
            done = sum(len(outbox.taken) for outbox in outboxes)
            if plan and plan[0][0] <= done and city.ready():
                plan.pop(0)[1]()
            assert not [outbox.refused for outbox in outboxes if outbox.refused]
            outboxes[0].join(0.02)
        city.mend()
        assert_all_agree(listeners)
        held = {key: listener.held for key, listener in listeners.items()}
    assert all(frames == shown(Browser(city, key[1]), key[0]) for key, frames in held.items())
    assert not plan
    assert_nothing_crashed(city)
    assert city.deaths["kill -9"] == KILLS
    assert all(city.deaths[point] for point in POINTS)
    assert sum(outbox.statuses[200] for outbox in outboxes)  # sent again after its commit
    assert_nothing_lost(outboxes, conversations)


@pytest.mark.parametrize("point", POINTS)
def test_a_message_with_a_picture_survives_the_death_that_follows_it(
    transactional_db, seeded, tmp_path, dice, point
):
    with City(tmp_path, dice, [f"{point}:1", f"{point}:1"]) as city:
        [chat] = chats(1)
        picture = Screenshot.objects.upload(chat.member, png_file(), NOW)
        browser = Browser(city, chat.member)
        with pytest.raises((OSError, HTTPException)):
            say(browser, chat, "Look", CLIENT_ID, uploads=picture.uuid)
        is_stored = chat.messages.filter(client_id=CLIENT_ID).exists()
        assert is_stored == (point != "before_commit")
        city.failpoints = iter(())
        city.stop_all()
        answers = [say(browser, chat, "Look", CLIENT_ID, uploads=picture.uuid) for _n in range(2)]
    assert [answer.status for answer in answers] == [200 if is_stored else 201, 200]
    assert {answer.json["seq"] for answer in answers} == {3}
    message = chat.messages.get(client_id=CLIENT_ID)
    assert (message.seq, list(message.screenshots.all())) == (3, [picture])
