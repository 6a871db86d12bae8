"""Into the queue: the form, what it keeps, and the ways that lead to a ticket instead."""

import uuid

import live
import pytest
from chatting import say, start
from conftest import signed_in
from django.utils import translation
from django.utils.translation import gettext

from chat import queue
from chat.models import Conversation, Message, Presence
from tickets.models import Draft, ServiceWindow

CHAT = "/chat/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture(autouse=True)
def open_desk(seeded):
    live.open_around_the_clock()


@pytest.fixture
def member(silver):
    return signed_in(silver, headers={"User-Agent": FIREFOX})


def typed(**fields):
    defaults = {"name": "Sonja Novak", "email": "sonja@example.com"}
    question = {"question": "My order page loops."}
    return {**defaults, **question, "submission_id": uuid.uuid4(), **fields}


def text_of(page):
    return page.content.decode()


def close_desk():
    ServiceWindow.objects.all().delete()
    queue.forget()


# --- The form ------------------------------------------------------------------------------------


def test_the_form_knows_who_asks(member, silver):
    form = member.get(CHAT).context["form"]
    known = [form[name].value() for name in ("name", "member_id", "email")]
    assert known == ["Sonja Novak", "1000002", "sonja@example.com"]


@pytest.mark.parametrize("language", ["en", "cs", "sl"])
def test_english_only_stands_before_the_fields_in_the_readers_language(language, member, silver):
    silver.language = language
    silver.save()
    text = text_of(member.get(CHAT))
    with translation.override(language):
        notice = gettext("Chat is in English only")
    assert text.index(notice) < text.index("/chat/ticket/") < text.index('name="name"')


def test_enter_in_a_field_starts_the_chat_and_no_ticket(member):
    text = text_of(member.get(CHAT))
    first = text.index('form="chat-form"')
    assert "formaction" not in text[first : text.index(">", first)]


def test_sending_the_form_leads_into_the_queue(member, silver):
    answer = member.post(CHAT, typed(member_id="77", email="other@example.com"))
    conversation = Conversation.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, conversation.get_absolute_url())
    given = (conversation.name, conversation.given_member_id, conversation.email)
    assert given == ("Sonja Novak", "77", "other@example.com")
    assert (conversation.member, conversation.language) == (silver, "sl")
    assert conversation.browser == FIREFOX
    assert conversation.messages.get().body == "My order page loops."


def test_who_has_just_come_has_a_place(member):
    member.get(CHAT)  # the queue as it was is known for a second
    page = member.post(CHAT, typed(), follow=True)
    assert page.context["outlook"].position == 1


def test_the_same_form_twice_is_one_conversation(member):
    form = typed()
    first, again = (member.post(CHAT, form) for _click in range(2))
    assert first["Location"] == again["Location"]
    assert Conversation.objects.get().messages.count() == 1


def test_the_same_form_after_the_end_leads_to_what_it_began(member, silver):
    form = typed()
    member.post(CHAT, form)
    conversation = Conversation.objects.get()
    conversation.close(silver)
    assert member.post(CHAT, form)["Location"] == conversation.get_absolute_url()


def test_a_form_changed_and_sent_again_after_the_end_is_a_new_conversation(member, silver):
    form = typed()
    member.post(CHAT, form)
    Conversation.objects.get().close(silver)
    for _click in range(2):
        member.post(CHAT, {**form, "question": "Something else."})
    questions = [row.messages.get(seq=1).body for row in Conversation.objects.order_by("pk")]
    assert questions == ["My order page loops.", "Something else."]


def test_who_is_in_the_queue_is_led_back_to_it(member, silver):
    conversation = start(silver)
    assert member.get(CHAT)["Location"] == conversation.get_absolute_url()


def test_another_question_of_who_is_in_the_queue_is_said_there(member, silver):
    conversation, form = start(silver), typed(question="And my card fails.")
    for _click in range(2):
        assert member.post(CHAT, form)["Location"] == conversation.get_absolute_url()
    bodies = [line.body for line in conversation.messages.all()]
    assert bodies == ["My order page loops.", "And my card fails."]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "two\nlines"),
        ("email", "not-an-address"),
        ("question", " \n "),
        ("question", "x" * 4001),
        ("submission_id", "first"),
    ],
)
def test_an_error_keeps_everything_that_was_typed(field, value, member):
    page = member.post(CHAT, typed(**{"name": "Žofie", "member_id": "<77>", field: value}))
    kept = page.context["form"]
    assert page.status_code == 400
    assert kept.errors[field]
    expected = {"name": "Žofie", "member_id": "<77>", field: value}
    assert {name: kept[name].value() for name in expected} == expected
    assert not Conversation.objects.exists()


HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7|add:7 }}{% debug %}",
    "a\x00b\x1b[31m",
    "x\r\nBcc: all@example.com",
    "\u202eevil\u2028 \u200b",
    "Z\u0351\u036b" * 60,
    "%(name)s %s {0}",
    "9" * 5000,
]


