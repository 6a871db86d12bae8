"""Who loses rank, permission, account or session gets nothing more, however the row was changed."""

import http.client
import time
import types

import faults
import pytest
from allauth.usersessions.models import UserSession
from chatting import say, start
from conftest import PASSWORD, signed_in
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse
from live import session_of
from sockets import CONSOLE, Page, conversation, do, enter, story, the_watch

from accounts.models import Rank, User
from chat import queue, watch

NEW_PASSWORD = "another-leaf-43"


@pytest.fixture(autouse=True)
def quiet(monkeypatch, settings):
    """Rounds happen when a story says so."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(watch, "EVERY", 3600)
    monkeypatch.setattr(watch, "AT_MOST_EVERY", 3600)
    queue.forget()


@pytest.fixture
def chat(silver, agent):
    talk = start(silver)
    talk.claim(agent)
    return talk


def execute(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount


# By the portal's own pages and verbs


def rank_is_taken_by_the_member_record(someone, _browser):
    someone.set_rank(Rank.PREMIER, someone.date_joined)
    someone.save(update_fields=["rank", "rank_since"])


def agent_leaves_the_group(someone, _browser):
    someone.groups.clear()


def staff_flag_is_taken(someone, _browser):
    someone.is_staff = False
    someone.save(update_fields=["is_staff"])


def person_is_deactivated_in_admin(someone, _browser):
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    signed_in(boss).post(
        reverse("admin:accounts_user_changelist"),
        {"action": "deactivate", "_selected_action": [someone.pk]},
    )
    User.objects.filter(pk=someone.pk, is_active=True).update(is_active=False)


def person_signs_out(_someone, browser):
    assert browser.post(reverse("account_logout")).status_code == 302
    assert not Session.objects.filter(session_key=browser.key).exists()


def person_signs_out_everywhere_else(someone, browser):
    UserSession.objects.create(
        user=someone, session_key=browser.key, ip="127.0.0.1", user_agent="another browser"
    )
    elsewhere = Client()
    elsewhere.post(reverse("account_login"), {"login": someone.username, "password": PASSWORD})
    elsewhere.post(reverse("usersessions_list"))
    assert not Session.objects.filter(session_key=browser.key).exists()


def person_changes_the_password(_someone, browser):
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert browser.post(reverse("account_change_password"), fields).status_code == 302


# By a row


def rank_is_overwritten(someone, _browser):
    execute("UPDATE accounts_user SET rank = 6 WHERE id = %s", someone.pk)


def group_is_overwritten(someone, _browser):
    execute("DELETE FROM accounts_user_groups WHERE user_id = %s", someone.pk)


def permissions_of_the_group_are_overwritten(_someone, _browser):
    execute(
        "DELETE FROM auth_group_permissions WHERE permission_id IN "
        "(SELECT id FROM auth_permission WHERE codename = 'change_conversation')"
    )


def account_is_overwritten(someone, _browser):
    execute("UPDATE accounts_user SET is_active = %s WHERE id = %s", False, someone.pk)


def password_is_overwritten(someone, _browser):
    execute(
        "UPDATE accounts_user SET password = %s WHERE id = %s",
        make_password(NEW_PASSWORD),
        someone.pk,
    )


def session_is_overwritten(_someone, browser):
    execute("DELETE FROM django_session WHERE session_key = %s", browser.key)


def session_expires(_someone, browser):
    long_ago = "2020-01-01 00:00:00+00:00"
    execute(
        "UPDATE django_session SET expire_date = %s WHERE session_key = %s", long_ago, browser.key
    )


OF_THE_MEMBER = {
    rank_is_taken_by_the_member_record: 4403,
    rank_is_overwritten: 4403,
    person_is_deactivated_in_admin: 4401,
    account_is_overwritten: 4401,
    person_signs_out: 4401,
    person_signs_out_everywhere_else: 4401,
    session_is_overwritten: 4401,
    session_expires: 4401,
    person_changes_the_password: 4401,
    password_is_overwritten: 4401,
}
OF_THE_AGENT = {
    agent_leaves_the_group: 4404,
    group_is_overwritten: 4404,
    permissions_of_the_group_are_overwritten: 4404,
    staff_flag_is_taken: 4403,
    account_is_overwritten: 4401,
    session_is_overwritten: 4401,
    password_is_overwritten: 4401,
}
LOSSES = [
    *(("silver", "conversation", act, code) for act, code in OF_THE_MEMBER.items()),
    *(("agent", "conversation", act, code) for act, code in OF_THE_AGENT.items()),
    *(("agent", "console", act, min(code, 4403)) for act, code in OF_THE_AGENT.items()),
]
NAMES = [f"{who} {where} {act.__name__}" for who, where, act, _code in LOSSES]


def browser_of(someone):
    browser = signed_in(someone)
    browser.key = browser.session.session_key
    return browser


@pytest.mark.parametrize(("who", "where", "lose", "code"), LOSSES, ids=NAMES)
def test_nothing_is_delivered_and_one_round_closes(request, chat, who, where, lose, code):
    """However the watch comes first, or the word that there is a new message."""
    someone, silver = request.getfixturevalue(who), request.getfixturevalue("silver")
    browser = browser_of(someone)
    path = CONSOLE if where == "console" else conversation(chat)

    @story
    async def told():
        by_round, by_word = await enter(
            Page(path, cookie=browser.key), Page(path, cookie=browser.key)
        )
        await do(lose)(someone, browser)
        await do(say)(chat, silver, "Not for you.")
        the_watch().hear({"type": "look", "conversation": str(chat.uuid)})
        the_watch().hear(typing(chat, "agent" if who == "silver" else "member"))
        if where == "conversation":
            assert await by_word.rest() == ([], code)
        await the_watch().tick()
        assert await by_round.rest() == ([], code)
        assert not the_watch().sockets

    told()


@pytest.mark.parametrize(("who", "where", "lose", "code"), LOSSES[:10], ids=NAMES[:10])
def test_a_round_alone_finds_it(request, chat, who, where, lose, code):
    someone = request.getfixturevalue(who)
    browser = browser_of(someone)

    @story
    async def told():
        page = await enter(Page(conversation(chat), cookie=browser.key))
        await do(lose)(someone, browser)
        await the_watch().tick()
        assert await page.rest() == ([], code)

    told()


def typing(chat, author):
    frame = {"type": "typing", "author": author, "name": "Somebody", "on": True}
    return {"type": "typing", "conversation": str(chat.uuid), "frame": frame}


@story
async def test_nobody_learns_who_writes_either(chat, silver, agent):
    page = await enter(Page(conversation(chat), agent))
    await do(agent.groups.clear)()
    the_watch().hear(typing(chat, "member"))
    assert await page.rest() == ([], 4404)


@story
async def test_the_other_person_stays(chat, silver, agent):
    member, _ana = await enter(Page(conversation(chat), silver), Page(conversation(chat), agent))
    await do(agent.groups.clear)()
    await the_watch().tick()
    await do(say)(chat, silver, "Hello?")
    await the_watch().tick()
    assert (await member.frame("message"))["seq"] == 3


@story
async def test_the_browser_that_changed_its_password_may_come_back(chat, silver):
    browser = await do(browser_of)(silver)
    page = await enter(Page(conversation(chat), cookie=browser.key))
    await do(person_changes_the_password)(silver, browser)
    await the_watch().tick()
    assert await page.code() == 4401
    cookie = await do(lambda: browser.session.session_key)()
    await enter(Page(conversation(chat), cookie=cookie))


# A real process, real time


def socket_to(server, path, cookie="", origin=None):
    """A client's socket; raises ``faults.Closed`` with the status of a refused handshake."""
    city = types.SimpleNamespace(any=lambda: server, url=origin or server.url)
    return faults.Socket(types.SimpleNamespace(city=city, cookie=f"sessionid={cookie}"), path)


def read_until_closed(way):
    frames = []
    try:
        while True:
            frames.append(way.receive())
    except faults.Closed as closed:
        return frames, closed.code


def test_a_real_process_closes_within_five_seconds(chat_portal, chat, silver):
    way = socket_to(chat_portal, conversation(chat), session_of(silver))
    assert [way.receive()["type"] for _ in range(5)][-1] == "seen"
    rank_is_overwritten(silver, None)
    began = time.monotonic()
    say(chat, silver, "Not for you.")
    frames, code = read_until_closed(way)
    assert time.monotonic() - began < 5
    assert (frames, code) == ([], 4403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost"])
def test_a_real_process_shakes_no_foreign_hand(chat_portal, chat, silver, origin):
    with pytest.raises(faults.Closed) as refused:
        socket_to(chat_portal, conversation(chat), session_of(silver), origin)
    assert refused.value.code == http.client.FORBIDDEN


def test_a_real_process_tells_who_is_signed_out(chat_portal, chat):
    assert read_until_closed(socket_to(chat_portal, conversation(chat))) == ([], 4401)
