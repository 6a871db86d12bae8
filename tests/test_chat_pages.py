"""The member's pages of a conversation: one address for waiting, talking and what is left."""

import uuid

import live
import pytest
from chatting import age, say, start, vanish, watched
from conftest import signed_in
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import queue
from chat.models import Conversation, Message, Presence
from tickets.models import Draft, Screenshot

Status = Conversation.Status
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def open_desk(seeded):
    live.open_around_the_clock()


@pytest.fixture
def waiting(silver):
    silver.language = "en"
    silver.save()
    return start(silver, "My order page loops.")


@pytest.fixture
def chat(waiting, agent):
    """An active conversation."""
    waiting.claim(agent)
    return waiting


@pytest.fixture
def ended(chat, agent):
    say(chat, agent, "Try again now.")
    chat.close(agent)
    return chat


@pytest.fixture
def member(silver):
    return signed_in(silver)


def address(conversation, verb=""):
    return f"/chat/{conversation.uuid}/{verb}"


def look(client, conversation):
    return client.get(address(conversation)).content.decode()


# --- One address, three states -------------------------------------------------------------------


def test_waiting_shows_the_place_and_the_question(member, waiting):
    page = member.get(address(waiting))
    assert page.context["outlook"].position == 1
    assert "You are in the queue" in page.content.decode()
    assert "My order page loops." in page.content.decode()


def test_talking_shows_who_said_what(member, chat, agent):
    say(chat, agent, "How can I help?")
    page = member.get(address(chat))
    assert page.context["last_seq"] == 3
    assert "How can I help?" in page.content.decode()
    assert agent.display_name in page.content.decode()


def test_the_end_shows_what_is_left(member, ended):
    text = look(member, ended)
    for words in (
        "Support ended the chat.",
        "Email me the transcript",
        "Turn this chat into an issue",
        "Did this help?",
        "Try again now.",
    ):
        assert words in text
    assert 'name="client_id"' not in text


@pytest.mark.parametrize("state", ["waiting", "chat", "ended"])
def test_the_words_of_the_chat_are_marked_as_english(state, member, silver, request):
    conversation = request.getfixturevalue(state)
    silver.language = "cs"
    silver.save()
    text = look(member, conversation)
    assert '<html lang="cs"' in text
    before = text[: text.index("My order page loops.")]
    assert 'lang="en"' in before[before.rindex("<") :]


@pytest.mark.parametrize("verb", ["", "end/", "ticket/", "transcript/", "rating/"])
def test_it_is_there_for_its_member_only(verb, chat, other_silver, agent, supervisor):
    for stranger in (other_silver, agent, supervisor):
        client = signed_in(stranger)
        ask = client.post if verb else client.get
        assert ask(address(chat, verb), {"confirm": "1"}).status_code == 404
    chat.refresh_from_db()
    assert chat.status == Status.ACTIVE


@pytest.mark.parametrize("state", ["waiting", "chat", "ended"])
def test_however_long_the_chat_it_takes_eight_queries_at_most(state, member, request):
    def queries():
        queue.current()  # shared by the process, asked for once a second
        with CaptureQueriesContext(connection) as asked:
            assert member.get(address(conversation)).status_code == 200
        return len(asked)

    conversation = request.getfixturevalue(state)
    few = queries()
    first = conversation.messages.get(seq=1)
    rows = [Message(**{**fields_of(first), "seq": 100 + n}) for n in range(50)]
    Message.objects.bulk_create(rows)
    assert queries() == few <= 8


def fields_of(message):
    """What makes a copy of a message, without what is its own."""
    names = ("conversation", "author_kind", "author", "body", "at")
    return {name: getattr(message, name) for name in names}


# --- Presence ------------------------------------------------------------------------------------


def test_each_look_keeps_the_place(member, waiting):
    rows = Conversation.objects.filter(pk=waiting.pk)
    age(rows, "member_at", 100)
    before = rows.get().member_at
    look(member, waiting)
    assert rows.get().member_at > before


def test_who_was_away_too_long_is_told_why_and_keeps_the_text(member, waiting):
    watched()
    age(Conversation.objects.filter(pk=waiting.pk), "member_at", 130)
    text = look(member, waiting)
    assert "The chat ended because of inactivity." in text
    assert "My order page loops." in text
    assert f"?again={waiting.uuid}" in text


def test_a_look_brings_a_chat_back_whose_agent_is_gone(member, chat, agent):
    Presence.renew(agent)
    watched()
    vanish(agent)
    assert "You are in the queue" in look(member, chat)
    chat.refresh_from_db()
    assert chat.status == Status.WAITING


def test_without_scripts_the_page_looks_again_until_told_to_stop(member, waiting):
    text = look(member, waiting)
    noscript = text[text.index("<noscript><meta") :]
    assert noscript.startswith('<noscript><meta http-equiv="refresh" content="60">')
    assert 'http-equiv="refresh"' not in member.get(address(waiting), {"still": 1}).content.decode()


# --- Ending in two steps -------------------------------------------------------------------------


def test_the_first_step_asks_and_ends_nothing(member, chat):
    page = member.post(address(chat, "end/"))
    assert (page.status_code, page.context["is_ending"]) == (200, True)
    assert 'name="confirm"' in page.content.decode()
    chat.refresh_from_db()
    assert chat.status == Status.ACTIVE


