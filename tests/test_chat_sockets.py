"""Sockets: what comes in is a closed table, what goes out is what the viewer does not have yet."""

import json
import logging

import pytest
from chatting import say, start
from conftest import signed_in
from django.db import InterfaceError
from sockets import CONSOLE, Clock, Closed, Page, conversation, do, enter, settle, story, the_watch

from chat import consumers, queue, watch
from chat.models import Conversation, Presence


@pytest.fixture(autouse=True)
def quiet(monkeypatch, settings):
    """Rounds happen when a story says so; no Redis: words go round in this process."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(watch, "EVERY", 3600)
    monkeypatch.setattr(watch, "AT_MOST_EVERY", 3600)
    queue.forget()


@pytest.fixture
def chat(silver, agent):
    talk = start(silver)
    talk.claim(agent)
    return talk


def kinds(frames):
    return [frame["type"] for frame in frames]


# Going out


@story
async def test_a_page_gets_what_it_does_not_have(chat, silver):
    page = await enter(Page(conversation(chat, after=1), silver))
    message, state, *seen = page.first
    assert [message["type"], message["seq"], message["author"]] == ["message", 2, "system"]
    assert [state["type"], state["status"]] == ["state", "active"]
    assert kinds(seen) == ["seen", "seen"]


@story
async def test_a_message_is_delivered_to_both_when_they_are_told_to_look(chat, silver, agent):
    pages = await enter(Page(conversation(chat), silver), Page(conversation(chat), agent))
    await do(say)(chat, silver, "Are you there?")
    the_watch().hear({"type": "look", "conversation": str(chat.uuid)})
    for page in pages:
        frame = await page.frame("message")
        assert frame["seq"] == 3
        assert "Are you there?" in frame["html"]


@story
async def test_told_to_look_often_it_sends_everything_once(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    for number in range(5):
        await do(say)(chat, silver, f"line {number}")
        for _ in range(3):
            the_watch().hear({"type": "look", "conversation": str(chat.uuid)})
    frames = await page.frames()
    assert [f["seq"] for f in frames if f["type"] == "message"] == [3, 4, 5, 6, 7]


@story
async def test_a_long_absence_is_caught_up_at_once(chat, silver, monkeypatch):
    monkeypatch.setattr("chat.delivery.AT_ONCE", 3)
    for number in range(6):
        await do(say)(chat, silver, f"line {number}")
    page = await enter(Page(conversation(chat), silver))
    assert [f["seq"] for f in page.first if f["type"] == "message"] == [1, 2, 3, 4, 5, 6, 7, 8]


@story
async def test_the_end_arrives_as_a_state(chat, silver, agent):
    page = await enter(Page(conversation(chat), silver))
    await do(chat.close)(agent)
    the_watch().hear({"type": "look", "conversation": str(chat.uuid)})
    assert kinds(await page.frames()) == ["message", "state"]


@story
async def test_typing_goes_to_the_other_side_with_the_name(chat, silver, agent):
    member, ana = await enter(Page(conversation(chat), silver), Page(conversation(chat), agent))
    await ana.send(type="typing", on=True)
    assert await member.frame("typing") == {
        "type": "typing",
        "author": "agent",
        "name": agent.display_name,
        "on": True,
    }
    await ana.send(type="typing", on=False)
    assert (await member.frame("typing"))["on"] is False
    assert await ana.frames() == []


@story
async def test_typing_is_said_seldom_however_often_it_comes(chat, silver, agent):
    member, ana = await enter(Page(conversation(chat), silver), Page(conversation(chat), agent))
    for _ in range(20):
        await member.send(type="typing", on=True)
    await ana.frame("typing")
    assert await ana.frames() == []


@story
async def test_before_the_chat_and_after_its_end_nobody_hears_of_typing(chat, silver, gold, agent):
    talk = await do(start)(gold)
    await do(chat.close)(agent)
    for one, member in ((talk, gold), (chat, silver)):
        writer, ana = await enter(Page(conversation(one), member), Page(conversation(one), agent))
        await writer.send(type="typing", on=True)
        assert await ana.frames() == []


@story
async def test_a_colleague_who_looks_on_leaves_no_trace(chat, silver, supervisor):
    member, eva = await enter(
        Page(conversation(chat), silver), Page(conversation(chat), supervisor)
    )
    await eva.send(type="typing", on=True)
    await eva.send(type="seen", seq=2)
    await eva.frames()
    await the_watch().tick()
    assert await member.frames() == []
    await do(chat.refresh_from_db)()
    assert chat.agent_seen == 0


@story
async def test_the_console_gets_the_queue_at_once(chat, gold, agent):
    waiting = await do(start)(gold, "  My order\nis lost.")
    await do(Presence.objects.update)(accepting=True, limit=2)
    [frame] = (await enter(Page(CONSOLE, agent))).first
    since = await do(lambda: Conversation.objects.get(pk=waiting.pk).queued_at)()
    assert frame == {
        "type": "queue",
        "waiting": [
            {
                "id": str(waiting.uuid),
                "name": gold.display_name,
                "rank": "Gold",
                "language": "en",
                "since": since.isoformat(),
                "first_line": "My order",
            }
        ],
        "waiting_count": 1,
        "mine": [{"id": str(chat.uuid), "unread": 1}],
        "accepting": True,
        "limit": 2,
    }


# Who is refused, and how


@pytest.mark.parametrize(
    ("who", "whose", "code"),
    [
        ("nobody", "conversation", 4401),
        ("forged", "conversation", 4401),
        ("premier", "conversation", 4403),
        ("gold", "conversation", 4404),
        ("silver", "no conversation", 4404),
        ("nobody", "console", 4401),
        ("silver", "console", 4403),
        ("silver", "nowhere", 4404),
        ("silver", "no number", 4404),
        ("silver", "after nothing", 4400),
        ("silver", "after less than nothing", 4400),
        ("silver", "after a tower of digits", 4400),
    ],
)
def test_refusals_have_their_codes(request, chat, who, whose, code):
    paths = {
        "conversation": conversation(chat),
        "no conversation": "/ws/chat/00000000-0000-4000-8000-000000000000/",
        "console": CONSOLE,
        "nowhere": "/ws/elsewhere/",
        "no number": "/ws/chat/17/",
        "after nothing": f"/ws/chat/{chat.uuid}/?after=",
        "after less than nothing": f"/ws/chat/{chat.uuid}/?after=-1",
        "after a tower of digits": f"/ws/chat/{chat.uuid}/?after={'9' * 400}",
    }
    cookies = {"nobody": None, "forged": "x" * 32 + "'\x00\"⚡"}
    someone = None if who in cookies else request.getfixturevalue(who)

    @story
    async def told():
        page = Page(paths[whose], someone, cookies.get(who))
        assert await (await page.open()).code() == code

    told()


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        "http://testserver.evil.example",
        "http://evil.example/testserver",
        "http://testserver:8080",
        "http://testserver@evil.example",
        "ftp://testserver",
        "testserver",
        "",
    ],
)
@story
async def test_a_foreign_page_gets_no_handshake(chat, silver, origin):
    with pytest.raises(Closed) as closed:
        await Page(conversation(chat), silver, origin=origin).open()
    assert closed.value.code == "handshake"


@story
async def test_the_address_of_the_portal_is_an_own_origin(chat, silver, settings):
    settings.PORTAL_URL = "https://help.example.org:443"
    await enter(Page(conversation(chat), silver, origin="https://help.example.org"))


@story
async def test_hardened_a_page_without_tls_is_foreign(chat, silver, settings):
    settings.HARDENED = True
    with pytest.raises(Closed):
        await Page(conversation(chat), silver, origin="http://testserver").open()
    await Page(conversation(chat), silver, origin="https://testserver").open()


@story
async def test_a_host_that_is_not_allowed_is_no_own_origin(chat, silver, settings):
    settings.ALLOWED_HOSTS = ["help.example.org"]
    with pytest.raises(Closed):
        await Page(conversation(chat), silver).open()


@story
async def test_eight_sockets_a_person_and_no_more(chat, silver, gold):
    cookie = await do(lambda: signed_in(silver).session.session_key)()
    pages = [Page(conversation(chat), cookie=cookie) for _ in range(9)]
    await enter(*pages[:8])
    assert await (await pages[8].open()).code() == 4429
    await pages[0].leave()
    await enter(Page(conversation(chat), cookie=cookie))
    assert await (await Page(conversation(chat), gold).open()).code() == 4404


# Coming in

HOSTILE = {
    "no json": "hello",
    "nothing": "",
    "broken": '{"type": "pong", "n": 1',
    "a list": '[{"type": "pong", "n": 1}]',
    "a number": "1",
    "nested deeply": "[" * 5_000 + "]" * 5_000,
    "nested objects": '{"a":' * 2_000 + "1" + "}" * 2_000,
    "a key twice": '{"type": "pong", "n": 1, "n": 2}',
    "the type twice": '{"type": "ping", "type": "pong", "n": 1}',
    "not a number": '{"type": "pong", "n": NaN}',
    "infinite": '{"type": "seen", "seq": -Infinity}',
    "five thousand digits": '{"type": "seen", "seq": ' + "9" * 5_000 + "}",
    "minus": '{"type": "seen", "seq": -1}',
    "too large": '{"type": "seen", "seq": 4294967296}',
    "a fraction": '{"type": "seen", "seq": 1.0}',
    "exponent": '{"type": "seen", "seq": 1e3}',
    "text for a number": '{"type": "seen", "seq": "1"}',
    "truth for a number": '{"type": "seen", "seq": true}',
    "a number for truth": '{"type": "typing", "on": 1}',
    "null": '{"type": "typing", "on": null}',
    "one key more": '{"type": "typing", "on": true, "name": "Support"}',
    "one key less": '{"type": "typing"}',
    "no type": '{"n": 1}',
    "a list as type": '{"type": ["pong"], "n": 1}',
    "a frame of ours": '{"type": "message", "seq": 1, "html": "x"}',
    "a handler's name": '{"type": "websocket.disconnect", "code": 1000}',
    "another handler's name": '{"type": "look", "conversation": "x"}',
    "a dunder": '{"type": "__class__"}',
    "lone surrogate": '{"type": "\ud800", "n": 1}',
    "large": json.dumps({"type": "pong", "n": 1, "x": "a" * 17_000}),
    "large in bytes alone": json.dumps({"type": "pong", "x": "ž" * 9_000}, ensure_ascii=False),
    "spaces without end": " " * 17_000 + '{"type": "pong", "n": 1}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_anything_else_is_an_error_and_the_end_of_it(chat, silver, caplog, name):
    @story
    async def told():
        page = await enter(Page(conversation(chat), silver))
        await page.say(HOSTILE[name])
        assert await page.receive() == {"type": "error", "code": "bad_frame"}
        assert await page.code() == 4400

    with caplog.at_level(logging.WARNING):
        told()
    assert not caplog.records


@story
async def test_a_binary_frame_is_refused(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    await page.way.send_input({"type": "websocket.receive", "bytes": b'{"type": "pong", "n": 1}'})
    assert await page.receive() == {"type": "error", "code": "bad_frame"}
    assert await page.code() == 4400


@story
async def test_what_our_pages_say_is_taken(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    for frame in (
        {"type": "pong", "n": 1},
        {"type": "seen", "seq": 2},
        {"type": "typing", "on": True},
    ):
        await page.say(json.dumps(frame))
    assert await page.frames() == []


@story
async def test_a_flood_is_closed(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    for _ in range(consumers.FLOOD + 1):
        await page.send(type="pong", n=1)
    assert await page.code() == 4429


@story
async def test_a_steady_writer_is_no_flood(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    the_watch().clock = clock = Clock()
    for _ in range(3 * consumers.FLOOD):
        await page.send(type="pong", n=1)
        await settle()
        clock.now += 0.25
    assert await page.frames() == []


# The database is away


@story
async def test_a_socket_that_cannot_be_opened_now_is_told_to_come_again(chat, silver, monkeypatch):
    monkeypatch.setattr(consumers, "viewer_of", _away)
    assert await (await Page(conversation(chat), silver).open()).code() == 1012


@story
async def test_an_open_socket_outlives_a_delivery_that_failed(chat, silver, monkeypatch):
    page = await enter(Page(conversation(chat), silver))
    monkeypatch.setattr(consumers, "deliver", _away)
    await do(say)(chat, silver, "one")
    the_watch().hear({"type": "look", "conversation": str(chat.uuid)})
    assert await page.frames() == []
    monkeypatch.undo()
    await the_watch().tick()
    assert (await page.frame("message"))["seq"] == 3


def _away(*_args):
    raise InterfaceError("away")


@story
async def test_a_server_that_stops_says_so(chat, silver):
    page = await enter(Page(conversation(chat), silver))
    page.way.future.cancel()
    assert await page.way.output_queue.get() == {"type": "websocket.close", "code": 1012}
    await settle()
    assert not the_watch().sockets
