"""Questions that support asks one by one, and the member's answers, each in a box of its own."""

import datetime as dt
import re
import uuid

import pytest
from conftest import NOW, answer, png_file, signed_in, submit
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from post_office.models import Email

from tickets.models import Draft, Question, Screenshot, Ticket

BROWSER, VERSION = "Which browser do you use?", "And which version of it?"
UNANSWERED = "1 question is still unanswered"

pytestmark = pytest.mark.usefixtures("silver_reads_english")


@pytest.fixture
def client(silver):
    return signed_in(silver)


@pytest.fixture
def asked(ticket, agent):
    """The ids of two questions that wait for the member."""
    return ask(ticket, agent)


def ask(ticket, agent, *questions, body="Two things, please:", **fields):
    reply = answer(ticket, agent, body, "ask", questions=questions or (BROWSER, VERSION), **fields)
    return list(reply.questions.values_list("pk", flat=True))


def page_of(client, ticket):
    return client.get(ticket.get_absolute_url()).content.decode()


def boxes(page):
    """The boxes for answers on the page: name → text."""
    found = re.findall(r'<textarea [^>]*name="(answer-\d+)"[^>]*>\n(.*?)</textarea>', page, re.S)
    return dict(found)


def hidden(page, name):
    return re.search(rf'name="{name}" value="(.*?)"', page)[1]


def say(client, ticket, answers=None, **fields):
    """Post answers by the id of their question."""
    post = {f"answer-{pk}": text for pk, text in (answers or {}).items()}
    post = {"body": "", "submission_id": uuid.uuid4(), **post, **fields}
    return client.post(reverse("tickets:reply_create", args=[ticket.pk]), post)


def answers():
    return list(Question.objects.order_by("pk").values_list("answer", flat=True))


# Boxes


def test_each_question_has_a_box_of_its_own_in_their_order(client, ticket, asked):
    page = page_of(client, ticket)
    assert list(boxes(page)) == [f"answer-{pk}" for pk in asked]
    for pk, text in zip(asked, (BROWSER, VERSION), strict=True):
        label = re.search(rf'<label for="id_answer-{pk}">(.*?)</label>', page, re.S)[1]
        assert text in label
    assert "Support is waiting for your answer" in page
    assert "Two things, please:" in page
    assert "Anything else?" in page


def test_a_question_without_numbers_has_no_box(client, ticket, agent):
    answer(ticket, agent, BROWSER, "ask")
    page = page_of(client, ticket)
    assert boxes(page) == {}
    assert "Your reply" in page
    assert "Anything else?" not in page


def test_one_answer_is_a_reply_and_the_other_box_stays(client, ticket, asked):
    sent = say(client, ticket, {asked[0]: "Firefox", asked[1]: ""})
    reply = ticket.replies.get(kind="reply")
    assert sent["Location"] == f"{ticket.get_absolute_url()}#reply-{reply.pk}"
    assert (reply.body, answers()) == ("", ["Firefox", ""])
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.OPEN
    page = page_of(client, ticket)
    assert list(boxes(page)) == [f"answer-{asked[1]}"]
    assert UNANSWERED in page
    assert "Support is waiting for your answer" not in page


def test_several_that_are_unanswered_are_counted(client, ticket, agent, asked):
    ask(ticket, agent, "Where?", at=NOW + dt.timedelta(hours=2))
    say(client, ticket, {asked[0]: "Firefox"})
    page = page_of(client, ticket)
    assert "2 questions are still unanswered" in page
    assert len(boxes(page)) == 2


def test_the_last_answer_takes_the_boxes_away(client, ticket, asked):
    say(client, ticket, dict.fromkeys(asked, "Yes"))
    page = page_of(client, ticket)
    assert boxes(page) == {}
    assert "unanswered" not in page
    assert "Your reply" in page


def test_a_closed_issue_asks_nothing_any_more(client, ticket, agent, asked):
    ticket.close(agent, at=timezone.now())
    page = page_of(client, ticket)
    assert boxes(page) == {}
    assert UNANSWERED not in page


def test_words_and_answers_go_together(client, ticket, asked):
    say(client, ticket, {asked[1]: "115"}, body="It is the same on my phone.")
    assert ticket.replies.get(kind="reply").body == "It is the same on my phone."
    assert answers() == ["", "115"]


