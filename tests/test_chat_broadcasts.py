"""Words of the layer leave after commit, hold nobody up, and may be lost."""

import logging
import os
import threading
import time

import pytest
from chatting import say, start
from django.db import transaction
from django.test import TestCase
from faults import DEADLINE, OwnRedis
from live import free_port
from servers import needs_redis
from sockets import CONSOLE, Page, conversation, do, enter, listening, story

from chat import broadcasts, queue, watch

MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
committing = TestCase.captureOnCommitCallbacks


def redis_at(url):
    config = {"hosts": [{"address": url, "socket_timeout": None}]}
    return {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": config}
    }


@pytest.fixture(autouse=True)
def quiet(monkeypatch, settings):
    """Nothing is found by rounds; what arrives was said."""
    settings.CHANNEL_LAYERS = MEMORY
    monkeypatch.setattr(watch, "EVERY", 3600)
    monkeypatch.setattr(watch, "AT_MOST_EVERY", 0.1)
    queue.forget()
    broadcasts._voices.clear()
    yield
    broadcasts._voices.clear()


@pytest.fixture
def chat(silver, agent):
    talk = start(silver)
    talk.claim(agent)
    return talk


def committed(act, *args):
    with committing(execute=True):
        return act(*args)


async def everything_that_is_said_arrives(chat, silver, agent):
    member, ana, console = await enter(
        Page(conversation(chat), silver), Page(conversation(chat), agent), Page(CONSOLE, agent)
    )
    await listening()
    await do(committed)(say, chat, agent, "Hello.")
    assert "Hello." in (await member.frame("message"))["html"]
    await member.send(type="typing", on=True)
    assert (await ana.frame("typing"))["name"] == silver.display_name
    await do(committed)(chat.release, agent)
    while not (await console.frame("queue"))["waiting"]:
        pass


@story
async def test_in_one_process_words_go_round_in_its_memory(chat, silver, agent):
    await everything_that_is_said_arrives(chat, silver, agent)


@needs_redis
@story
async def test_between_processes_words_go_through_redis(chat, silver, agent, settings):
    settings.CHANNEL_LAYERS = redis_at(os.environ["REDIS_URL"])
    await everything_that_is_said_arrives(chat, silver, agent)


@story
async def test_what_is_taken_back_is_not_said(chat, silver):
    def fail():
        with committing(execute=True), transaction.atomic():
            say(chat, silver, "Never mind")
            transaction.set_rollback(True)

    page = await enter(Page(conversation(chat), silver))
    await listening()
    await do(fail)()
    assert await page.frames() == []


def test_without_a_server_in_the_process_nothing_is_said(chat, silver):
    committed(say, chat, silver, "Nobody listens")


def voices():
    return sum(thread.name == "chat-voice" for thread in threading.enumerate())


@needs_redis
def test_a_redis_that_is_gone_holds_nobody_up(chat, silver, settings, caplog):
    settings.CHANNEL_LAYERS = redis_at(f"redis://127.0.0.1:{free_port()}/0")
    before = voices()
    began = time.monotonic()
    with caplog.at_level(logging.WARNING, logger="chat"):
        for _ in range(2_000):
            broadcasts.typing(chat.uuid, "member", "Sonja", True)
        committed(say, chat, silver, "Still stored")
        assert time.monotonic() - began < broadcasts.REST
        while not caplog.records:
            time.sleep(0.02)
    assert [record.message for record in caplog.records] == ["pokes_unsent"]
    assert voices() == before + 1


@needs_redis
def test_after_a_restart_of_redis_words_arrive_again(chat, silver, agent, settings, tmp_path):
    redis = OwnRedis(tmp_path)
    redis.start()
    settings.CHANNEL_LAYERS = redis_at(redis.url)

    @story
    async def told():
        page = await enter(Page(conversation(chat), silver))
        await listening()
        for disturb in (redis.empty, redis.cut, redis.restart):
            await do(disturb)()
            until = time.monotonic() + DEADLINE
            while time.monotonic() < until:
                await do(committed)(say, chat, agent, disturb.__name__)
                if await page.frames():
                    break
            else:
                raise AssertionError(f"nothing arrives after {disturb.__name__}")

    try:
        told()
    finally:
        redis.kill()


@needs_redis
@story
async def test_sockets_live_without_redis(chat, silver, agent, settings):
    settings.CHANNEL_LAYERS = redis_at(f"redis://127.0.0.1:{free_port()}/0")
    page = await enter(Page(conversation(chat), silver))
    await do(committed)(say, chat, agent, "Hello.")
    await watch.Watch.here().tick()
    assert "Hello." in (await page.frame("message"))["html"]
