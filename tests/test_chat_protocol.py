"""Saying something by HTTP: what scripts and plain forms are answered, and that nothing is lost."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from chatting import age, say, start
from conftest import NOW, _staff, png_file, signed_in
from django.db import connections
from django.test import Client
from django.urls import reverse
from servers import needs_postgresql

from accounts.models import Rank, User
from accounts.seed import AGENTS
from chat.models import Conversation, Message, Presence
from tickets.models import Draft, Screenshot

JSON = {"Accept": "application/json"}


@pytest.fixture
def chat(silver, agent):
    """An active conversation."""
    conversation = start(silver)
    conversation.claim(agent)
    return conversation


@pytest.fixture
def member(silver):
    return signed_in(silver)


def address(conversation, verb="messages"):
    return f"/chat/{conversation.uuid}/{verb}/"


def post(client, conversation, body="Hello", client_id=None, **fields):
    data = {"body": body, "client_id": client_id or uuid.uuid4(), **fields}
    return client.post(address(conversation), data, headers=JSON)


def refusal(answer):
    return answer.status_code, answer.json()["error"]


# --- What a script is answered -------------------------------------------------------------------


def test_a_message_is_answered_with_its_place_after_it_is_stored(member, chat):
    name = uuid.uuid4()
    answer = post(member, chat, "Still looping.", name)
    message = Message.objects.get(client_id=name)
    assert answer.status_code == 201
    assert answer.json() == {"seq": 3, "client_id": str(name), "at": message.at.isoformat()}
    assert (message.seq, message.body, message.author_kind) == (3, "Still looping.", "member")


def test_the_same_post_again_is_the_same_answer_and_no_second_message(member, chat):
    name = uuid.uuid4()
    first, again = (post(member, chat, "Once\r\nonly", name) for _attempt in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Message.objects.filter(client_id=name).count() == 1


def test_the_same_post_after_the_end_is_answered_as_before(member, silver, chat):
    name = uuid.uuid4()
    first = post(member, chat, "Bye", name)
    chat.close(silver)
    assert post(member, chat, "Bye", name).json() == first.json()


def test_another_text_under_the_same_name_is_a_conflict(member, chat):
    name = uuid.uuid4()
    post(member, chat, "One", name)
    assert refusal(post(member, chat, "Two", name)) == (409, "conflict")
    assert Message.objects.get(client_id=name).body == "One"


def test_nothing_can_be_said_after_the_end(member, silver, chat):
    chat.close(silver)
    assert refusal(post(member, chat)) == (409, "closed")
    assert chat.messages.filter(event="").count() == 1


@pytest.mark.parametrize("body", ["", " \r\n\t", "x" * 4001])
def test_nothing_and_too_much_are_refused(body, member, chat):
    answer = post(member, chat, body)
    assert refusal(answer) == (400, "invalid")
    assert answer.json()["errors"]["body"]


def test_line_breaks_count_once_and_four_thousand_characters_are_allowed(member, chat):
    assert post(member, chat, "\r\n" * 3999 + "x").status_code == 201
    assert len(chat.messages.last().body) == 4000


def test_a_flood_of_text_is_too_large(member, chat, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000
    fields = {"body": "x" * 200_000, "client_id": uuid.uuid4()}
    typed = urlencode(fields), "application/x-www-form-urlencoded"
    assert refusal(member.post(address(chat), *typed, headers=JSON)) == (413, "too_large")


def test_other_methods_are_refused(member, chat):
    answer = member.put(address(chat), {}, headers=JSON)
    assert refusal(answer) == (405, "method_not_allowed")


def test_a_name_that_is_none_is_refused(member, chat):
    assert refusal(post(member, chat, client_id="first")) == (400, "invalid")


HOSTILE = [
    "<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }} {% debug %} %(x)s {0.__class__}",
    "  indented\n\n  code  ",
    "\u202eevil\u202c \u200b \u2028 Z\u0351\u036b\u0343",
    "100 % _ \\ ' \" ; --",
    "žluťoučký kůň 🐎",
]


@pytest.mark.parametrize("body", HOSTILE)
def test_what_was_said_is_what_is_kept(body, member, chat):
    assert post(member, chat, body).status_code == 201
    assert chat.messages.last().body == body


def test_what_cannot_be_stored_becomes_a_visible_mark(member, chat):
    assert post(member, chat, "a\x00b\x1bc\x85d").status_code == 201
    assert chat.messages.last().body == "a\ufffdb\ufffdc\ufffdd"


# --- Who may speak -------------------------------------------------------------------------------


def test_the_agent_of_the_chat_speaks_as_agent(agent, chat):
    assert post(signed_in(agent), chat, "How can I help?").status_code == 201
    assert chat.messages.last().author_kind == "agent"


def test_a_colleague_only_looks_on(seeded, supervisor, chat):
    colleague = signed_in(_staff("petr", AGENTS))
    assert refusal(post(colleague, chat)) == (403, "not_yours")
    assert refusal(post(signed_in(supervisor), chat)) == (403, "not_yours")


def test_nobody_else_knows_that_the_chat_exists(other_silver, seeded, chat):
    staff = User.objects.create_user("bor", is_staff=True)
    answers = {other_silver: (404, "not_found"), staff: (403, "not_yours")}
    for stranger, answer in answers.items():
        client = signed_in(stranger)
        assert refusal(post(client, chat)) == answer
        assert client.get(address(chat), headers=JSON).status_code == 404
    assert not Presence.objects.filter(agent=staff).exists()


def test_who_is_signed_out_below_the_rank_or_without_token_is_told_so(silver, chat):
    assert refusal(post(Client(), chat)) == (401, "signed_out")
    strict = signed_in(silver, enforce_csrf_checks=True)
    assert refusal(post(strict, chat)) == (403, "csrf")
    User.objects.filter(pk=silver.pk).update(rank=Rank.PREMIER)
    assert refusal(post(signed_in(silver), chat)) == (403, "rank")


def test_thirty_messages_a_minute_then_a_time_to_wait(member, chat):
    codes = [post(member, chat, f"line {n}").status_code for n in range(30)]
    refused = post(member, chat, "one more")
    assert codes == [201] * 30
    assert refusal(refused) == (429, "too_many")
    assert 0 < int(refused["Retry-After"]) <= 60


# --- Pictures ------------------------------------------------------------------------------------


def test_a_picture_uploaded_before_goes_with_the_message(member, chat, upload):
    assert post(member, chat, "", uploads=[upload.uuid]).status_code == 201
    upload.refresh_from_db()
    assert list(chat.messages.last().screenshots.all()) == [upload]
    assert upload.shown_to == chat.member


def test_a_repeated_post_with_a_picture_is_answered_as_before(member, chat, upload):
    name = uuid.uuid4()
    first = post(member, chat, "Look", name, uploads=[upload.uuid])
    again = post(member, chat, "Look", name, uploads=[upload.uuid])
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_twenty_identical_posts_at_once_are_one_message_with_its_picture(silver, chat, upload):
    name, cookies = uuid.uuid4(), signed_in(silver).cookies

    def send(_number):
        client = Client()
        client.cookies.load(cookies.output(header="", sep=";"))
        try:
            return post(client, chat, "Look", name, uploads=[upload.uuid])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["seq"] for answer in answers}) == 1
    assert chat.messages.get(client_id=name).screenshots.get() == upload


def test_a_picture_of_somebody_else_is_not_sent(agent, chat, upload):
    answer = post(signed_in(agent), chat, "Look", uploads=[upload.uuid])
    assert refusal(answer) == (400, "invalid")
    assert answer.json()["errors"]["screenshots"]


def test_a_picture_cannot_be_sent_twice(member, chat, upload):
    post(member, chat, "Look", uploads=[upload.uuid])
    assert refusal(post(member, chat, "Again", uploads=[upload.uuid])) == (400, "invalid")


def test_four_pictures_are_the_most(member, silver, chat):
    names = [Screenshot.objects.upload(silver, png_file(f"{n}.png"), NOW).uuid for n in range(5)]
    assert refusal(post(member, chat, "Look", uploads=names)) == (400, "invalid")
    assert post(member, chat, "Look", uploads=names[:4]).status_code == 201


def test_a_plain_form_sends_its_files_along(member, chat):
    answer = member.post(address(chat), {"body": "Look", "screenshots": png_file()})
    assert (answer.status_code, answer["Location"]) == (303, f"{chat.get_absolute_url()}#last")
    assert chat.messages.last().screenshots.count() == 1


# --- Plain forms keep the text -------------------------------------------------------------------


def plain(client, conversation, **fields):
    return client.post(address(conversation), fields)


def test_a_message_that_is_too_long_comes_back_in_the_form(member, chat):
    page = plain(member, chat, body="much " * 900)
    assert page.status_code == 400
    assert "much " * 900 in page.content.decode()


def test_a_good_picture_of_a_bad_message_is_kept(member, chat):
    page = plain(member, chat, body="x" * 4001, screenshots=png_file())
    assert [shot.owner for shot in page.context["uploads"]] == [chat.member]


def test_a_page_changed_and_sent_again_is_a_new_message(member, chat):
    name = uuid.uuid4()
    assert plain(member, chat, body="One", client_id=name).status_code == 303
    assert plain(member, chat, body="Two", client_id=name).status_code == 303
    assert [line.body for line in chat.messages.filter(event="")][1:] == ["One", "Two"]


def test_a_message_after_the_end_goes_into_a_ticket_instead(member, silver, chat, upload):
    chat.close(silver)
    page = plain(member, chat, body="One more <thing>", uploads=[upload.uuid])
    assert page.status_code == 409
    assert "One more &lt;thing&gt;" in page.content.decode()
    unsent = {"body": "One more <thing>", "uploads": [upload.uuid]}
    for _click in range(2):
        led = member.post(address(chat, "ticket"), unsent)
        assert led.status_code == 303
    draft = Draft.objects.get()
    assert led["Location"].endswith(str(draft.uuid))
    assert draft.description.count("One more <thing>") == 1
    assert list(draft.screenshots.all()) == [upload]


def test_a_colleague_without_scripts_gets_the_text_back(seeded, chat):
    colleague = signed_in(_staff("petr", AGENTS))
    page = plain(colleague, chat, body="Let me add something")
    assert page.status_code == 403
    assert "Let me add something" in page.content.decode()


def test_an_agent_without_scripts_is_led_back_to_the_console(agent, chat):
    answer = plain(signed_in(agent), chat, body="Hello")
    console = reverse("console:console_conversation", args=[chat.uuid])
    assert (answer.status_code, answer["Location"]) == (303, console)


def test_a_limit_gives_the_text_back(member, chat, settings):
    settings.LIMITS = {**settings.LIMITS, "messages": "1/minute"}
    plain(member, chat, body="One")
    page = plain(member, chat, body="Two, with care")
    assert page.status_code == 429
    assert "Two, with care" in page.content.decode()


# --- Reading by polling --------------------------------------------------------------------------


def frames(client, conversation, after=0):
    answer = client.get(address(conversation), {"after": after}, headers=JSON)
    return json.loads(answer.content)["frames"]


def test_polling_gives_what_came_after(member, silver, agent, chat):
    say(chat, agent, "How can I help?")
    found = frames(member, chat, after=2)
    assert [frame["type"] for frame in found] == ["message", "state", "seen", "seen"]
    assert (found[0]["seq"], found[0]["author"]) == (3, "agent")
    assert "How can I help?" in found[0]["html"]
    assert found[1]["status"] == "active"


def test_polling_with_nothing_new_still_tells_the_state(member, silver):
    conversation = start(silver)
    (state, *_seen) = frames(member, conversation, after=1)
    assert (state["status"], state["position"]) == ("waiting", 1)


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "٣", "9" * 40, ""])
def test_an_odd_place_to_read_from_is_refused(after, member, chat):
    assert refusal(member.get(address(chat), {"after": after}, headers=JSON)) == (400, "invalid")


@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_asks_is_there(method, member, agent, silver, chat):
    def ask(client):
        return client.get(address(chat)) if method == "get" else post(client, chat)

    chats, places = Conversation.objects.filter(pk=chat.pk), Presence.objects.filter(agent=agent)
    age(chats, "member_at", 100)
    age(places, "seen_at", 40)
    before = chats.get().member_at, places.get().seen_at
    ask(member)
    ask(signed_in(agent))
    assert chats.get().member_at > before[0]
    assert places.get().seen_at > before[1]
