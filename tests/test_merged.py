"""Two tickets put together, and tickets that go on from others, in the member's eyes."""

import datetime as dt
import re
import uuid

import pytest
from conftest import NOW, answer, png_file, signed_in, submit
from django.utils import timezone

from tickets.models import Draft, Screenshot, Ticket

LIST = "/technical-issues/"

pytestmark = pytest.mark.usefixtures("silver_reads_english")


@pytest.fixture
def client(silver):
    return signed_in(silver)


@pytest.fixture
def pair(silver, agent):
    """A duplicate with an answer of its own, merged into the ticket that stays."""
    return merged(silver, agent)


def merged(silver, agent):
    old = submit(silver, title="The order loops")
    answer(old, agent, "Said in the old one", at=NOW + dt.timedelta(hours=1))
    target = submit(silver, title="The order still loops", at=NOW + dt.timedelta(hours=2))
    old.merge_into(agent, target, at=NOW + dt.timedelta(hours=3))
    return old, target


def act(client, ticket, verb, **fields):
    post = {"submission_id": uuid.uuid4(), **fields}
    return client.post(f"{ticket.get_absolute_url()}{verb}/", post)


def page_of(client, ticket):
    return client.get(ticket.get_absolute_url(), follow=True).content.decode()


# The old number


@pytest.mark.parametrize("path", ["", "received/"])
def test_the_old_number_leads_to_the_new_one(client, pair, path):
    old, target = pair
    led = client.get(f"{old.get_absolute_url()}{path}", follow=True)
    assert led.redirect_chain == [(target.get_absolute_url(), 302)]
    said = f"{old.number} was put together with {target.number}."
    assert said in led.content.decode()
    assert said not in page_of(client, target)


def test_the_old_number_of_a_chain_leads_to_its_end(client, silver, agent, pair):
    old, target = pair
    last = submit(silver, at=NOW + dt.timedelta(hours=4))
    target.merge_into(agent, last, at=NOW + dt.timedelta(hours=5))
    assert client.get(old.get_absolute_url())["Location"] == last.get_absolute_url()


def test_somebody_elses_old_number_does_not_exist(pair, gold):
    assert signed_in(gold).get(pair[0].get_absolute_url()).status_code == 404


def test_both_threads_are_read_in_one_order_with_their_numbers(client, pair):
    old, target = pair
    page = page_of(client, target)
    assert page.count(target.description) == 2
    assert "Said in the old one" in page
    assert f"Put together with {old.number}" in page
    assert old.number in page[page.index('class="thread"') :]


# Lists


def test_lists_and_counts_leave_the_old_one_out(client, pair):
    page = client.get(LIST).content.decode()
    assert "The order still loops" in page
    assert ">The order loops<" not in page
    assert re.sub(r"<.*?>", "", page).count("Closed Tech Issues (0)") == 1
    assert ">The order loops<" not in client.get(f"{LIST}new/").content.decode()
    assert "1 open issue" in client.get("/").content.decode()


@pytest.mark.parametrize("words", ["{old}", "said in the old"])
def test_a_search_for_the_old_one_finds_the_new_one(client, pair, words):
    old, _target = pair
    page = client.get(LIST, {"q": words.format(old=old.number)}).content.decode()
    assert ">The order still loops<" in page
    assert ">The order loops<" not in page
    assert "1 result" in page


def test_a_number_that_others_merged_finds_nothing(pair, gold):
    page = signed_in(gold).get(LIST, {"q": pair[0].number}).content.decode()
    assert "order" not in page.partition('class="sections"')[2]


def test_the_news_of_a_merge_is_marked_once(client, pair):
    old, _target = pair
    assert "1 issue has something new" in client.get(LIST).content.decode()
    assert "New: 1" in client.get("/").content.decode()
    page_of(client, old)
    assert "something new" not in client.get(LIST).content.decode()


# Posts from an old page


def test_a_reply_to_the_old_number_goes_to_the_new_one(client, pair, upload):
    old, target = pair
    sent = act(client, old, "replies", body="Still wrong.", uploads=[upload.uuid])
    reply = target.replies.get()
    assert sent["Location"] == f"{target.get_absolute_url()}#reply-{reply.pk}"
    assert reply.body == "Still wrong."
    assert reply.screenshots.get() == upload
    assert old.replies.count() == 1


def test_answers_from_an_old_page_keep_their_questions(client, silver, agent):
    old, target = submit(silver), submit(silver)
    question = answer(old, agent, "", "ask", questions=["Which browser?"]).questions.get()
    old.merge_into(agent, target, at=timezone.now())
    post = {"submission_id": uuid.uuid4(), f"answer-{question.pk}": "Firefox", "body": "Hello"}
    for _time in range(2):
        assert act(client, old, "replies", **post).status_code == 303
    assert target.replies.get().body == "Which browser?\nFirefox\n\nHello"


def test_a_stale_reply_to_the_old_number_waits_at_the_new_one(client, silver, agent):
    old, target = merged(silver, agent)
    answer(target, agent, "Read me first", at=timezone.now())
    page = act(client, old, "replies", body="Hello?", seen=old.replies.get().pk)
    assert page.status_code == 409
    text = page.content.decode()
    assert ">\nHello?</textarea>" in text
    assert f'action="{target.get_absolute_url()}replies/"' in text


