"""My Technical Issues: three sections in their order, and search within one's own."""

import datetime as dt
import re
import uuid

import pytest
from conftest import NOW, answer, signed_in, submit
from django.db import connection
from django.test.utils import CaptureQueriesContext
from servers import needs_postgresql

from accounts.models import Rank, User
from accounts.text import fold
from tickets.models import Reply, Ticket

LIST = "/technical-issues/"
Status = Ticket.Status

pytestmark = pytest.mark.usefixtures("silver_reads_english")


@pytest.fixture
def client(silver):
    return signed_in(silver)


def row(member, number, status=Status.OPEN, **fields):
    """An unsaved ticket, the higher its ``number`` the newer."""
    at = NOW + dt.timedelta(minutes=number)
    title = fields.pop("title", f"Issue {number}")
    return Ticket(
        member=member,
        rank=member.rank,
        language="en",
        title=title,
        description="Nothing happens.",
        status=status,
        submission_id=uuid.uuid4(),
        created_at=at,
        waiting_since=at,
        closed_at=at if status == Status.CLOSED else None,
        search_text=fold(f"English {title} Nothing happens."),
        **fields,
    )


def file_many(member, count, status=Status.OPEN):
    Ticket.objects.bulk_create([row(member, n, status) for n in range(count)], batch_size=500)


def file_one(member, title, **fields):
    return Ticket.objects.bulk_create([row(member, 0, title=title, **fields)])[0]


def sections_of(response):
    """The sections on the page: heading with count → titles, in the page's order."""
    parts = response.content.decode().split('<details class="section')[1:]
    return {heading_of(part): re.findall(r"<bdi>(.*?)</bdi>\s*</a>", part) for part in parts}


def heading_of(part):
    return re.sub(r"<.*?>", "", re.search(r"<h2.*?>(.*?)</h2>", part)[1])


def found(client, words, **query):
    titles = sections_of(client.get(LIST, {"q": words, **query})).values()
    return [title for section in titles for title in section]


# Sections


def test_three_sections_stand_in_order_with_their_counts(client, silver, agent):
    submit(silver, title="One")
    answer(submit(silver, title="Two"), agent, verb="ask")
    submit(silver, title="Three").close(silver, at=NOW)
    assert list(sections_of(client.get(LIST)).items()) == [
        ("Open Tech Issues (1)", ["One"]),
        ("Awaiting Feedback (1)", ["Two"]),
        ("Closed Tech Issues (1)", ["Three"]),
    ]


def test_an_empty_section_keeps_its_heading_and_says_so(client, silver):
    submit(silver, title="One")
    page = client.get(LIST)
    assert sections_of(page)["Awaiting Feedback (0)"] == []
    assert "Nothing is waiting for your reply." in page.content.decode()


def test_open_issues_stand_newest_first(client, silver):
    for day in (2, 3, 1):
        submit(silver, title=f"Day {day}", at=NOW + dt.timedelta(days=day))
    assert sections_of(client.get(LIST))["Open Tech Issues (3)"] == ["Day 3", "Day 2", "Day 1"]


def test_awaiting_issues_stand_longest_waiting_first(client, silver, agent):
    for title, hours in (("Second", 2), ("Third", 3), ("First", 1)):
        ticket = submit(silver, title=title)
        answer(ticket, agent, verb="ask", at=NOW + dt.timedelta(hours=hours))
    titles = sections_of(client.get(LIST))["Awaiting Feedback (3)"]
    assert titles == ["First", "Second", "Third"]


def test_closed_issues_stand_last_closed_first(client, silver):
    for title, hours in (("Earlier", 1), ("Later", 2)):
        submit(silver, title=title).close(silver, at=NOW + dt.timedelta(hours=hours))
    assert sections_of(client.get(LIST))["Closed Tech Issues (2)"] == ["Later", "Earlier"]


def test_an_awaiting_issue_shows_the_last_question_only(client, ticket, agent):
    answer(ticket, agent, "Which browser?", verb="ask")
    answer(ticket, agent, "And which version?", verb="ask", at=NOW + dt.timedelta(hours=2))
    page = client.get(LIST).content.decode()
    assert "And which version?" in page
    assert "Which browser?" not in page