def test_words_alone_leave_the_questions_open(client, ticket, asked):
    say(client, ticket, body="I do not know yet.")
    assert len(boxes(page_of(client, ticket))) == 2


def test_nothing_at_all_is_refused_in_words_that_fit(client, ticket, asked):
    refused = say(client, ticket, dict.fromkeys(asked, "  "))
    assert refused.status_code == 400
    assert "Answer a question or write a reply." in refused.content.decode()
    assert ticket.replies.filter(kind="reply").count() == 0


# Nothing that was written is lost


def test_an_answer_that_is_too_long_is_kept_with_the_others(client, ticket, asked):
    long = "a" * 20_001
    refused = say(client, ticket, {asked[0]: long, asked[1]: "115"}, body="More")
    page = refused.content.decode()
    assert refused.status_code == 400
    assert list(boxes(page).values()) == [long, "115"]
    assert ">\nMore</textarea>" in page
    assert f'href="#id_answer-{asked[0]}"' in page
    assert re.search(rf'id="id_answer-{asked[0]}"[^>]*aria-invalid="true"', page)
    assert answers() == ["", ""]


def test_an_answer_as_long_as_allowed_is_taken(client, ticket, asked):
    assert say(client, ticket, {asked[0]: "a\r\n" * 10_000}).status_code == 303


def test_what_cannot_be_stored_is_given_back(client, ticket, asked):
    refused = say(client, ticket, {asked[0]: "before\x1bafter"})
    assert refused.status_code == 400
    assert boxes(refused.content.decode())[f"answer-{asked[0]}"] == "before\x1bafter"


def test_answers_of_a_stale_page_wait_with_the_new_questions(client, ticket, agent, asked):
    seen = hidden(page_of(client, ticket), "seen")
    ask(ticket, agent, "Where?", body="", at=NOW + dt.timedelta(hours=2))
    refused = say(client, ticket, {asked[0]: "Firefox"}, seen=seen)
    page = refused.content.decode()
    assert refused.status_code == 409
    assert list(boxes(page).values()) == ["Firefox", "", ""]
    assert page.count("Where?") == 3  # in the thread, in what is new, at its box
    again = say(client, ticket, {asked[0]: "Firefox"}, seen=hidden(page, "seen"))
    assert again.status_code == 303
    assert answers() == ["Firefox", "", ""]


def test_a_question_answered_in_another_tab_costs_no_words(client, ticket, asked):
    say(client, ticket, {asked[0]: "Firefox"})
    say(client, ticket, {asked[0]: "No, Chrome.", asked[1]: "115"})
    assert answers() == ["Firefox", "115"]
    assert ticket.replies.last().body == "No, Chrome."


def test_the_other_tab_is_told_before_it_sends(client, ticket, asked):
    seen = hidden(page_of(client, ticket), "seen")
    say(client, ticket, {asked[0]: "Firefox"})
    page = say(client, ticket, {asked[0]: "No, Chrome."}, seen=seen).content.decode()
    assert boxes(page)[f"answer-{asked[0]}"] == "No, Chrome."
    assert "This question was answered meanwhile." in page


