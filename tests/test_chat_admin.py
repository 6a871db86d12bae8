"""Transcripts in the admin: everything that was said, found again, and changed by nobody."""

import re
import uuid

import pytest
from chatting import say, start
from conftest import png_file, signed_in
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import Conversation
from tickets.models import Screenshot

LIST = "/admin/chat/conversation/"


ABSENT = "714700a2-3aed-400e-873b-9bfd60f80869"


@pytest.fixture
def desk(agent):
    return signed_in(agent)


@pytest.fixture
def chat(silver, agent):
    """A conversation that has ended, with a note and a picture."""
    chat = start(silver, "The cart is empty.\nSince Monday.", name="Sonja from Koper")
    chat.claim(agent)
    shot = Screenshot.objects.upload(agent, png_file("kosarica.png"), timezone.now())
    chat.post(agent, "Which browser do you use?", uuid.uuid4(), [shot.uuid])
    chat.add_note(agent, "Same as last week", uuid.uuid4())
    say(chat, silver, "Firefox, on a tablet")
    chat.close(silver)
    chat.rate(Conversation.Rating.PARTLY)
    return chat


@pytest.fixture
def another(gold):
    return start(gold, "No e-mail arrives.")


def found(client, query):
    """Primary keys of the conversations in the list."""
    page = client.get(f"{LIST}?q={query}")
    assert page.status_code == 200
    return {int(pk) for pk in re.findall(rf'href="{LIST}(\d+)/change/', page.content.decode())}


def transcript(client, name):
    return client.get(f"{LIST}{name}/change/")


# --- Reading -------------------------------------------------------------------------------------


def test_the_transcript_holds_all_that_was_said_in_its_order(desk, chat):
    shown = transcript(desk, chat.pk).content.decode()
    lines = ["Since Monday.", "Which browser", "kosarica.png", "Same as last week", "on a tablet"]
    places = [shown.index(line) for line in lines]
    assert places == sorted(places)
    for fact in (
        "Sonja Novak",
        "Sonja from Koper",
        "1000002",
        "The member ended the chat.",
        "Partly",
    ):
        assert fact in shown


def test_everybody_who_spoke_is_named_and_only_the_reader_is_you(desk, supervisor, chat):
    colleague = transcript(signed_in(supervisor), chat.pk).content.decode()
    assert "<strong>You</strong>" not in colleague
    assert "Ana Novak" in colleague
    assert "<strong>You</strong>" in transcript(desk, chat.pk).content.decode()


def test_a_ticket_leads_to_the_transcript_and_back(desk, chat, agent):
    ticket = chat.to_ticket(agent, "en", timezone.now())
    page = desk.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    (link,) = re.findall(rf'href="({LIST}[^"?]+)"', page)
    back = desk.get(link)
    assert back.status_code == 200
    assert f"/admin/tickets/ticket/{ticket.pk}/change/" in back.content.decode()


def test_a_chat_that_goes_on_leads_to_the_console(desk, another, chat):
    assert f"/staff/chat/{another.uuid}/" in transcript(desk, another.pk).content.decode()
    assert f"/staff/chat/{chat.uuid}/" not in transcript(desk, chat.pk).content.decode()


@pytest.mark.parametrize("name", ["0", "999999", "x", "9" * 30, ABSENT, "1_2", "²"])
def test_what_does_not_exist_is_not_found(desk, chat, name):
    assert transcript(desk, name).status_code == 404


def test_hostile_text_stays_text(desk, silver):
    hostile = '<img src=x onerror="alert(1)">'
    chat = start(silver, hostile, name=hostile, browser=hostile)
    chat.add_note(silver, hostile, uuid.uuid4())
    for page in (desk.get(LIST), transcript(desk, chat.pk)):
        assert "<img src=x" not in page.content.decode()
        assert "&lt;img src=x" in page.content.decode()


# --- Finding -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        *("sonja", "Novak+Sonja", "1000002", "Koper"),  # the account, and what was typed
        *("empty", "TABLET+firefox", "last+week"),  # a question, a message, a note
    ],
)
def test_a_conversation_is_found_by_its_person_and_its_words(desk, chat, another, query):
    assert found(desk, query) == {chat.pk}


@pytest.mark.parametrize("query", ["empty+browser", "Sonja+tablet", "nowhere", "%25", "_"])
def test_words_of_different_messages_do_not_make_a_find(desk, chat, another, query):
    assert found(desk, query) == set()


def test_without_words_everything_is_listed_newest_first(desk, chat, another):
    assert found(desk, "") == {chat.pk, another.pk}
    page = desk.get(LIST).content.decode()
    assert page.index("No e-mail arrives.") < page.index("The cart is empty.")
    assert "Since Monday." not in page


def test_the_list_can_be_narrowed_by_state_and_by_answer(desk, chat, another):
    assert found(desk, "&status=waiting") == {another.pk}
    assert found(desk, "&rating=partly") == {chat.pk}


@pytest.mark.parametrize("lookup", ["messages__body__regex", "member__password__startswith"])
def test_other_columns_cannot_be_asked_by_address(desk, chat, lookup):
    assert desk.get(f"{LIST}?{lookup}=.").status_code in {302, 400}


def test_the_list_asks_no_more_for_more_rows(desk, chat, gold, other_silver):
    def count():
        with CaptureQueriesContext(connection) as queries:
            desk.get(LIST)
        return len(queries)

    desk.get(LIST)
    before = count()
    for member in (gold, other_silver):
        start(member)
    assert count() == before


# --- Changing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["agent", "supervisor"])
def test_nobody_changes_adds_or_deletes_a_transcript(request, chat, who):
    client = signed_in(request.getfixturevalue(who))
    before = list(chat.messages.values())
    for place in (f"{LIST}add/", f"{LIST}{chat.pk}/delete/"):
        assert client.get(place).status_code == client.post(place).status_code == 403
    post = {"action": "delete_selected", "_selected_action": chat.pk, "post": "yes"}
    client.post(LIST, post)
    change = {"name": "Other", "status": "waiting", "rating": "yes"}
    assert client.post(f"{LIST}{chat.pk}/change/", change).status_code == 403
    row = Conversation.objects.get(pk=chat.pk)
    assert (row.name, row.status, row.rating) == ("Sonja from Koper", "closed", "partly")
    assert list(chat.messages.values()) == before


def test_members_and_staff_without_the_permission_see_none(chat, silver, agent):
    agent.groups.clear()
    for person in (silver, agent):
        client = signed_in(person)
        assert client.get(LIST).status_code == transcript(client, chat.pk).status_code == 403
