"""The watch: one look at the database for all sockets keeps cursors, leases and queues true."""

import asyncio
import contextlib
import datetime as dt
import logging
import time
import uuid

import pytest
from chatting import age, say, start, vanish, watched
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from sockets import CONSOLE, Clock, Page, conversation, do, enter, settle, story, the_watch

from accounts.models import Rank, User
from chat import queue, watch
from chat.delivery import Viewer
from chat.models import Conversation, Presence, Watch

HOUR = 3600


@pytest.fixture(autouse=True)
def quiet(monkeypatch, settings):
    """Rounds happen when a story says so; words reach nobody."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(watch, "EVERY", HOUR)
    monkeypatch.setattr(watch, "AT_MOST_EVERY", HOUR)
    queue.forget()


@pytest.fixture
def chat(silver, agent):
    talk = start(silver)
    talk.claim(agent)
    return talk


async def tick():
    queue.forget()
    await the_watch().tick()


async def pass_time(clock, seconds, step=5):
    """Let time pass for the watch and for what the database knows of it; a pulse a step."""
    for _step in range(seconds // step):
        clock.now += step
        await do(age)(Presence.objects, "seen_at", step)
        await do(age)(Conversation.objects, "member_at", step)
        the_watch().pulse()
        await settle()


def seqs(frames):
    return [frame["seq"] for frame in frames if frame["type"] == "message"]


# What moved


@story
async def test_a_lost_poke_costs_one_round(chat, silver, agent):
    pages = await enter(Page(conversation(chat), silver), Page(conversation(chat), agent))
    await do(say)(chat, silver, "one")
    await do(say)(chat, silver, "two")
    await tick()
    for page in pages:
        assert seqs(await page.frames()) == [3, 4]
    await tick()
    for page in pages:
        assert await page.frames() == []


@story
async def test_what_was_seen_is_told_to_the_other_side_and_never_goes_back(chat, silver, agent):
    member, ana = await enter(Page(conversation(chat), silver), Page(conversation(chat), agent))
    await ana.send(type="seen", seq=2)
    await settle()
    await tick()
    assert await member.frames() == [{"type": "seen", "author": "agent", "seq": 2}]
    await ana.send(type="seen", seq=1)
    await ana.send(type="seen", seq=17)  # nothing that was never sent
    await settle()
    await tick()
    assert await member.frames() == []
    await do(chat.refresh_from_db)()
    assert (chat.agent_seen, chat.member_seen) == (2, 0)


@story
async def test_places_in_the_queue_move_on(silver, gold, agent):
    first, second = await do(start)(gold), await do(start)(silver)
    page = await enter(Page(conversation(second), silver))
    await do(first.claim)(agent)
    await tick()
    assert (await page.frame("state"))["position"] == 1
    await tick()
    assert await page.frames() == []


@story
async def test_an_answer_that_a_delivery_has_overtaken_takes_nothing_back(silver, agent):
    talk = await do(start)(silver)
    page = await enter(Page(conversation(talk), silver))
    question = the_watch()._question(the_watch().sockets)
    old = await do(watch.ask)(question)
    await do(talk.claim)(agent)
    the_watch().hear({"type": "look", "conversation": str(talk.uuid)})
    assert (await page.frame("state"))["status"] == "active"
    for socket in the_watch().sockets:
        the_watch()._apply(socket, old)
    assert await page.frames() == []


@story
async def test_the_console_hears_of_the_queue_when_it_changes(chat, silver, gold, agent):
    page = await enter(Page(CONSOLE, agent))
    await tick()
    assert await page.frames() == []
    await do(start)(gold)
    await do(say)(chat, silver, "Still here")
    await tick()
    [frame] = await page.frames()
    assert [row["name"] for row in frame["waiting"]] == [gold.display_name]
    assert frame["mine"] == [{"id": str(chat.uuid), "unread": 2}]


@story
async def test_a_long_queue_is_cut_and_counted(seeded, agent, monkeypatch):
    monkeypatch.setattr("chat.board.ROWS", 3)
    for member in await do(crowd)(5):
        await do(start)(member)
    [frame] = (await enter(Page(CONSOLE, agent))).first
    assert (len(frame["waiting"]), frame["waiting_count"]) == (3, 5)


@story
async def test_a_note_reaches_every_console_once_and_no_member(chat, silver, agent, supervisor):
    ana, eva, member, viewing = await enter(
        Page(CONSOLE, agent),
        Page(CONSOLE, supervisor),
        Page(conversation(chat), silver),
        Page(conversation(chat), agent),
    )
    note = await do(chat.add_note)(agent, "<b>Same</b> as 4107.", uuid.uuid4())
    await tick()
    for page in (ana, eva):
        [frame] = await page.frames()
        assert (frame["type"], frame["conversation"]) == ("note", str(chat.uuid))
        assert "&lt;b&gt;Same&lt;/b&gt; as 4107." in frame["html"]
        assert f'data-note="{note.pk}"' in frame["html"]
    await tick()
    for page in (ana, eva, member, viewing):
        assert await page.frames() == []


@story
async def test_words_of_the_layer_call_for_a_round_or_a_look(chat, silver, agent, monkeypatch):
    monkeypatch.setattr(watch, "AT_MOST_EVERY", 0.05)
    member, console = await enter(Page(conversation(chat), silver), Page(CONSOLE, agent))
    await do(say)(chat, silver, "one")
    await do(Presence.objects.update)(limit=7)
    layer = watch.get_channel_layer()
    await layer.group_send("chat", {"type": "look", "conversation": str(chat.uuid)})
    assert (await member.frame("message"))["seq"] == 3
    await layer.group_send("chat", {"type": "queue"})
    while (await console.frame("queue"))["limit"] != 7:
        pass


# As many sockets as you like


def crowd(count):
    User.objects.bulk_create(
        User(username=f"m{number}", rank=Rank.GOLD, password="!", email=f"m{number}@example.com")
        for number in range(count)
    )
    return list(User.objects.filter(username__startswith="m").order_by("pk"))


def talks_of(members, agent):
    """As many conversations; the first quarter of them is the agent's."""
    active = len(members) // 4
    fields = {"email": "m@example.com", "language": "en", "last_seq": 1}
    now = dict.fromkeys(("created_at", "queued_at", "member_at"), Now())
    Conversation.objects.bulk_create(
        Conversation(
            member=member,
            rank=member.rank,
            submission_id=uuid.uuid4(),
            agent=agent if number < active else None,
            status="active" if number < active else "waiting",
            **fields,
            **now,
        )
        for number, member in enumerate(members)
    )
    return list(Conversation.objects.select_related("member").order_by("pk"))