def test_sending_the_same_answers_twice_gives_one_reply(client, ticket, asked):
    post = {"submission_id": uuid.uuid4(), "body": "Both."}
    first, second = (say(client, ticket, {asked[0]: "Firefox"}, **post) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert ticket.replies.filter(kind="reply").count() == 1


def test_answers_that_met_no_session_come_back_to_be_sent_again(ticket, asked):
    page = say(Client(), ticket, {asked[0]: "Firefox\nand Chrome", asked[1]: ""})
    text = page.content.decode()
    assert page.status_code == 401
    assert f'name="answer-{asked[0]}" rows="8" dir="auto">\nFirefox\nand Chrome</textarea>' in text
    assert text.count("Your answer") == 1  # the empty one goes along unseen
    assert f'type="hidden" name="answer-{asked[1]}"' in text


def test_answers_that_met_an_expired_page_come_back(silver, ticket, asked):
    strict = signed_in(silver, enforce_csrf_checks=True)
    page = say(strict, ticket, {asked[0]: "Firefox"})
    assert page.status_code == 403
    assert ">\nFirefox</textarea>" in page.content.decode()


def test_answers_cross_with_closing_and_reopen_the_issue(client, ticket, agent, asked):
    ticket.close(agent, at=timezone.now())
    assert say(client, ticket, {asked[0]: "Firefox"}, body="Here.").status_code == 303
    ticket.refresh_from_db()
    assert (ticket.status, answers()) == ("open", ["Firefox", ""])
    assert ticket.replies.last().body == "Here."


def test_answers_too_late_to_reopen_wait_below_their_questions(client, ticket, agent, asked):
    ticket.close(agent, at=timezone.now() - dt.timedelta(days=15))
    led = say(client, ticket, {asked[0]: "Firefox"}, body="Still wrong.")
    draft = Draft.objects.get()
    assert draft.description == f"{BROWSER}\nFirefox\n\nStill wrong."
    assert str(draft.uuid) in led["Location"]


def test_a_faulty_post_to_a_closed_issue_keeps_its_text_too(client, ticket, agent, asked):
    ticket.close(agent, at=timezone.now() - dt.timedelta(days=15))
    page = say(client, ticket, {asked[0]: "Firefox\0"}, body="Still wrong.").content.decode()
    assert boxes(page)[f"answer-{asked[0]}"].startswith("Firefox")
    assert ">\nStill wrong.</textarea>" in page


# Bad input


@pytest.mark.parametrize(
    "name",
    [
        "answer-",
        "answer-x",
        "answer-0",
        "answer--1",
        "answer-1.5",
        "answer-٣",
        "answer-" + "9" * 30,
    ],
)
def test_names_that_are_no_boxes_are_overlooked(client, ticket, asked, name):
    assert say(client, ticket, body="Words", **{name: "x"}).status_code == 303
    assert answers() == ["", ""]


def test_an_unknown_number_is_kept_as_text(client, ticket, asked):
    assert say(client, ticket, {"9" * 18: "Firefox"}).status_code == 303
    assert (ticket.replies.last().body, answers()) == ("Firefox", ["", ""])


def test_nobody_answers_for_another_ticket(client, ticket, agent, asked, silver, gold):
    own, foreign = submit(silver), submit(gold)
    (mine,) = ask(own, agent, "Mine?")
    (theirs,) = ask(foreign, agent, "Theirs?", body="Zaupno")
    page = say(client, ticket, {mine: "to another", theirs: "to a stranger"})
    assert page.status_code == 303
    assert answers() == [""] * 4
    assert own.replies.count() == foreign.replies.count() == 1
    assert ticket.replies.last().body == "to a stranger\n\nMine?\nto another"
    faulty = say(client, ticket, {theirs: "a" * 20_001}).content.decode()
    assert "Theirs?" not in faulty


def test_an_agent_has_no_boxes_to_forge(ticket, agent, asked):
    assert say(signed_in(agent), ticket, {asked[0]: "x"}).status_code == 404


def test_markup_in_questions_and_answers_is_shown_and_never_obeyed(client, ticket, agent):
    (pk,) = ask(ticket, agent, "<script>1</script>", body="")
    page = say(client, ticket, {pk: "</textarea><b>" + "a" * 20_000}).content.decode()
    assert "<script>1" not in page
    assert "</textarea><b>" not in page
    assert escape("<script>1</script>") in page


# Elsewhere


def test_the_list_says_what_is_asked_first(client, ticket, asked):
    page = client.get("/technical-issues/").content.decode()
    assert BROWSER in page
    assert VERSION not in page
    assert "Two things, please:" not in page


def test_the_mail_lists_the_questions(ticket, asked):
    mail = Email.objects.last()
    for text in (mail.message, mail.html_message):
        assert "Two things, please:" in text
        assert f"1. {BROWSER}" in text
        assert f"2. {VERSION}" in text


def test_many_questions_cost_no_more_queries(client, ticket, agent, django_assert_max_num_queries):
    for hours in range(10):
        ask(ticket, agent, *map(str, range(5)), at=NOW + dt.timedelta(hours=hours))
    with django_assert_max_num_queries(8):
        page = page_of(client, ticket)
    assert len(boxes(page)) == 50


# Limits


def test_many_boxes_do_not_get_round_the_limit(client, ticket, asked):
    refused = say(client, ticket, {10**17 + n: "x" * 20_000 for n in range(110)})
    assert refused.status_code == 400
    assert "Too many answers" in refused.content.decode()
    assert len(boxes(refused.content.decode())) == 112  # whatever was typed is there
    assert not ticket.replies.filter(kind="reply").exists()


def test_late_answers_and_words_are_measured_together(client, ticket, asked):
    late = {10**17: "x" * 10_000, asked[0]: "y" * 20_000}
    assert say(client, ticket, late, body="z" * 9_998).status_code == 303
    refused = say(client, ticket, {10**17: "x" * 10_000}, body="z" * 9_999)
    assert refused.status_code == 400
    assert re.search(r'id="id_body"[^>]*aria-invalid="true"', refused.content.decode())
    assert ticket.replies.filter(kind="reply").count() == 1


def test_answers_to_another_ticket_are_measured_with_their_questions(client, ticket, agent, silver):
    (mine,) = ask(submit(silver), agent, "Mine?")
    assert say(client, ticket, {mine: "x" * 20_000}).status_code == 400
    assert say(client, ticket, {mine: "x" * 19_994}).status_code == 303


def test_nothing_answered_is_said_at_the_first_question(client, ticket, asked):
    page = say(client, ticket).content.decode()
    assert f'href="#id_answer-{asked[0]}"' in page
    assert 'href="#id_body"' not in page
    assert re.search(rf'id="id_answer-{asked[0]}"[^>]*aria-invalid="true"', page)


def test_the_banner_does_not_repeat_what_has_boxes(client, ticket, agent):
    answer(ticket, agent, "Which page?", "ask")
    assert page_of(client, ticket).count("Which page?") == 2  # its bubble and the banner
    ask(ticket, agent, body="Two things, please:", at=NOW + dt.timedelta(hours=2))
    page = page_of(client, ticket)
    assert page.count("Two things, please:") == 1
    assert page.count(BROWSER) == 2  # its bubble and its box


def test_the_status_leads_to_the_answer_that_is_awaited(client, ticket, asked):
    assert 'href="#reply"' in page_of(client, ticket)
    say(client, ticket, dict.fromkeys(asked, "Yes"))
    assert 'href="#reply"' not in page_of(client, ticket)


# The same post twice, with pictures


def test_a_double_click_sends_pictures_once(client, ticket, asked, upload):
    post = {"submission_id": uuid.uuid4(), "uploads": [str(upload.uuid)]}
    first, second = (say(client, ticket, {asked[0]: "Firefox"}, **post) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]


def test_a_picture_alone_may_be_sent_twice(client, ticket, upload):
    post = {"submission_id": uuid.uuid4(), "uploads": [str(upload.uuid)]}
    first, second = (say(client, ticket, **post) for _ in range(2))
    assert first["Location"] == second["Location"]


def test_a_picture_that_went_with_another_text_is_said(client, ticket, upload, silver):
    post = {"submission_id": uuid.uuid4(), "uploads": [str(upload.uuid)]}
    assert say(client, ticket, body="One", **post).status_code == 303
    assert say(client, ticket, body="Two", **post).status_code == 400
    assert say(client, ticket, body="One", **{**post, "submission_id": ""}).status_code == 400


def test_the_desk_and_filing_know_a_double_click_too(ticket, agent, silver):
    shots = [Screenshot.objects.upload(agent, png_file(), NOW) for _ in range(2)]
    desk, filing = (
        {"submission_id": str(uuid.uuid4()), "uploads": [str(shot.uuid)]} for shot in shots
    )
    desk |= {"action": "reply", "mode": "reply", "body": "See"}
    filing |= {"member": "sonja", "language": "en", "title": "t", "description": "d"}
    staff = signed_in(agent)
    for place, post in (
        (reverse("admin:tickets_ticket_change", args=[ticket.pk]), desk),
        (reverse("admin:tickets_ticket_add"), filing),
    ):
        assert [staff.post(place, post).status_code for _ in range(2)] == [303, 303]
    assert (Ticket.objects.count(), ticket.replies.count()) == (2, 1)
