"""The kill test: two processes die again and again, Redis is emptied and restarted, nobody loses.

Two thousand messages in eight conversations, each sent until it is answered (SECURITY B, F1).
"""

import itertools

import pytest
from failpoints import POINTS
from faults import (
    Browser,
    City,
    Outbox,
    assert_all_agree,
    assert_nothing_lost,
    chance,
    chats,
    listening,
    needs_postgresql,
    needs_redis,
)

pytestmark = [needs_postgresql, needs_redis]

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
        yield f"{point}:{dice.randrange(5, 40)}"
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
    assert not plan
    assert city.deaths["kill -9"] == KILLS
    assert all(city.deaths[point] for point in POINTS)
    assert sum(outbox.statuses[200] for outbox in outboxes)  # sent again after its commit
    assert_nothing_lost(outboxes, conversations)
