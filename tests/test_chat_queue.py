"""The queue's outlook: places, honest ranges, last orders; one snapshot for everybody."""

import datetime as dt

import pytest
from chatting import start, vanish
from conftest import person

from accounts.models import Rank
from chat import queue
from chat.models import Presence
from chat.queue import Outlook, Snapshot, outlook

UTC = dt.UTC
NOON = dt.datetime(2026, 7, 15, 12, 0, tzinfo=UTC)  # a Wednesday


class Window:
    def __init__(self, weekday, start_hour, end_hour, kind):
        self.weekday, self.kind = weekday, kind
        self.start, self.end = dt.time(start_hour), dt.time(end_hour)


WEEK = tuple(
    Window(day, *window)
    for day in range(5)
    for window in ((6, 13, "english_only"), (13, 21, "language_support"))
)


def snapshot(waiting=(), agents=1, free=0, minutes=6.0):
    return Snapshot(tuple(waiting), agents, free, minutes, WEEK, ())


def test_the_head_is_in_place_one():
    found = outlook(snapshot(waiting=[7, 8, 9]), NOON, 8)
    assert (found.position, found.ahead) == (2, 1)


def test_who_would_join_now_has_everybody_ahead_and_no_place():
    found = outlook(snapshot(waiting=[7, 8, 9]), NOON)
    assert (found.position, found.ahead) == (None, 3)


def test_with_an_agent_free_the_wait_is_a_minute_at_most():
    assert outlook(snapshot(waiting=[7], free=2), NOON, 7).wait == (0, 1)


def test_without_an_agent_nobody_can_tell():
    assert outlook(snapshot(waiting=[7], agents=0), NOON, 7).wait is None


@pytest.mark.parametrize(
    ("place", "agents", "wait"), [(1, 1, (4, 9)), (3, 1, (11, 27)), (3, 3, (4, 9))]
)
def test_the_wait_is_a_range_that_grows_with_who_is_ahead(place, agents, wait):
    found = outlook(snapshot(waiting=range(1, 9), agents=agents), NOON, place)
    assert found.wait == wait


def test_a_wait_is_never_an_empty_range():
    for place in range(1, 40):
        low, high = outlook(snapshot(waiting=range(1, 41), minutes=1.0), NOON, place).wait
        assert 0 < low < high


def test_two_windows_without_a_break_are_one_opening():
    assert outlook(snapshot(), NOON.replace(hour=12, minute=59)) == Outlook(
        is_open=True, position=None, ahead=0, wait=(4, 9), last_orders=False, opens_at=None
    )


def test_shortly_before_closing_it_is_last_orders():
    late = NOON.replace(hour=20, minute=50)
    assert outlook(snapshot(free=1), late).last_orders
    assert not outlook(snapshot(free=1), late.replace(minute=40)).last_orders


def test_it_is_last_orders_when_the_wait_would_outlast_the_desk():
    evening = NOON.replace(hour=20)
    assert outlook(snapshot(waiting=range(1, 20)), evening).last_orders


@pytest.mark.parametrize(
    ("at", "opens_at"),
    [
        (dt.datetime(2026, 7, 17, 21, 0, tzinfo=UTC), dt.datetime(2026, 7, 20, 6, tzinfo=UTC)),
        (dt.datetime(2026, 7, 15, 5, 59, tzinfo=UTC), dt.datetime(2026, 7, 15, 6, tzinfo=UTC)),
    ],
)
def test_out_of_hours_the_next_opening_is_named(at, opens_at):
    found = outlook(snapshot(), at)
    assert (found.is_open, found.opens_at) == (False, opens_at)


def test_a_snapshot_counts_who_waits_and_what_is_free(silver, gold, agent, supervisor):
    Presence.renew(agent)
    Presence.renew(supervisor)
    Presence.objects.filter(agent=agent).update(accepting=True)
    first, second = start(silver), start(gold)
    first.claim(agent)
    found = queue.take()
    assert (found.waiting, found.agents, found.free) == ((second.pk,), 1, 2)


@pytest.mark.parametrize("count", [1, 30])
def test_a_snapshot_costs_the_same_however_many_wait(seeded, count, django_assert_num_queries):
    for number in range(count):
        start(person(f"member{number}", Rank.SILVER, member_id=str(number)))
    with django_assert_num_queries(5):
        assert len(queue.take().waiting) == count


def test_a_second_is_served_by_one_snapshot(silver, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(queue, "_kept", {})
    start(silver)
    with django_assert_num_queries(5):
        for _ in range(50):
            queue.current()


def test_an_agent_who_has_left_the_console_counts_no_more(agent):
    Presence.renew(agent)
    Presence.objects.update(accepting=True)
    assert queue.take().agents == 1
    vanish(agent)
    assert queue.take().agents == 0