def test_the_second_step_ends(member, chat):
    answer = member.post(address(chat, "end/"), {"confirm": "1"})
    assert (answer.status_code, answer["Location"]) == (303, address(chat))
    chat.refresh_from_db()
    assert (chat.status, chat.ending) == (Status.CLOSED, "member")
    assert "You ended the chat." in look(member, chat)


def test_ending_twice_is_ending_once(member, ended):
    assert member.post(address(ended, "end/")).status_code == 303
    assert ended.messages.filter(event="ended").count() == 1


def test_a_script_ends_it_with_its_confirmation(member, chat):
    assert member.post(address(chat, "end/"), headers=JSON).status_code == 400
    answer = member.post(address(chat, "end/"), {"confirm": "1"}, headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {"status": "closed"})


def test_nothing_is_changed_by_looking(member, chat):
    for verb in ("end/", "ticket/", "transcript/", "rating/"):
        assert member.get(address(chat, verb), {"confirm": "1"}).status_code == 405
    chat.refresh_from_db()
    assert (chat.status, Draft.objects.count()) == (Status.ACTIVE, 0)


# --- To a ticket ---------------------------------------------------------------------------------


def test_the_chat_goes_into_the_form_of_a_ticket_with_its_pictures(member, chat, upload, silver):
    chat.post(silver, "It looks like this.", uuid.uuid4(), [upload.uuid])
    answer = member.post(address(chat, "ticket/"), {"language": "sl"})
    draft = Draft.objects.get(owner=silver)
    assert answer["Location"] == f"/technical-issues/new/?draft={draft.uuid}"
    assert (draft.language, draft.title) == ("sl", "My order page loops.")
    assert "It looks like this." in draft.description
    copy = draft.screenshots.get()
    assert copy.uuid != upload.uuid
    assert copy.picture.name != Screenshot.objects.get(pk=upload.pk).picture.name
    assert "It looks like this." in member.get(answer["Location"]).content.decode()


def test_the_same_draft_takes_what_was_said_since(member, chat, upload, silver, agent):
    member.post(address(chat, "ticket/"))
    chat.post(silver, "One thing more.", uuid.uuid4(), [upload.uuid])
    member.post(address(chat, "ticket/"))
    draft = Draft.objects.get()
    assert "One thing more." in draft.description
    assert draft.screenshots.count() == 1
    member.post(address(chat, "ticket/"))
    assert draft.screenshots.count() == 1


def test_a_draft_that_was_changed_keeps_its_words(member, chat, agent):
    member.post(address(chat, "ticket/"))
    Draft.objects.update(description="In my own words.")
    chat.post(agent, "One thing more.", uuid.uuid4())
    member.post(address(chat, "ticket/"))
    assert Draft.objects.get().description == "In my own words."


def test_an_agent_who_asks_for_a_ticket_opens_the_way_to_it(member, chat, agent):
    chat.ask_for_ticket(agent, "Please submit a ticket in your language.", uuid.uuid4())
    text = look(member, chat)
    assert 'form="to-ticket" name="language"' in text
    assert f'id="to-ticket" action="{address(chat, "ticket/")}"' in text


def test_an_unknown_language_is_that_of_the_interface(member, chat):
    member.post(address(chat, "ticket/"), {"language": "tlh"})
    assert Draft.objects.get().language == "en"


def test_the_ticket_and_the_chat_know_each_other(member, ended):
    led = member.post(address(ended, "ticket/"))["Location"]
    draft = Draft.objects.get()
    fields = {"draft": draft.uuid, "language": "en", "title": "Loops", "description": "As told."}
    member.post(led, {**fields, "submission_id": uuid.uuid4()})
    ticket = ended.tickets.get()
    assert f'href="{ticket.get_absolute_url()}"' in look(member, ended)


# --- Rating --------------------------------------------------------------------------------------


def test_a_rating_is_kept_and_can_be_changed(member, ended):
    for answer in ("no", "partly"):
        assert member.post(address(ended, "rating/"), {"rating": answer}).status_code == 303
        ended.refresh_from_db()
        assert ended.rating == answer
    pressed = [part.split(">")[0] for part in look(member, ended).split('name="rating"')[1:]]
    assert ['aria-pressed="true"' in part for part in pressed] == [False, True, False]


@pytest.mark.parametrize(("state", "answer"), [("chat", "yes"), ("ended", "superb"), ("ended", "")])
def test_an_odd_rating_or_one_too_early_is_not_kept(state, answer, member, request):
    conversation = request.getfixturevalue(state)
    refused = member.post(address(conversation, "rating/"), {"rating": answer}, headers=JSON)
    conversation.refresh_from_db()
    assert (refused.status_code, conversation.rating) == (400, "")


# --- Hostile words -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["chat", "ended"])
def test_hostile_words_are_only_words(state, member, chat, silver, agent):
    silver.first_name = "<b onclick=x>"
    silver.save()
    say(chat, silver, "<script>alert(1)</script> {{ form }}")
    say(chat, agent, "</article><img src=x onerror=alert(2)>")
    if state == "ended":
        chat.close(agent)
    text = look(member, chat)
    for markup in ("<script>alert", "<img src=x", "<b onclick"):
        assert markup not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ form }}" in text