def viewers_of(people):
    """A live session of each of them."""
    later = timezone.now() + dt.timedelta(days=1)
    Session.objects.bulk_create(
        Session(session_key=f"key{p.pk}", expire_date=later) for p in people
    )
    return {p.pk: Viewer(p.pk, f"key{p.pk}", p.get_session_auth_hash()) for p in people}


def cost(talks, viewers, console):
    """Queries of a round in which a console and both sides of all talks have something to say."""
    pairs = {(viewers[talk.member_id], talk.uuid) for talk in talks}
    pairs |= {(viewers[talk.agent_id], talk.uuid) for talk in talks if talk.agent_id}
    question = watch.Question(
        process=uuid.uuid4(),
        viewers=frozenset({console, *(viewer for viewer, _talk in pairs)}),
        conversations=frozenset(talk for _viewer, talk in pairs),
        consoles=frozenset({console}),
        heard=frozenset({(console, None), *pairs}),
        seen={(viewer.user_id, talk): 1 for viewer, talk in pairs},
    )
    queue.forget()
    with CaptureQueriesContext(connection) as queries:
        answer = watch.ask(question)
    assert not [code for code in answer.people.values() if isinstance(code, int)]
    return len(pairs) + 1, len(queries)


def test_ten_sockets_or_five_hundred_cost_the_same(seeded, agent, supervisor):
    members = crowd(400)
    talks = talks_of(members, agent)
    for talk in talks[:10]:
        talk.add_note(agent, "x", uuid.uuid4())
    viewers = viewers_of([agent, supervisor, *members])
    sockets, few = cost(talks[97:105], viewers, viewers[supervisor.pk])
    assert sockets == 12
    sockets, many = cost(talks, viewers, viewers[supervisor.pk])
    assert sockets == 501
    assert few == many <= 22


# Who is there


