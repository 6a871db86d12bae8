"""The staff console by HTTP: the queue, one's own chats, and who may do what to them."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from chatting import age, say, start, vanish, watched
from conftest import NOW, _staff, answer, signed_in, submit
from django.contrib.auth.models import Permission
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from servers import needs_postgresql

from accounts.seed import AGENTS
from chat import desk
from chat.models import Conversation, Note, Presence
from tickets.models import CannedReply, Ticket

CONSOLE, JSON = "/staff/chat/", {"Accept": "application/json"}
Status = Conversation.Status


@pytest.fixture
def console(agent):
    return signed_in(agent)


@pytest.fixture
def colleague(agent):
    """Another agent, who sits at the console."""
    someone = _staff("borut", AGENTS)
    Presence.renew(someone)
    return someone


@pytest.fixture
def waiting(silver):
    return start(silver, "My order page loops.", language="sl")


@pytest.fixture
def mine(waiting, agent):
    waiting.claim(agent)
    return waiting


def address(chat, verb=""):
    return f"{CONSOLE}{chat.uuid}/{verb}{'/' if verb else ''}"


def ask(client, place, **post):
    """Post as a script; return the status and what was answered."""
    reply = client.post(place, post, headers=JSON)
    return reply.status_code, reply.json()


def code(reply):
    status, body = reply
    return status, body["error"]


def fresh(chat):
    return Conversation.objects.get(pk=chat.pk)


# --- The queue -----------------------------------------------------------------------------------


def test_accept_next_takes_the_head_whatever_the_switch_says(console, waiting, gold, agent):
    start(gold)
    assert not Presence.objects.filter(agent=agent, accepting=True).exists()
    assert ask(console, f"{CONSOLE}next/") == (200, {"conversation": str(waiting.uuid)})
    assert (fresh(waiting).status, fresh(waiting).agent) == (Status.ACTIVE, agent)


def test_an_empty_queue_is_no_error(console):
    assert ask(console, f"{CONSOLE}next/") == (200, {"conversation": None})
    reply = console.post(f"{CONSOLE}next/", follow=True)
    assert reply.redirect_chain == [(CONSOLE, 303)]
    assert "Nobody is waiting" in reply.content.decode()


def test_without_a_script_accept_next_leads_to_the_chat(console, waiting):
    reply = console.post(f"{CONSOLE}next/")
    assert (reply.status_code, reply.url) == (303, address(waiting))


def test_the_limit_is_kept_by_accept_next_and_by_claim(console, agent, mine, gold):
    other = start(gold)
    Presence.choose(agent, limit=1)
    assert code(ask(console, f"{CONSOLE}next/")) == (409, "limit")
    assert code(ask(console, address(other, "claim"))) == (409, "limit")
    assert fresh(other).status == Status.WAITING


def test_who_comes_second_is_told_who_took_it(console, waiting, colleague):
    waiting.claim(colleague)
    status, body = ask(console, address(waiting, "claim"))
    assert (status, body["error"]) == (409, "taken")
    assert body["errors"] == {"__all__": [f"Taken by: {colleague.display_name}"]}
    page = console.post(address(waiting, "claim"))
    assert page.status_code == 409
    assert f"Taken by: {colleague.display_name}" in page.content.decode()


def test_claiming_twice_is_as_good_as_once(console, waiting):
    first, again = (ask(console, address(waiting, "claim")) for _attempt in range(2))
    assert first == again == (200, {"conversation": str(waiting.uuid), "status": "active"})
    assert waiting.messages.filter(event="claimed").count() == 1


def test_a_chat_that_ended_can_no_longer_be_claimed(console, waiting, silver):
    waiting.close(silver)
    assert code(ask(console, address(waiting, "claim"))) == (409, "closed")


def test_a_member_who_left_is_not_accepted(console, waiting):
    watched()
    age(Conversation.objects.filter(pk=waiting.pk), "member_at", 500)
    assert ask(console, f"{CONSOLE}next/") == (200, {"conversation": None})
    assert fresh(waiting).ending == Conversation.Ending.AWAY


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_agents_one_gets_the_chat(agent, colleague, waiting):
    clients = [signed_in(agent), signed_in(colleague)]

    def race(client):
        try:
            return client.post(f"{CONSOLE}next/", headers=JSON).json()["conversation"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        got = list(pool.map(race, clients))
    assert sorted(got, key=str) == sorted([None, str(waiting.uuid)], key=str)


# --- Presence ------------------------------------------------------------------------------------


def test_the_switch_and_the_limit_are_set_each_for_itself(console):
    place = f"{CONSOLE}presence/"
    assert ask(console, place, accepting="1") == (200, {"accepting": True, "limit": 3})
    assert ask(console, place, limit="5") == (200, {"accepting": True, "limit": 5})
    assert ask(console, place, accepting="0") == (200, {"accepting": False, "limit": 5})


@pytest.mark.parametrize(
    "post", [{"limit": "0"}, {"limit": "21"}, {"limit": "x"}, {"accepting": "?"}]
)
def test_what_is_no_limit_is_refused(console, agent, post):
    Presence.choose(agent, limit=2)
    assert code(ask(console, f"{CONSOLE}presence/", **post)) == (400, "invalid")
    assert Presence.objects.get(agent=agent).limit == 2


def test_every_look_at_the_console_renews_the_agents_lease(console, agent, mine):
    vanish(agent, 44)
    before = Presence.objects.get(agent=agent).seen_at
    console.get(CONSOLE)
    assert Presence.objects.get(agent=agent).seen_at > before


def test_who_comes_back_too_late_finds_the_chat_in_the_queue(console, agent, mine):
    watched()
    vanish(agent)
    assert code(ask(console, address(mine, "end"), confirm="1")) == (403, "not_yours")
    assert fresh(mine).status == Status.WAITING


# --- One's own chats -----------------------------------------------------------------------------


def test_a_chat_goes_back_to_its_old_place(console, mine):
    queued = mine.queued_at
    assert ask(console, address(mine, "release"))[1]["status"] == "waiting"
    assert (fresh(mine).queued_at, fresh(mine).agent) == (queued, None)


def test_a_chat_is_handed_to_a_colleague_who_is_there(console, mine, colleague):
    assert ask(console, address(mine, "transfer"), agent="borut")[0] == 200
    assert fresh(mine).agent == colleague
    assert mine.messages.last().event == "transferred"


@pytest.mark.parametrize("name", ["", "nobody", "ana", "sonja", "eva"])
def test_a_chat_is_not_handed_to_who_is_not_there(console, mine, agent, supervisor, name):
    """Nobody, oneself, a member, or somebody who left the console."""
    Presence.renew(supervisor)
    vanish(supervisor)
    status, body = ask(console, address(mine, "transfer"), agent=name)
    assert (status, list(body["errors"])) == (400, ["agent"])
    assert fresh(mine).agent == agent


def test_a_chat_ends_in_two_steps(console, mine):
    place = address(mine, "end")
    assert ask(console, place)[1]["errors"] == {"confirm": ["End the chat?"]}
    asked = console.post(place)
    assert asked.status_code == 200
    assert 'name="confirm"' in asked.content.decode()
    assert fresh(mine).status == Status.ACTIVE
    assert ask(console, place, confirm="1")[1]["status"] == "closed"
    assert fresh(mine).ending == Conversation.Ending.SUPPORT


def test_after_the_end_nothing_is_done_and_nothing_breaks(console, mine, silver):
    mine.close(silver)
    assert ask(console, address(mine, "end"), confirm="1")[1]["status"] == "closed"
    for verb in ("release", "language"):
        assert code(ask(console, address(mine, verb))) == (409, "closed")
    assert fresh(mine).ending == Conversation.Ending.MEMBER


def test_a_ticket_is_made_of_the_chat_once(console, mine, silver):
    first, again = (ask(console, address(mine, "ticket")) for _attempt in range(2))
    ticket = Ticket.objects.get()
    page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    assert first == again == (200, {"ticket": ticket.number, "url": page})
    assert (ticket.member, ticket.language, ticket.from_chat) == (silver, "en", mine.uuid)
    assert mine.messages.last().body == ticket.number


def test_a_ticket_can_be_made_after_the_end_in_another_language(console, mine, silver):
    mine.close(silver)
    assert ask(console, address(mine, "ticket"), language="sl")[0] == 200
    assert Ticket.objects.get().language == "sl"


def test_the_member_is_asked_for_a_ticket_in_two_languages_by_one_action(console, mine):
    first, again = (ask(console, address(mine, "language")) for _attempt in range(2))
    assert first == again == (200, {"conversation": str(mine.uuid), "status": "active"})
    said, event = mine.messages.filter(seq__gt=2)
    assert event.event == "language"
    for words in ("in English only", "Klepet je samo v angleščini", "Slovenščina"):
        assert words in said.body
    assert fresh(mine).redirected_at


def test_asking_again_after_the_canned_reply_was_changed_says_nothing_twice(console, mine):
    ask(console, address(mine, "language"))
    CannedReply.objects.update(text_en="Something else")
    assert ask(console, address(mine, "language"))[0] == 200
    assert mine.messages.filter(author_kind="agent").count() == 1


def test_the_action_works_without_its_canned_reply(console, mine):
    CannedReply.objects.all().delete()
    ask(console, address(mine, "language"))
    body = mine.messages.get(author_kind="agent").body
    with translation.override("sl"):
        words = gettext("Please submit a ticket in your language")
    assert body.splitlines()[0] == "Please submit a ticket in your language"
    assert body.endswith(words)


def test_an_english_speaker_is_asked_once(gold, agent):
    chat = start(gold, language="en")
    assert "\n\n" not in desk.language_reply(chat, agent)


# --- Notes ---------------------------------------------------------------------------------------


def test_a_note_is_kept_once_and_shown_to_agents(console, mine, colleague):
    post = {"body": "Same as TI-1 <b>", "client_id": uuid.uuid4()}
    first, again = (ask(console, address(mine, "notes"), **post) for _attempt in range(2))
    note = Note.objects.get()
    assert first[0] == 201
    assert first[1]["id"] == again[1]["id"] == note.pk
    assert "Same as TI-1 &lt;b&gt;" in first[1]["html"]
    assert "Same as TI-1 &lt;b&gt;" in signed_in(colleague).get(address(mine)).content.decode()


def test_no_member_ever_gets_a_note(console, mine, silver):
    ask(console, address(mine, "notes"), body="The customer is wrong")
    member, secret = signed_in(silver), "customer is wrong"
    seq = mine.last_seq
    for place in ("", "messages/?after=0"):
        assert secret not in member.get(f"/chat/{mine.uuid}/{place}").content.decode()
    member.post(f"/chat/{mine.uuid}/ticket/")
    member.post(f"/chat/{mine.uuid}/transcript/")
    ask(console, address(mine, "ticket"))
    mine.close(silver)
    assert secret not in member.get(f"/chat/{mine.uuid}/").content.decode()
    assert secret not in Ticket.objects.get().description
    assert fresh(mine).last_seq == seq + 2  # the ticket and the end; a note takes no place


@pytest.mark.parametrize("body", ["", "  \n ", "x" * 4001])
def test_a_note_without_text_or_too_long_is_refused(console, mine, body):
    status, answered = ask(console, address(mine, "notes"), body=body)
    assert (status, list(answered["errors"])) == (400, ["body"])
    assert not Note.objects.exists()


def test_a_refused_note_is_given_back_on_the_page(console, mine):
    page = console.post(address(mine, "notes"), {"body": "Long " * 1000})
    assert page.status_code == 400
    assert "Long Long" in page.content.decode()


# --- Who may -------------------------------------------------------------------------------------

POSTS = ["claim", "release", "transfer", "notes", "end", "ticket", "language"]


@pytest.mark.parametrize("missing", ["view_conversation", "change_conversation"])
def test_without_the_permission_the_console_is_shut(agent, waiting, missing):
    agent.groups.first().permissions.remove(Permission.objects.get(codename=missing))
    client = signed_in(agent)
    for place in (CONSOLE, address(waiting)):
        assert client.get(place).status_code == 403
    for place in (f"{CONSOLE}next/", f"{CONSOLE}presence/", *(address(waiting, v) for v in POSTS)):
        assert code(ask(client, place)) == (403, "forbidden")
    assert fresh(waiting).status == Status.WAITING
    assert not Presence.objects.exists()


def test_a_member_has_no_console_for_an_own_chat_either(silver, waiting):
    client = signed_in(silver)
    for place in (CONSOLE, address(waiting)):
        assert client.get(place).status_code == 403
    for verb in POSTS:
        assert client.post(address(waiting, verb), {"confirm": 1}).status_code == 403


@pytest.mark.parametrize("verb", ["release", "transfer", "end", "language"])
def test_an_agent_does_nothing_to_a_colleagues_chat(mine, colleague, agent, verb):
    post = {"confirm": "1", "agent": agent.username}
    reply = ask(signed_in(colleague), address(mine, verb), **post)
    assert code(reply) == (403, "not_yours")
    page = signed_in(colleague).post(address(mine, verb), post)
    assert page.status_code == 403
    assert "This chat is not yours." in page.content.decode()
    assert (fresh(mine).status, fresh(mine).agent) == (Status.ACTIVE, agent)


@pytest.mark.parametrize(("verb", "status"), [("release", "waiting"), ("end", "closed")])
def test_a_supervisor_frees_or_ends_any_chat(mine, supervisor, verb, status):
    assert ask(signed_in(supervisor), address(mine, verb), confirm="1")[1]["status"] == status


def test_a_supervisor_ends_a_chat_that_waits(waiting, supervisor):
    ask(signed_in(supervisor), address(waiting, "end"), confirm="1")
    assert fresh(waiting).ending == Conversation.Ending.SUPPORT


def test_nothing_changes_by_a_link(console, waiting):
    for place in (f"{CONSOLE}next/", f"{CONSOLE}presence/", *(address(waiting, v) for v in POSTS)):
        assert console.get(place).status_code == 405


def test_a_chat_that_does_not_exist_is_not_found(console):
    place = f"{CONSOLE}{uuid.uuid4()}/"
    assert console.get(place).status_code == 404
    assert code(ask(console, f"{place}claim/")) == (404, "not_found")


# --- The page ------------------------------------------------------------------------------------


def test_the_queue_shows_who_waits_for_what(console, waiting):
    page = console.get(CONSOLE)
    (row,) = page.context["board"]["waiting"]
    assert (row["id"], row["language"], row["rank"]) == (str(waiting.uuid), "sl", "Silver")
    shown = page.content.decode()
    for words in ("Sonja Novak", "My order page loops.", "Silver"):
        assert words in shown
    assert page.context["chat"] is None


def test_own_chats_count_what_is_unread_until_they_are_opened(console, mine, silver):
    say(mine, silver, "Are you there?")
    (row,) = console.get(CONSOLE).context["mine"]
    assert (row.unread, row.last_message.body) == (2, "Are you there?")  # the question, and this
    console.get(f"{address(mine)}?part=talk")
    assert fresh(mine).agent_seen == 0
    console.get(address(mine))
    (row,) = console.get(CONSOLE).context["mine"]
    assert row.unread == 0


def test_a_colleague_who_looks_on_has_not_read_it_for_the_agent(mine, colleague):
    page = signed_in(colleague).get(address(mine))
    assert not page.context["is_mine"]
    assert fresh(mine).agent_seen == 0


def test_messages_and_notes_stand_in_the_order_they_came(console, mine, silver, agent):
    say(mine, silver, "First")
    mine.add_note(agent, "Between", uuid.uuid4())
    say(mine, silver, "Second")
    lines = console.get(address(mine)).context["lines"]
    texts = [line["note"].body if "note" in line else line["html"] for line in lines[2:]]
    assert "First" in texts[0]
    assert texts[1] == "Between"
    assert "Second" in texts[2]


def test_the_part_is_the_chat_alone(console, mine):
    part = console.get(f"{address(mine)}?part=talk")
    names = [template.name for template in part.templates]
    assert "chat/console/_chat.html" in names
    assert "base.html" not in names
    assert part.context["last_seq"] == mine.last_seq


def test_the_card_shows_the_account_first_and_the_rest_as_given(console, silver, agent):
    start(silver, submission_id=uuid.uuid4()).close(silver)
    earlier = Conversation.objects.get()
    ticket = submit(silver)
    closed = submit(silver)
    closed.close(agent, at=NOW)
    chat = start(silver, name="S. from the shop", given_member_id="9", email="x@example.org")
    page = console.get(address(chat))
    card = page.context["card"]
    assert card["member"] == silver
    assert card["given"] == {
        "name": "S. from the shop",
        "member_id": "9",
        "email": "x@example.org",
    }
    assert str(card["zone"]) == "Europe/Ljubljana"
    assert (card["open_tickets"], card["open_count"]) == ([ticket], 1)
    assert card["earlier"] == [earlier]
    shown = page.content.decode()
    assert shown.index("Sonja Novak") < shown.index("S. from the shop")
    assert reverse("admin:chat_conversation_change", args=[earlier.pk]) in shown


def test_canned_replies_are_filled_in_english_and_the_members_language(console, mine):
    canned = console.get(address(mine)).context["canned"]
    hello = {entry["language"]: entry["text"] for entry in canned if entry["shortcut"] == "hello"}
    assert set(hello) == {"en", "sl"}
    assert hello["en"] == "Hello Sonja Novak, my name is Ana Novak. How can I help you?"
    assert not [entry for entry in canned if "{" in entry["text"]]


def test_what_is_not_translated_is_offered_in_english_only(console, mine):
    CannedReply.objects.filter(shortcut="hello").update(text_sl="")
    canned = console.get(address(mine)).context["canned"]
    assert [entry["language"] for entry in canned if entry["shortcut"] == "hello"] == ["en"]


def test_only_who_is_there_can_be_handed_a_chat(console, mine, agent, colleague, supervisor):
    assert list(console.get(address(mine)).context["colleagues"]) == [colleague]


def test_supervisors_see_every_chat_agents_their_own(console, mine, gold, supervisor, agent):
    other = start(gold)
    assert console.get(CONSOLE).context["others"] == []
    page = signed_in(supervisor).get(CONSOLE)
    assert {chat.pk for chat in page.context["others"]} == {mine.pk, other.pk}
    assert agent.display_name in page.content.decode()


def test_hostile_text_stays_text(console, silver, agent):
    hostile = '</script><img src=x onerror="alert(1)">{{ 7 }}'
    chat = start(silver, hostile, name=hostile[:150], browser=hostile)
    chat.claim(agent)
    chat.add_note(agent, hostile, uuid.uuid4())
    for place in (CONSOLE, address(chat)):
        assert "<img src=x" not in console.get(place).content.decode()


def test_the_number_of_queries_does_not_grow(console, agent, silver, gold, other_silver, mine):
    def count(place):
        with CaptureQueriesContext(connection) as queries:
            console.get(place)
        return len(queries)

    console.get(address(mine))
    before = count(CONSOLE), count(address(mine))
    for text in range(20):
        say(mine, silver, f"{text}")
        mine.add_note(agent, f"{text}", uuid.uuid4())
    start(gold).claim(agent)
    start(other_silver)
    for _ticket in range(4):
        answer(submit(silver), agent)
    assert (count(CONSOLE), count(address(mine))) == before