def test_a_reply_that_crosses_with_the_merge_arrives(client, silver, agent, monkeypatch):
    old, target = submit(silver), submit(silver)
    reply = Ticket.reply

    def merge_first(self, *args, **kwargs):
        monkeypatch.setattr(Ticket, "reply", reply)
        Ticket.objects.get(pk=old.pk).merge_into(agent, target, at=timezone.now())
        return reply(self, *args, **kwargs)

    monkeypatch.setattr(Ticket, "reply", merge_first)
    sent = act(client, old, "replies", body="Still wrong.")
    assert sent["Location"].startswith(target.get_absolute_url())
    assert target.replies.get().body == "Still wrong."


def test_a_reply_reopens_the_new_one_if_that_is_closed(client, pair, agent):
    old, target = pair
    target.close(agent, at=timezone.now())
    assert act(client, old, "replies", body="Still wrong.").status_code == 303
    target.refresh_from_db()
    assert (target.status, target.replies.get().body) == ("open", "Still wrong.")


def test_too_late_for_that_the_words_go_on_from_the_new_one(client, pair, agent):
    old, target = pair
    target.close(agent, at=timezone.now() - dt.timedelta(days=15))
    act(client, old, "replies", body="Still wrong.")
    draft = Draft.objects.get()
    assert (draft.description, draft.follow_up_of) == ("Still wrong.", target)


@pytest.mark.parametrize("verb", ["close", "reopen"])
def test_other_verbs_on_the_old_number_say_where_it_went(client, pair, verb):
    old, target = pair
    led = client.post(f"{old.get_absolute_url()}{verb}/", follow=True)
    assert led.redirect_chain == [(target.get_absolute_url(), 303)]
    assert f"This ticket was merged into {target.number}." in led.content.decode()
    target.refresh_from_db()
    assert target.status == "open"


def test_the_reason_to_reopen_the_old_one_becomes_a_reply(client, silver, agent):
    old, target = merged(silver, agent)
    act(client, old, "reopen", reason="Again today.")
    assert target.replies.get().body == "Again today."


def test_the_reason_to_reopen_what_is_open_is_kept(client, ticket):
    act(client, ticket, "reopen", reason="Again today.")
    assert ticket.replies.get().body == "Again today."
    faulty = act(client, ticket, "reopen", reason="a" * 20_001)
    assert faulty.status_code == 400
    assert "a" * 20_001 in faulty.content.decode()
    odd = act(client, ticket, "reopen", reason="And again.", submission_id="x")
    assert odd.status_code == 400
    assert ">\nAnd again.</textarea>" in odd.content.decode()


def test_notes_of_the_old_one_stay_inside(client, silver, agent):
    old, target = submit(silver), submit(silver)
    shot = Screenshot.objects.upload(agent, png_file("prevara.png"), timezone.now())
    answer(old, agent, "Prevara", "note", screenshots=[shot])
    old.merge_into(agent, target, at=timezone.now())
    page = page_of(client, target)
    assert "revara" not in page
    assert str(shot.uuid) not in page
    assert client.get(shot.get_absolute_url()).status_code == 404


def test_a_merged_thread_asks_the_database_eight_times_at_most(
    client, silver, agent, django_assert_max_num_queries
):
    target = submit(silver)
    for _ in range(3):
        old = submit(silver)
        answer(old, agent, "", "ask", questions=["Which?", "Where?"])
        old.merge_into(agent, target, at=timezone.now())
    follow_up = submit(silver, follow_up_of=target)
    with django_assert_max_num_queries(8):
        page = client.get(target.get_absolute_url()).content.decode()
    assert page.count("Which?") == 3
    assert follow_up.number in page


# Tickets that go on from others


def test_words_too_late_to_reopen_become_a_follow_up(client, ticket, agent):
    ticket.close(agent, at=timezone.now() - dt.timedelta(days=15))
    led = act(client, ticket, "replies", body="Still wrong.")
    form = client.get(led["Location"]).content.decode()
    assert f'href="{ticket.get_absolute_url()}"' in form
    assert "Follow-up of" in form
    draft = Draft.objects.get()
    post = {"language": "en", "title": "Again", "description": "Still wrong.", "draft": draft.uuid}
    client.post(f"{LIST}new/", {**post, "submission_id": uuid.uuid4()})
    follow_up = Ticket.objects.exclude(pk=ticket.pk).get()
    assert follow_up.follow_up_of == ticket
    later, earlier = page_of(client, follow_up), page_of(client, ticket)
    assert re.search(rf"Follow-up of</dt>.*?>{ticket.number}</a>", later, re.S)
    assert re.search(rf"Continued in</dt>.*?>{follow_up.number}</a>", earlier, re.S)
    assert "Follow-up of" not in earlier


def test_a_draft_saved_on_the_way_still_goes_on_from_its_ticket(client, ticket, silver):
    draft = Draft.objects.create(owner=silver, follow_up_of=ticket, saved_at=timezone.now())
    client.post(f"{LIST}draft/", {"draft": draft.uuid, "title": "Again", "description": "x"})
    draft.refresh_from_db()
    assert (draft.title, draft.follow_up_of) == ("Again", ticket)


def test_nobody_goes_on_from_a_ticket_of_somebody_else(client, silver, gold):
    foreign = submit(gold, title="Zaupno")
    draft = Draft.objects.create(owner=silver, follow_up_of=foreign, saved_at=timezone.now())
    post = {"language": "en", "title": "Mine", "description": "Words", "draft": draft.uuid}
    client.post(f"{LIST}new/", {**post, "submission_id": uuid.uuid4()})
    ticket = Ticket.objects.get(member=silver)
    assert ticket.follow_up_of is None
    ticket.follow_up_of = foreign
    ticket.save()
    assert foreign.number not in page_of(client, ticket)
    assert ticket.number not in signed_in(gold).get(foreign.get_absolute_url()).content.decode()