@story
async def test_a_page_is_asked_every_quarter_of_a_minute(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    the_watch().clock = clock = Clock()
    await pass_time(clock, 10)
    assert await page.frames() == []
    await pass_time(clock, 10)
    assert await page.frames() == [{"type": "ping", "n": 1}]
    await page.send(type="pong", n=1)
    await settle()
    await pass_time(clock, 15)
    assert await page.frames() == [{"type": "ping", "n": 2}]


@story
async def test_who_answers_stays_and_who_is_silent_is_closed(chat, silver, agent):
    alive, silent = await enter(Page(conversation(chat), silver), Page(conversation(chat), agent))
    the_watch().clock = clock = Clock()
    for _ in range(2):
        await pass_time(clock, 15)
        await alive.pong()
        await settle()
    assert len(the_watch().sockets) == 2
    await pass_time(clock, 10)
    assert await silent.code() == 4408
    assert len(the_watch().sockets) == 1


@story
async def test_a_stall_of_our_own_is_nobodys_silence(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    the_watch().clock = clock = Clock()
    clock.now += HOUR
    the_watch().pulse()
    await page.pong()
    clock.now += 20
    the_watch().pulse()
    assert [frame["type"] for frame in await page.frames()] == ["ping"]


@story
async def test_a_hidden_console_that_only_answers_keeps_its_chats_for_an_hour(chat, agent):
    console = await enter(Page(CONSOLE, agent))
    the_watch().clock = clock = Clock()
    for _quarter in range(4 * 60):
        await pass_time(clock, 15, step=15)
        await console.pong()
        await settle()
        await tick()
    await do(watched)()
    assert await do(Conversation.objects.sweep)() == 0
    await pass_time(clock, 40)
    await tick()
    assert await console.code() == 4408
    await pass_time(clock, 10)
    assert await do(Conversation.objects.sweep)() == 1


@story
async def test_a_waiting_member_whose_page_answers_keeps_the_place(silver):
    talk = await do(start)(silver)
    await do(watched)()
    page = await enter(Page(conversation(talk), silver))
    the_watch().clock = clock = Clock()
    for _quarter in range(4 * 5):
        await pass_time(clock, 15)
        await page.pong()
        await settle()
        await tick()
    assert await do(Conversation.objects.sweep)() == 0
    await pass_time(clock, 125)
    await tick()
    assert await do(Conversation.objects.sweep)() == 1


@story
async def test_a_socket_renews_its_own_lease_alone(chat, silver, gold, agent, supervisor):
    other = await do(start)(gold)
    await enter(Page(conversation(chat), silver), Page(CONSOLE, supervisor))
    await do(age)(Presence.objects, "seen_at", 30)
    await do(age)(Conversation.objects, "member_at", 30)
    await tick()
    recent = Now() - dt.timedelta(seconds=15)
    there = await do(lambda: set(Presence.objects.filter(seen_at__gt=recent)))()
    assert {one.agent_id for one in there} == {supervisor.pk}
    waiting = await do(lambda: set(Conversation.objects.filter(member_at__gt=recent)))()
    assert (chat in waiting, other in waiting) == (True, False)


# Faults


@contextlib.contextmanager
def blind(monkeypatch):
    """The database cannot be reached."""

    def away(_question):
        raise OperationalError("the connection is closed")

    with monkeypatch.context() as patch:
        patch.setattr(watch, "ask", away)
        yield


@story
async def test_an_outage_longer_than_every_lease_costs_nobody_anything(
    chat, gold, silver, agent, monkeypatch
):
    waiting = await do(start)(gold)
    await do(watched)()
    pages = await enter(
        Page(conversation(chat), silver), Page(CONSOLE, agent), Page(conversation(waiting), gold)
    )
    await tick()
    the_watch().clock = clock = Clock()
    with blind(monkeypatch):
        for _quarter in range(4 * 4):
            await pass_time(clock, 15)
            await do(age)(Watch.objects, "beat_at", 15)
            await do(age)(Watch.objects, "since", 15)
            for page in pages:
                await page.pong()
            await settle()
            await tick()
    assert await do(Conversation.objects.sweep)() == 0
    await tick()
    assert await do(Conversation.objects.sweep)() == 0
    assert len(the_watch().sockets) == 3
    await do(say)(chat, silver, "Still here?")
    await tick()
    assert seqs(await pages[0].frames()) == [3]


@story
async def test_after_an_outage_everybody_has_a_full_new_term(chat, agent, monkeypatch):
    """Also who could not come back yet: the watch has seen nobody since a moment ago."""
    await enter(Page(CONSOLE, agent))
    await tick()
    with blind(monkeypatch):
        await do(age)(Watch.objects, "beat_at", 300)
        await do(age)(Watch.objects, "since", 900)
        await do(vanish)(agent, 300)
    for socket in the_watch().sockets:
        socket.was_heard = False
    await tick()
    assert await do(Conversation.objects.sweep)() == 0
    await do(age)(Watch.objects, "since", 46)
    assert await do(Conversation.objects.sweep)() == 1


@story
async def test_it_goes_on_after_an_error_nobody_thought_of(chat, silver, monkeypatch, caplog):
    page = await enter(Page(conversation(chat), silver))
    rounds = []

    async def fails_once(self):
        rounds.append(time.monotonic())
        if len(rounds) == 1:
            raise KeyError("a mistake of ours")

    monkeypatch.setattr(watch, "EVERY", 0.05)
    monkeypatch.setattr(watch, "AT_MOST_EVERY", 0.0)
    monkeypatch.setattr(watch.Watch, "tick", fails_once)
    task = asyncio.create_task(watch._for_ever(the_watch()._round, 0.0))
    while len(rounds) < 3:
        await asyncio.sleep(0.02)
    task.cancel()
    assert [record.message for record in caplog.records] == ["watch_failed"]
    assert await page.frames() == []


@story
async def test_an_outage_is_one_line_in_the_log(chat, silver, monkeypatch, caplog):
    await enter(Page(conversation(chat), silver))
    with blind(monkeypatch), caplog.at_level(logging.WARNING):
        await tick()
    assert [(record.message, record.exc_info) for record in caplog.records] == [
        ("watch_blind", None)
    ]


@story
async def test_a_heartbeat_is_written_also_when_nobody_is_left(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    await page.leave()
    assert not the_watch().sockets
    await do(Watch.objects.all().delete)()
    await tick()
    assert await do(Watch.objects.filter(process=the_watch().process).count)() == 1
