"""What a member has not read yet: a mark in the list, counts, and where the news begins."""

import datetime as dt
import re
import uuid

import pytest
from conftest import NOW, answer, signed_in, submit
from django.utils import timezone

from chat import queue
from tickets.models import ReadMark, Ticket

LIST = "/technical-issues/"

pytestmark = pytest.mark.usefixtures("silver_reads_english")


@pytest.fixture
def client(silver):
    return signed_in(silver)


def at(hours):
    return NOW + dt.timedelta(hours=hours)


def listed_as_new(client, **query):
    """The titles of the rows that bear the mark."""
    page = client.get(LIST, query).content.decode()
    rows = re.findall(r'<tr role="row">\s*<td.*?</tr>', page, re.S)
    return [re.search(r"<bdi>(.*?)</bdi>", row)[1] for row in rows if "fresh" in row]


def thread(client, ticket, **headers):
    return client.get(ticket.get_absolute_url(), headers=headers).content.decode()


def news(page):
    """What stands in the thread below the line that says where the news begins."""
    return page.partition("new-from")[2].partition("</ol>")[0]


# The list


def test_a_reply_marks_the_row_until_the_thread_is_read(client, silver, agent):
    ticket, _other = submit(silver, title="One"), submit(silver, title="Two")
    assert listed_as_new(client) == []
    answer(ticket, agent)
    assert listed_as_new(client) == ["One"]
    thread(client, ticket)
    assert listed_as_new(client) == []


@pytest.mark.parametrize("verb", ["reply", "ask", "close"])
def test_whatever_support_says_or_does_for_the_member_is_news(client, ticket, agent, verb):
    if verb == "close":
        ticket.close(agent, at=at(1))
    else:
        answer(ticket, agent, verb=verb)
    assert listed_as_new(client) == [ticket.title]


def test_what_stays_at_the_desk_is_no_news(client, ticket, agent, supervisor):
    answer(ticket, agent, "Med nami.", "note")
    ticket.assign(agent, supervisor, at=at(1))
    assert listed_as_new(client) == []
    assert "new-from" not in thread(client, ticket)


def test_ones_own_acts_are_no_news(client, ticket, silver):
    answer(ticket, silver)
    ticket.close(silver, at=at(1))
    ticket.reopen(silver, "Again.", submission_id=uuid.uuid4(), at=at(2))
    assert listed_as_new(client) == []
    assert "new-from" not in thread(client, ticket)


def test_an_own_reply_does_not_hide_what_was_not_read(client, ticket, silver, agent):
    answer(ticket, agent)
    answer(ticket, silver, at=at(2))
    assert listed_as_new(client) == [ticket.title]


def test_an_issue_filed_by_support_is_new_to_its_member(client, silver, agent):
    ticket = submit(silver, by=agent)
    assert listed_as_new(client) == [ticket.title]
    page = thread(client, ticket)
    assert "Issue filed by technical support for you" in page
    assert agent.display_name not in page
    assert "new-from" not in page  # everything is new
    assert listed_as_new(client) == []


def test_what_others_have_read_is_not_read_by_the_member(client, ticket, agent):
    answer(ticket, agent)
    ReadMark.objects.move(agent.pk, ticket.pk, 10**9)
    assert listed_as_new(client) == [ticket.title]


def test_the_news_is_counted_on_the_list_and_at_home(client, silver, agent):
    first, second, closed = (submit(silver) for _ in range(3))
    answer(first, agent)
    closed.close(agent, at=at(1))
    assert "2 issues have something new" in client.get(LIST).content.decode()
    assert "New: 2" in client.get("/").content.decode()
    thread(client, closed)
    assert "1 issue has something new" in client.get(LIST).content.decode()
    thread(client, first)
    assert "something new" not in client.get(LIST).content.decode()
    assert "New:" not in client.get("/").content.decode()
    assert not listed_as_new(client)
    assert second


def test_found_issues_bear_the_mark_too(client, ticket, agent):
    answer(ticket, agent)
    assert listed_as_new(client, q=ticket.number) == [ticket.title]
    assert listed_as_new(client, section="open") == [ticket.title]


# The thread


def test_the_news_begins_below_a_line(client, ticket, silver, agent):
    answer(ticket, agent, "Old words", at=at(1))
    thread(client, ticket)
    answer(ticket, agent, "New words", at=at(2))
    answer(ticket, agent, "Newer words", at=at(3))
    page = thread(client, ticket)
    assert page.count("new-from") == 1
    assert "Old words" not in news(page)
    assert "New words" in news(page)
    assert "Newer words" in news(page)
    assert "new-from" not in thread(client, ticket)


def test_a_refused_reply_shows_the_news_and_leaves_them_new(client, ticket, agent):
    answer(ticket, agent, "Old words", at=at(1))
    thread(client, ticket)
    answer(ticket, agent, "New words", at=at(2))
    stale = client.post(f"{ticket.get_absolute_url()}replies/", {"body": "Hello?", "seen": 0})
    assert stale.status_code == 409
    assert listed_as_new(client) == [ticket.title]


@pytest.mark.parametrize("name", ["Sec-Purpose", "Purpose"])
def test_a_page_fetched_ahead_is_not_read(client, ticket, agent, name):
    answer(ticket, agent)
    thread(client, ticket, **{name: "prefetch;prerender"})
    assert listed_as_new(client) == [ticket.title]


def test_the_head_of_a_page_is_not_read(client, ticket, agent):
    answer(ticket, agent)
    assert client.head(ticket.get_absolute_url()).status_code == 200
    assert listed_as_new(client) == [ticket.title]


def test_a_stranger_reads_nothing(ticket, agent, gold):
    answer(ticket, agent)
    assert signed_in(gold).get(ticket.get_absolute_url()).status_code == 404
    assert not ReadMark.objects.filter(person=gold).exists()


def test_what_happens_while_one_reads_stays_new(client, ticket, silver, agent):
    answer(ticket, agent)
    row = Ticket.objects.with_unread(silver).get(pk=ticket.pk)
    answer(ticket, agent, at=at(2))
    row.seen_by(silver)
    assert listed_as_new(client) == [ticket.title]


# What the marks cost


def test_the_marks_cost_no_page_more_than_eight_queries(
    client, silver, agent, django_assert_max_num_queries
):
    for number in range(30):
        ticket = submit(silver, title=f"Issue {number}")
        verb = ("reply", "ask")[number % 2]
        answer(ticket, agent, verb=verb, at=timezone.now())
    queue.current()  # kept for the whole process
    for address in (LIST, "/", ticket.get_absolute_url()):
        with django_assert_max_num_queries(8):
            client.get(address)