@pytest.mark.parametrize("field", ["name", "member_id", "email", "question", "submission_id"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_field_is_taken_as_text_or_refused(text, field, member):
    page = member.post(CHAT, typed(**{field: text}), follow=True)
    assert page.status_code in (200, 400)
    assert "<script>alert" not in text_of(page)


def test_an_odd_browser_is_no_obstacle(silver):
    client = signed_in(silver, headers={"User-Agent": "x\t\x1b[31m" + "y" * 500})
    assert client.post(CHAT, typed()).status_code == 303
    assert len(Conversation.objects.get().browser) == 300


def test_a_question_full_of_markup_is_shown_as_text(member):
    page = member.post(CHAT, typed(question="<img src=x onerror=alert(1)>"), follow=True)
    assert "&lt;img src=x" in text_of(page)
    assert "<img src=x" not in text_of(page)


def test_ten_chats_an_hour_then_the_text_is_kept(member, silver):
    for _chat in range(10):
        assert member.post(CHAT, typed()).status_code == 303
        Conversation.objects.unfinished().get().close(silver)
    page = member.post(CHAT, typed(question="The eleventh <question>"))
    assert page.status_code == 429
    assert "The eleventh &lt;question&gt;" in text_of(page)
    assert Conversation.objects.count() == 10


def test_without_a_session_the_question_is_kept(client):
    page = client.post(CHAT, typed(question="Typed for long"))
    assert page.status_code == 401
    assert "Typed for long" in text_of(page)


def test_below_the_rank_there_is_no_form(premier):
    page = signed_in(premier).get(CHAT)
    assert page.status_code == 403
    assert 'name="question"' not in text_of(page)


# --- How things stand ----------------------------------------------------------------------------


def test_without_an_agent_the_form_says_so(member):
    page = member.get(CHAT)
    assert page.context["outlook"].wait is None
    assert "chat/_before.html" in [template.name for template in page.templates]


def test_with_an_agent_it_tells_who_waits_and_how_long(member, silver, agent, other_silver):
    silver.language = "en"
    silver.save()
    Presence.renew(agent)
    Presence.objects.update(accepting=True, limit=1)
    start(other_silver)
    text = text_of(member.get(CHAT))
    assert "1 person is waiting" in text
    assert "No agent is available" not in text


# --- A ticket instead ----------------------------------------------------------------------------


def test_another_language_leads_to_the_ticket_form_with_the_text(member, silver):
    words = "Plačilo ne deluje.\nPoskusila sem dvakrat."
    for _click in range(2):
        answer = member.post(f"{CHAT}ticket/", typed(question=words))
    draft = Draft.objects.get(owner=silver)
    assert (answer.status_code, answer["Location"].endswith(f"?draft={draft.uuid}")) == (303, True)
    kept = (draft.language, draft.title, draft.description)
    assert kept == ("sl", "Plačilo ne deluje.", words)
    form = member.get(answer["Location"])
    assert "Poskusila sem dvakrat." in text_of(form)


def test_another_language_without_text_leads_to_an_empty_form(member):
    answer = member.post(f"{CHAT}ticket/", {"question": "  "})
    assert answer["Location"] == "/technical-issues/new/"
    assert not Draft.objects.exists()


def test_a_question_that_came_too_late_is_kept_for_a_ticket(member, silver):
    close_desk()
    page = member.post(CHAT, typed(question="Too <late>"))
    assert page.status_code == 409
    assert "Too &lt;late&gt;" in text_of(page)
    assert not Conversation.objects.exists()
    kept = page.context["form"]["question"].value()
    member.post(f"{CHAT}ticket/", {"question": kept})
    assert Draft.objects.get(owner=silver).description == "Too <late>"


def test_who_was_in_the_queue_at_closing_time_stays_in_it(member, silver):
    form = typed()
    member.post(CHAT, form)
    close_desk()
    conversation = Conversation.objects.get()
    assert member.post(CHAT, form)["Location"] == conversation.get_absolute_url()
    assert member.get(CHAT)["Location"] == conversation.get_absolute_url()


def test_starting_again_brings_the_question_along(member, silver, other_silver):
    mine, theirs = start(silver, "Mine"), start(other_silver, "Theirs")
    say(mine, silver, "With details")
    mine.close(silver)
    questions = [
        member.get(CHAT, {"again": name}).context["form"]["question"].value()
        for name in (mine.uuid, theirs.uuid, "x")
    ]
    assert questions == ["Mine\n\nWith details", "", ""]


# --- What strangers tried ------------------------------------------------------------------------


def test_a_form_that_comes_back_with_another_question_is_said_in_the_open_chat(member):
    first = {**typed(), "submission_id": uuid.uuid4()}
    member.post(CHAT, first)
    member.post(CHAT, {**typed(question="Second"), "submission_id": (name := uuid.uuid4())})
    answer = member.post(CHAT, {**typed(question="Third"), "submission_id": name})
    assert answer.status_code == 303
    said = Message.objects.filter(author_kind="member").values_list("body", flat=True)
    assert list(said) == [first["question"], "Second", "Third"]


def test_the_start_form_is_no_way_around_the_limit_of_messages(member, settings):
    settings.LIMITS = {**settings.LIMITS, "messages": "3/minute"}
    answers = [member.post(CHAT, {**typed(question=f"No. {n}")}).status_code for n in range(5)]
    assert answers == [303, 303, 303, 303, 429]


@pytest.mark.parametrize("question", ["\u200b", " \u2060\n\ufeff "])
def test_a_question_that_nobody_can_see_is_none(member, question):
    assert member.post(CHAT, typed(question=question)).status_code == 400
    assert not Conversation.objects.exists()