def test_of_the_closed_five_are_shown_with_a_way_to_all(client, silver):
    file_many(silver, 7, Status.CLOSED)
    page = client.get(LIST)
    assert len(sections_of(page)["Closed Tech Issues (7)"]) == 5
    assert f'href="{LIST}?section=closed"' in page.content.decode()
    alone = sections_of(client.get(LIST, {"section": "closed"}))
    assert [len(titles) for titles in alone.values()] == [7]


def test_of_the_open_twenty_are_shown_with_a_way_to_all(client, silver):
    file_many(silver, 21)
    page = client.get(LIST)
    assert len(sections_of(page)["Open Tech Issues (21)"]) == 20
    assert f'href="{LIST}?section=open"' in page.content.decode()


@pytest.mark.parametrize(
    ("number", "first"),
    [
        ("1", "Issue 44"),
        ("2", "Issue 24"),
        ("3", "Issue 4"),
        ("٣", "Issue 4"),  # a three, to Python and to its readers
        ("1000000000", "Issue 4"),
        ("9" * 30, "Issue 4"),
        ("-1", "Issue 4"),
        ("0", "Issue 4"),
        ("²", "Issue 44"),
        ("x", "Issue 44"),
        ("1.5", "Issue 44"),
        ("9" * 5000, "Issue 44"),
        ("\0", "Issue 44"),
        ("", "Issue 44"),
    ],
)
def test_any_page_number_leads_to_a_page(client, silver, number, first):
    file_many(silver, 45)
    page = client.get(LIST, {"section": "open", "page": number})
    assert page.status_code == 200
    assert sections_of(page)["Open Tech Issues (45)"][0] == first


def test_an_unknown_section_is_the_whole_list(client, silver):
    file_many(silver, 1)
    assert len(sections_of(client.get(LIST, {"section": "open' OR 1=1"}))) == 3


def test_the_first_visit_tells_how_it_goes(client, silver):
    assert "Nothing here yet." in client.get(LIST).content.decode()
    submit(silver)
    assert "Nothing here yet." not in client.get(LIST).content.decode()


def test_an_agents_own_list_shows_only_the_agents_own(ticket, agent):
    client = signed_in(agent)
    assert "Nothing here yet." in client.get(LIST).content.decode()
    submit(agent, title="The desk is slow")
    assert found(client, "") == ["The desk is slow"]


# Search


@pytest.mark.parametrize("words", ["TI-1042", "1042", "#1042", "ti-1042", " TI – 1042 ", "# 1042"])
def test_a_number_is_found_in_every_spelling(client, silver, words):
    file_one(silver, "Wanted", pk=1042)
    file_one(silver, "Another", pk=10420)
    assert found(client, words) == ["Wanted"]


@pytest.mark.parametrize("words", ["narocila", "NAROČILA", "Naroc", "obdelati narocila", "placaj"])
def test_words_are_found_without_accents_case_or_order(client, silver, words):
    submit(silver)
    submit(silver, title="Something else", description="Entirely")
    assert found(client, words) == ["Naročila ni mogoče obdelati"]


def test_every_word_must_be_there(client, ticket):
    assert found(client, "narocila mesec") == []


def test_the_words_of_replies_are_found(client, ticket, agent):
    answer(ticket, agent, "Izpraznite predpomnilnik.")
    assert found(client, "predpomnilnik") == [ticket.title]


@pytest.mark.parametrize(("words", "titles"), [("%", ["100% sure"]), ("a_b", ["a_b"]), ("\\", [])])
def test_wildcards_of_the_database_are_plain_characters(client, silver, words, titles):
    for title in ("100% sure", "a_b", "axb"):
        submit(silver, title=title)
    assert found(client, words) == titles


def test_nothing_of_others_is_found(client, silver, gold):
    submit(silver, title="Own")
    other = submit(gold, title="Zaupno")
    assert found(client, "zaupno") == found(client, other.number) == []
    assert "Nothing found for “zaupno”." in client.get(LIST, {"q": "zaupno"}).content.decode()


def test_internal_notes_are_never_found(client, ticket, agent):
    answer(ticket, agent, "Prevara", verb="note")
    assert found(client, "prevara") == []


def test_found_issues_of_one_section_come_in_pages_too(client, silver):
    file_many(silver, 25, Status.CLOSED)
    file_one(silver, "Different", status=Status.CLOSED)
    titles = found(client, "issue", section="closed", page=2)
    assert len(titles) == 5
    page = client.get(LIST, {"q": "issue", "section": "closed"}).content.decode()
    assert "section=closed&amp;q=issue&amp;page=2" in page


def test_a_nul_between_the_letters_is_overlooked(client, ticket):
    assert found(client, "nar\0ocila") == [ticket.title]


@pytest.mark.parametrize("words", ["\0", "'\"--;", "\u202e", "👩‍👩‍👧", "x" * 10_000])
def test_odd_words_are_answered(client, ticket, words):
    assert client.get(LIST, {"q": words}).status_code == 200


# What the pages cost


@pytest.mark.parametrize("count", [1, 10_000])
def test_the_list_asks_the_database_eight_times_at_most(
    client, silver, agent, count, django_assert_max_num_queries
):
    Ticket.objects.bulk_create(
        [row(silver, n, list(Status)[n % 3]) for n in range(count)], batch_size=1000
    )
    with django_assert_max_num_queries(8):
        client.get(LIST)
    with django_assert_max_num_queries(8):
        client.get(LIST, {"q": "issue"})
    with django_assert_max_num_queries(8):
        client.get("/technical-issues/new/")


@pytest.mark.parametrize("count", [1, 200])
def test_a_ticket_asks_the_database_eight_times_at_most(
    client, silver, agent, ticket, upload, count, django_assert_max_num_queries
):
    Reply.objects.bulk_create(
        Reply(
            ticket=ticket,
            author=(silver, agent)[n % 2],
            body=f"Reply {n}",
            submission_id=uuid.uuid4(),
            at=NOW,
        )
        for n in range(count)
    )
    for reply in ticket.replies.all():
        upload.pk, upload.uuid, upload.ticket, upload.reply = None, uuid.uuid4(), ticket, reply
        upload.save(force_insert=True)
    with django_assert_max_num_queries(8):
        page = client.get(ticket.get_absolute_url())
    assert page.content.decode().count('class="shot"') == count


@pytest.fixture
def crowd(silver):
    """Twenty thousand tickets of a thousand members, known to the planner."""
    User.objects.bulk_create(
        User(username=f"member{n}", rank=Rank.SILVER, password="!") for n in range(1000)
    )
    members = [*User.objects.filter(username__startswith="member"), silver]
    Ticket.objects.bulk_create(
        [row(members[n % 1001], n, list(Status)[n // 1001 % 3]) for n in range(20_000)],
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        for field in ("search_text", "notes_text"):  # as vacuum does in a running house
            cursor.execute(f"SELECT gin_clean_pending_list('ticket_{field}_trigrams')")
        cursor.execute("ANALYZE tickets_ticket")


def plans_of(visit):
    """The plan of every question about tickets that ``visit`` asks, as text."""
    with CaptureQueriesContext(connection) as asked:
        assert visit().status_code == 200
    questions = [entry["sql"] for entry in asked if 'FROM "tickets_ticket"' in entry["sql"]]
    with connection.cursor() as cursor:
        for question in questions:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {question}")
            yield question, str(cursor.fetchone()[0])


@needs_postgresql
def test_no_page_of_members_reads_the_whole_table(client, crowd):
    queries = [{}, {"section": "open"}, {"section": "awaiting_feedback"}, {"section": "closed"}]
    searches = [{"q": "issue 777"}, {"q": "777"}, {"q": "TI-777"}, {"q": "x", "section": "closed"}]
    visits = [lambda query=query: client.get(LIST, query) for query in queries + searches]
    own = Ticket.objects.filter(member__username="sonja").first().get_absolute_url()
    visits += [lambda path=path: client.get(path) for path in ("/", f"{LIST}new/", own)]
    for visit in visits:
        plans = list(plans_of(visit))
        assert plans
        for question, plan in plans:
            assert "Index" in plan, question
            assert "'Node Type': 'Seq Scan'" not in plan, question


@needs_postgresql
def test_the_desks_search_never_reads_the_whole_table(crowd, agent):
    desk, client = "/admin/tickets/ticket/", signed_in(agent)
    for words in ("issue 7777", "7777 issue"):  # a number alone leads to its ticket
        plans = list(plans_of(lambda query={"q": words}: client.get(desk, query)))
        assert plans
        for question, plan in plans:
            assert "trigrams" in plan, question
