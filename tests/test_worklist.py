"""The work list: its views, pages and neighbours, and what is done to several tickets at once."""

import csv
import datetime as dt
import io
import re
import uuid

import pytest
from conftest import NOW, answer, png_file, signed_in, submit
from django.contrib.auth.models import Permission
from django.core import signing
from django.http import QueryDict
from django.utils import timezone
from post_office.models import Email

from accounts.models import AuditEntry
from tickets.models import ReadMark, Screenshot, Ticket, TicketEvent, Topic
from tickets.worklist import Worklist

LIST = "/admin/tickets/ticket/"
NEXT, UNDO = f"{LIST}next/", f"{LIST}undo/"
Status = Ticket.Status
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def desk(agent):
    return signed_in(agent)


@pytest.fixture
def looker(supervisor):
    """Staff who may look at tickets and no more."""
    supervisor.groups.clear()
    supervisor.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    return signed_in(supervisor)


@pytest.fixture
def three(silver, other_silver, gold):
    """Tickets of three members, the first of them waiting longest."""
    members = (silver, other_silver, gold)
    return [
        submit(member, title=f"Issue {n}", at=timezone.now() - (9 - n) * HOUR)
        for n, member in enumerate(members, 1)
    ]


def work(agent, query="", now=None):
    return Worklist(QueryDict(query), agent, now or timezone.now())


def titles(agent, query="", now=None):
    return [ticket.title for ticket in work(agent, query, now).page().tickets]


def text_of(response):
    return response.content.decode()


def told(client, **query):
    """What the next page says, without its markup."""
    html = text_of(client.get(LIST, query))
    listed = " ".join(re.findall(r'<ul class="messagelist">(.*?)</ul>', html, re.DOTALL))
    return " ".join(re.sub(r"<.*?>", " ", listed).split())


def act(client, action, tickets, **fields):
    chosen = [getattr(ticket, "pk", ticket) for ticket in tickets]
    return client.post(LIST, {"action": action, "selected": chosen, **fields})


def send(client, action, tickets, body="", **fields):
    """Press the button of the page that asks again."""
    ids = {"submission_id": uuid.uuid4(), "confirmed": "1"}
    return act(client, action, tickets, body=body, **{**ids, **fields})


def token_of(client):
    return re.search(r'name="token" value="(.*?)"', text_of(client.get(LIST)))[1]


def states(tickets):
    for ticket in tickets:
        ticket.refresh_from_db()
    return [(ticket.status, ticket.assignee_id, ticket.events.count()) for ticket in tickets]


# Saved views


@pytest.fixture
def seven(silver, gold, agent, supervisor):
    """Tickets in every state that a saved view asks for."""
    now = timezone.now()
    _free, mine, asked, others, read, done, past = (
        submit(silver if n % 2 else gold, title=title, at=now - (30 - n) * DAY)
        for n, title in enumerate(["free", "mine", "asked", "others", "read", "done", "past"])
    )
    for ticket in (mine, asked, read, done):
        ticket.assign(agent, agent, at=now - 20 * DAY)
    others.assign(supervisor, supervisor, at=now - 20 * DAY)
    answer(asked, agent, verb="ask", at=now - 19 * DAY)
    for ticket in (read, asked):
        ReadMark.objects.move(agent.pk, ticket.pk, ticket.last_event)
    done.close(agent, at=now - DAY)
    past.close(agent, at=now - 8 * DAY)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "free mine others read asked"),
        ("view=unassigned", "free"),
        ("view=mine", "mine read asked"),
        ("view=unread", "mine"),
        ("view=awaiting", "asked"),
        ("view=oldest", "free mine asked others read"),
        ("view=closed", "done"),
        ("view=all", "past done read others asked mine free"),
        ("view=nonsense", "free mine others read asked"),
        ("view=mine&status=closed", "done"),
        ("view=mine&status=awaiting_feedback", "asked"),
        ("view=awaiting&status=open", ""),
        ("view=closed&status=open", ""),
        ("status=closed", "done past"),
        ("view=mine&q=issue", ""),
        ("view=mine&q=asked", "asked"),
        ("q=past", "past"),
    ],
)
def test_each_view_shows_its_tickets_in_its_order(seven, agent, query, expected):
    assert titles(agent, query) == expected.split()


def test_every_view_is_counted_by_one_query(seven, agent, django_assert_num_queries):
    asked = work(agent)
    asked.agent.has_perm("tickets.view_ticket")
    with django_assert_num_queries(1):
        counts = asked.counts
    assert counts == {
        **{"work": 5, "unassigned": 1, "mine": 3, "unread": 1},
        **{"awaiting": 1, "oldest": 5, "closed": 1, "all": 7},
    }


def test_counting_ends_at_a_thousand(three, desk, settings):
    settings.COUNT_CAP = 2
    html = text_of(desk.get(LIST))
    assert html.count('<span class="nums">2+</span>') == 4  # work, unassigned, oldest, all
    assert '<span class="nums">0</span>' in html


def test_a_large_count_is_written_as_the_reader_writes_it(three, desk, settings, monkeypatch):
    settings.COUNT_CAP = 1_000
    counts = dict.fromkeys(work(three[0].member).counts, 1_001)
    monkeypatch.setattr(Worklist, "counts", counts)
    assert '<span class="nums">1,000+</span>' in text_of(desk.get(LIST))


def test_the_view_one_is_in_is_marked(seven, desk):
    html = text_of(desk.get(LIST, {"view": "mine"}))
    assert re.findall(r'aria-current="page">(.*?) <', html) == ["Mine"]


def test_the_page_names_its_view(seven, desk):
    html = text_of(desk.get(LIST, {"view": "mine"}))
    assert 'Tickets <span class="work-view">Mine</span></h1>' in html


def test_a_search_in_the_first_view_is_one_of_all_tickets(seven, desk):
    html = text_of(desk.get(LIST, {"q": "past"}))
    assert re.findall(r'aria-current="page">(.*?) <', html) == ["All"]
    assert "Search all tickets" not in html
    assert '<li><a href="?">' in html  # without it one is in the first view again


def test_a_search_that_finds_nothing_in_a_view_leads_on_to_all_tickets(seven, desk):
    html = text_of(desk.get(LIST, {"view": "mine", "q": "past", "language": "sl"}))
    assert '<a href="?view=all&amp;q=past">Search all tickets</a>' in html


def test_filters_say_how_many_they_leave(seven, desk):
    assert "7 tickets found" in text_of(desk.get(LIST, {"view": "all", "age": "1"}))
    assert "tickets found" not in text_of(desk.get(LIST, {"view": "all"}))


def test_the_topic_and_the_pictures_narrow_the_list(three, agent):
    first, second, _third = three
    topic = Topic.objects.first()
    first.set_topic(agent, topic, at=timezone.now())
    shot = Screenshot.objects.upload(second.member, png_file(), NOW)
    answer(second, second.member, screenshots=[shot])
    assert titles(agent, f"topic={topic.pk}") == ["Issue 1"]
    assert sorted(titles(agent, "topic=none")) == ["Issue 2", "Issue 3"]
    assert titles(agent, "pictures=1") == ["Issue 2"]


def test_active_filters_stand_as_links_that_remove_them(three, desk):
    html = text_of(desk.get(LIST, {"language": "cs", "rank": "gold", "view": "oldest"}))
    chips = re.findall(r'<li><a href="\?([^"]*)"><span class="visually-hidden">Remove', html)
    assert chips == ["view=oldest&amp;rank=gold", "view=oldest&amp;language=cs"]


def test_empty_fields_of_the_form_leave_the_address(three, desk):
    sent = desk.get(LIST, {"view": "mine", "status": "", "language": "cs", "q": ""})
    assert (sent.status_code, sent["Location"]) == (302, f"{LIST}?view=mine&language=cs")


@pytest.mark.parametrize("words", ["TI-{}", "ti {}", "#{}", "{}", " {} "])
def test_a_number_leads_straight_to_its_ticket(ticket, desk, words):
    words = words.format(ticket.pk).replace("ti ", "ti-")
    led = desk.get(LIST, {"q": words, "view": "mine"})
    assert (led.status_code, led["Location"]) == (302, f"{LIST}{ticket.pk}/change/?view=mine")


def test_a_number_that_no_ticket_has_is_searched_for(ticket, desk):
    assert "Nothing matches." in text_of(desk.get(LIST, {"q": "TI-987654"}))


def test_two_letters_look_only_at_how_titles_begin(silver, agent):
    submit(silver, title="VPN does not connect", description="x")
    submit(silver, title="Other", description="The VP said so")
    assert titles(agent, "q=vp") == ["VPN does not connect"]
    assert len(titles(agent, "q=vpn")) == 1


def test_a_search_without_a_letter_finds_nothing(ticket, agent):
    asked = work(agent, "q=´")
    assert asked.page().tickets == []
    assert asked.counts["found"] == 0
    assert asked.neighbours(ticket) == (None, None)


# Rows


def row_of(client, ticket, **query):
    html = text_of(client.get(LIST, query))
    rows = re.findall(r"<tr[^>]*data-row>.*?</tr>", html, re.DOTALL)
    return next(row for row in rows if f">{ticket.number}<" in row)


def cell(row, name):
    found = re.search(rf'class="field-{name}[^>]*>(.*?)</t[dh]>', row, re.DOTALL)[1]
    return " ".join(re.sub(r"<.*?>", " ", found).split())


def test_a_row_says_who_spoke_last(ticket, agent, desk):
    assert cell(row_of(desk, ticket), "last") == "Nobody yet"
    answer(ticket, agent)
    assert cell(row_of(desk, ticket), "last") == "Ana Novak"
    answer(ticket, agent, "Med nami", verb="note", at=NOW + 2 * HOUR)
    answer(ticket, ticket.member, at=NOW + 3 * HOUR)
    assert cell(row_of(desk, ticket), "last") == "Member"


def test_what_waits_for_support_longer_than_a_day_is_marked(silver, agent, desk):
    old = submit(silver, at=timezone.now() - 25 * HOUR)
    new = submit(silver, at=timezone.now() - 23 * HOUR)
    assert "is-late" in row_of(desk, old)
    assert "is-late" not in row_of(desk, new)
    answer(old, agent, verb="ask", at=timezone.now() - 25 * HOUR)
    assert "is-late" not in row_of(desk, old)


def test_what_the_agent_has_not_read_is_marked(ticket, agent, desk):
    assert cell(row_of(desk, ticket), "subject").startswith("unread ")
    ReadMark.objects.move(agent.pk, ticket.pk, ticket.last_event)
    assert "unread" not in row_of(desk, ticket)


def test_a_merged_ticket_says_where_it_went(silver, agent, desk):
    kept, duplicate = submit(silver), submit(silver, title="Še enkrat")
    duplicate.merge_into(agent, kept, at=timezone.now())
    assert f"→ {kept.number}" in row_of(desk, duplicate, view="all")


def test_titles_are_marked_with_their_language_and_never_markup(silver, desk):
    ticket = submit(silver, title="<b>Napaka</b>", language="sl")
    row = row_of(desk, ticket)
    assert 'lang="sl">&lt;b&gt;Napaka&lt;/b&gt;<' in row


def test_links_carry_the_list_along(ticket, desk):
    assert f'href="{LIST}{ticket.pk}/change/?view=oldest&amp;rank=silver"' in row_of(
        desk, ticket, view="oldest", rank="silver"
    )


# Pages


@pytest.fixture
def many(silver, other_silver, agent):
    """Nine tickets in both states, most of them of the same instants."""
    for n in range(9):
        ticket = submit(silver, title=f"{n}", at=NOW + (n // 4) * HOUR)
        if n % 3 == 2:
            answer(ticket, agent, verb="ask", at=NOW + 5 * HOUR)
    for n in range(4):
        submit(other_silver, title=f"c{n}").close(agent, at=NOW + DAY + (n // 3) * HOUR)


VIEWS = ["", "view=unassigned", "view=oldest", "view=awaiting", "view=closed", "view=all", "q=Klik"]


def all_of(agent, query):
    """The whole list at once."""
    return [ticket.pk for ticket in work(agent, query, NOW + 2 * DAY).page(50).tickets]


@pytest.mark.parametrize("query", VIEWS)
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pages_forwards_and_back_leave_nothing_out(many, agent, query, size):
    whole, at = all_of(agent, query), NOW + 2 * DAY
    pages = [work(agent, query, at).page(size)]
    while pages[-1].after and len(pages) <= len(whole):
        pages.append(work(agent, pages[-1].after, at).page(size))
    forwards = [[ticket.pk for ticket in page.tickets] for page in pages]
    assert whole
    assert [pk for page in forwards for pk in page] == whole
    back = pages[-1:]
    while back[0].before and len(back) <= len(whole):
        back.insert(0, work(agent, back[0].before, at).page(size))
    assert [[ticket.pk for ticket in page.tickets] for page in back] == forwards


def test_pages_go_on_where_the_row_was_even_if_it_is_gone(many, agent):
    first = work(agent, "", NOW + 2 * DAY).page(3)
    rest = all_of(agent, "")[3:]
    Ticket.objects.get(pk=first.tickets[-1].pk).close(agent, at=NOW + DAY)
    second = work(agent, first.after, NOW + 2 * DAY).page(50)
    assert [ticket.pk for ticket in second.tickets] == rest


def test_a_page_that_has_become_empty_is_the_first_one(three, agent):
    place = f"after=open.{2 * 10**15}.{10**17}"
    assert titles(agent, place) == ["Issue 1", "Issue 2", "Issue 3"]
    assert not work(agent, place).page().before


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize(
    "place",
    [
        *("", "x", "1", "open", "open.1", "open.1.2.3", "closed.1.2", "open.-1.2", "open.1.-2"),
        *("open.99999999999999999.999999999999999999", f"open.{'9' * 40}.1", "open.².1"),
        *("open.1e9.1", "open.0.0", "open.1.1\n", "\0", "open.1.9999999999999999999"),
    ],
)
def test_a_forged_place_is_never_an_error(three, desk, name, place):
    for view in ("", "oldest", "closed", "all"):
        response = desk.get(LIST, {name: place, "view": view}, follow=True)
        assert response.status_code == 200


@pytest.mark.parametrize("query", VIEWS[:-1])
def test_neighbours_are_those_of_the_list(many, agent, query, django_assert_max_num_queries):
    whole = [None, *all_of(agent, query), None]
    asked = work(agent, query, NOW + 2 * DAY)
    for before, pk, after in zip(whole, whole[1:], whole[2:], strict=False):
        ticket = Ticket.objects.get(pk=pk)
        with django_assert_max_num_queries(2):
            assert asked.neighbours(ticket) == (before, after)


@pytest.mark.parametrize("query", ["q=issue", "view=mine&q=issue", "rank=silver"])
def test_what_was_searched_for_has_no_neighbours(three, agent, query, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert work(agent, query).neighbours(three[1]) == (None, None)


def test_after_a_ticket_that_left_the_view_comes_its_first(three, agent):
    three[1].close(agent, at=timezone.now())
    assert work(agent, "").neighbours(three[1]) == (None, three[0].pk)


# Several at once


def test_handing_over_several_tickets(three, desk, agent, supervisor):
    three[1].assign(agent, supervisor, at=timezone.now())
    done = act(desk, "assign", three, assignee=supervisor.pk)
    assert (done.status_code, done["Location"]) == (303, LIST)
    said = told(desk)
    assert "2 tickets are handed over." in said
    assert f"{three[1].number}: Nothing to change here." in said
    assert [state[1] for state in states(three)] == [supervisor.pk] * 3


def test_letting_go_of_several_tickets(three, desk, agent):
    for ticket in three:
        ticket.assign(agent, agent, at=timezone.now())
    act(desk, "assign", three, assignee="")
    assert [state[1] for state in states(three)] == [None] * 3
    assert "3 tickets are unassigned." in told(desk)


@pytest.mark.parametrize("action", ["ask", "close"])
def test_what_members_hear_of_is_asked_again(three, desk, action):
    before, mails = states(three), Email.objects.count()
    page = act(desk, action, three[:2])
    html = text_of(page)
    assert page.status_code == 200
    assert re.search("<h1>.* 2 tickets</h1>", html)
    for ticket in three[:2]:
        assert f"{ticket.number}<" in html
        assert f'name="selected" value="{ticket.pk}"' in html
    assert three[2].number not in html
    assert (states(three), Email.objects.count()) == (before, mails)


def test_asking_several_members_skips_what_is_closed(three, desk, agent):
    three[0].close(three[0].member, at=timezone.now())
    send(desk, "ask", three, "Does it work again?")
    said = told(desk)
    assert "The question is sent in 2 tickets." in said
    assert f"{three[0].number}: This issue is closed. Reopen it first." in said
    assert [state[0] for state in states(three)] == ["closed"] + ["awaiting_feedback"] * 2
    for ticket in three[1:]:
        assert [question.text for question in ticket.open_questions] == ["Does it work again?"]


def test_a_double_click_asks_once(three, desk):
    form = {"submission_id": uuid.uuid4()}
    for _click in range(2):
        send(desk, "ask", three, "Does it work again?", **form)
    assert [ticket.replies.count() for ticket in three] == [1, 1, 1]


@pytest.mark.parametrize(("body", "replies"), [("", 0), ("It was us. It works again.", 1)])
def test_closing_several_tickets_with_or_without_a_reply(three, desk, body, replies):
    form = {"submission_id": uuid.uuid4()}
    for _click in range(2):
        send(desk, "close", three, body, **form)
    assert [state[0] for state in states(three)] == ["closed"] * 3
    assert [ticket.replies.count() for ticket in three] == [replies] * 3
    assert TicketEvent.objects.filter(verb="close").count() == 3


def test_a_form_sent_again_leaves_what_was_opened_since(three, desk, supervisor):
    form = {"submission_id": uuid.uuid4()}
    send(desk, "close", three, "It works again.", **form)
    three[0].reopen(supervisor, submission_id=uuid.uuid4(), at=timezone.now())
    desk.get(LIST)
    send(desk, "close", three, "It works again.", **form)
    assert [state[0] for state in states(three)] == ["open", "closed", "closed"]
    assert f"{three[0].number}: Nothing to change here." in told(desk)


@pytest.mark.parametrize("action", ["ask", "close"])
def test_what_will_be_skipped_is_said_before(three, desk, agent, silver, action):
    three[0].close(agent, at=timezone.now())
    duplicate = submit(silver, title="Twice", at=timezone.now())
    duplicate.merge_into(agent, kept := submit(silver, at=timezone.now()), at=timezone.now())
    html = text_of(act(desk, action, [*three, duplicate, 987654]))
    assert re.search("<h1>.* 2 tickets</h1>", html)
    skipped = html.split("These will be skipped:")[1].split("</ul>")[0]
    for ticket in (three[0], duplicate):
        assert ticket.number in skipped
    assert f"→ {kept.number}" in skipped
    assert "TI-987654" in skipped
    assert three[1].number not in skipped


def test_where_all_are_skipped_nothing_is_asked(three, desk, agent):
    three[0].close(agent, at=timezone.now())
    html = text_of(act(desk, "ask", three[:1]))
    assert three[0].number in html.split("These will be skipped:")[1]
    assert "<textarea" not in html


@pytest.mark.parametrize(
    ("action", "body", "words"),
    [
        ("ask", " ", "Write a question."),
        ("ask", "a" * 2_001, "2000"),
        ("close", "a\0b", ""),
    ],
)
def test_a_text_that_cannot_be_sent_is_given_back(three, desk, action, body, words):
    before = states(three)
    refused = send(desk, action, three, body)
    assert refused.status_code == 400
    assert words in text_of(refused)
    assert f'name="selected" value="{three[0].pk}"' in text_of(refused)
    assert states(three) == before


def test_an_agents_own_ticket_is_skipped_with_the_reason(three, desk, agent):
    own = submit(agent, title="The desk is slow")
    send(desk, "ask", [own, three[0]], "Still?")
    assert f"{own.number}: This cannot be done to your own ticket." in told(desk)
    assert states([own])[0][0] == Status.OPEN


def test_the_way_back_leads_to_the_same_page_of_the_list(three, desk):
    post = {"action": "assign", "selected": three[0].pk, "assignee": ""}
    back = desk.post(f"{LIST}?view=oldest&after={three[0].pk}&x=1", post)
    assert back["Location"] == f"{LIST}?view=oldest&after={three[0].pk}"


@pytest.mark.parametrize(
    ("post", "words"),
    [
        ({}, "Choose what to do with the tickets."),
        ({"action": ""}, "Choose what to do with the tickets."),
        ({"action": "delete_selected"}, "Choose what to do with the tickets."),
        ({"action": "merge_into"}, "Choose what to do with the tickets."),
        ({"action": "close", "selected": []}, "Select at least one ticket."),
        ({"action": "close", "selected": ["x", "-1", "1.5", "9" * 30]}, "Select at least one"),
        ({"action": "ask", "selected": list(range(1, 200))}, "Select 100 tickets at most."),
        ({"action": "assign", "assignee": "x"}, "Choose who takes the tickets."),
        ({"action": "assign", "assignee": "{member}"}, "Choose who takes the tickets."),
        ({"action": "assign"}, "Choose who takes the tickets."),
    ],
)
def test_a_forged_act_changes_nothing_and_says_so(three, desk, silver, post, words):
    before = states(three)
    post = {"selected": [ticket.pk for ticket in three], "confirmed": "1", "body": "x", **post}
    post = {k: v.format(member=silver.pk) if k == "assignee" else v for k, v in post.items()}
    assert desk.post(LIST, post).status_code == 303
    assert words in told(desk)
    assert states(three) == before


def test_numbers_that_no_ticket_has_are_named(three, desk):
    send(desk, "close", [three[0], 987654])
    assert "TI-987654: There is no such ticket." in told(desk)
    assert states(three)[0][0] == Status.CLOSED


def test_who_may_only_look_changes_nothing(three, looker, supervisor):
    before = states(three)
    assert looker.get(LIST).status_code == 200
    assert 'value="assign"' not in text_of(looker.get(LIST))
    for action in ("assign", "ask", "close", "", "x"):
        refused = send(looker, action, three, "x", assignee=supervisor.pk)
        assert refused.status_code == 403
    for address in (NEXT, UNDO):
        assert looker.post(address).status_code == 403
    assert states(three) == before


def test_staff_without_any_permission_have_no_list(three, supervisor):
    supervisor.groups.clear()
    client, before = signed_in(supervisor), states(three)
    for action in ("assign", "close", "export"):
        assert send(client, action, three).status_code == 403
    assert client.post(NEXT).status_code == 403
    assert states(three) == before


def test_to_work_on_tickets_one_must_see_them(three, supervisor):
    supervisor.groups.clear()
    supervisor.user_permissions.add(Permission.objects.get(codename="change_ticket"))
    client, before = signed_in(supervisor), states(three)
    for action in ("assign", "ask", "close"):
        assert send(client, action, three, "x", assignee=supervisor.pk).status_code == 403
    for address in (NEXT, UNDO):
        assert client.post(address).status_code == 403
    assert 'value="assign"' not in text_of(client.get(LIST))
    assert states(three) == before


# Undo


def test_an_assignment_is_undone(three, desk, agent, supervisor):
    three[0].assign(agent, supervisor, at=timezone.now())
    act(desk, "assign", three, assignee=agent.pk)
    done = desk.post(UNDO, {"token": token_of(desk)})
    assert (done.status_code, done["Location"]) == (303, LIST)
    assert "3 tickets are as they were." in told(desk)
    assert [state[1] for state in states(three)] == [supervisor.pk, None, None]


def test_the_offer_to_undo_stands_there_once(three, desk, agent):
    act(desk, "assign", three, assignee=agent.pk)
    assert "Undo" in text_of(desk.get(LIST))
    assert "Undo" not in text_of(desk.get(LIST))


def test_undoing_a_closing_at_once_leaves_the_member_in_peace(three, desk):
    before, mails = states(three), Email.objects.count()
    waited = [ticket.waiting_since for ticket in three]
    send(desk, "close", three)
    assert Email.objects.count() == mails + 3
    desk.post(UNDO, {"token": token_of(desk)})
    after = states(three)
    assert [state[0] for state in after] == [state[0] for state in before]
    assert [ticket.waiting_since for ticket in three] == waited
    assert Email.objects.count() == mails


@pytest.mark.parametrize(("body", "words"), [("", "as it was"), ("Done.", "open again. The reply")])
def test_undoing_a_closing_says_that_a_reply_stays(three, desk, body, words):
    send(desk, "close", three[:1], body)
    desk.post(UNDO, {"token": token_of(desk)})
    assert words in told(desk)
    assert three[0].replies.count() == bool(body)


def test_undoing_a_closing_later_tells_the_member(three, desk, time_machine):
    mails = Email.objects.count()
    time_machine.move_to(dt.datetime.now(dt.UTC), tick=False)
    send(desk, "close", three[:1])
    token = token_of(desk)
    time_machine.shift(16)
    desk.post(UNDO, {"token": token})
    assert states(three)[0][0] == Status.OPEN
    assert Email.objects.count() == mails + 2


def test_nothing_is_undone_where_somebody_has_acted_since(three, desk, agent, supervisor):
    send(desk, "close", three)
    three[1].reopen(supervisor, submission_id=uuid.uuid4(), at=timezone.now())
    answer(three[2], supervisor, "Look here", verb="note", at=timezone.now())
    desk.post(UNDO, {"token": token_of(desk)})
    said = told(desk)
    assert "1 ticket is as it was." in said
    assert f"{three[1].number}, {three[2].number}: This can no longer be undone" in said
    assert [state[0] for state in states(three)] == ["open", "open", "closed"]


def test_undoing_twice_undoes_once(three, desk, agent):
    act(desk, "assign", three, assignee=agent.pk)
    token = token_of(desk)
    for _click in range(2):
        desk.post(UNDO, {"token": token})
    assert "something has happened since" in told(desk)
    assert [ticket.events.filter(verb="assign").count() for ticket in three] == [2, 2, 2]


@pytest.mark.parametrize("token", ["", "x", "WzEsWzFdXQ:1:x", "\0"])
def test_a_forged_token_undoes_nothing(three, desk, agent, token):
    act(desk, "assign", three, assignee=agent.pk)
    desk.get(LIST)
    before = states(three)
    assert desk.post(UNDO, {"token": token}).status_code == 303
    assert "This can no longer be undone." in told(desk)
    assert states(three) == before


def test_a_colleagues_token_and_another_signature_undo_nothing(three, desk, agent, supervisor):
    act(desk, "assign", three, assignee=agent.pk)
    token, before = token_of(desk), states(three)
    other = signing.dumps([agent.pk, [event.pk for event in TicketEvent.objects.all()]])
    signed_in(supervisor).post(UNDO, {"token": token})
    desk.post(UNDO, {"token": other})
    assert states(three) == before


def test_after_ten_minutes_it_is_too_late(three, desk, agent, time_machine):
    time_machine.move_to(dt.datetime.now(dt.UTC), tick=False)
    act(desk, "assign", three, assignee=agent.pk)
    token, before = token_of(desk), states(three)
    time_machine.shift(601)
    desk.post(UNDO, {"token": token})
    assert states(three) == before


# The next ticket


def test_the_next_ticket_is_taken_and_opened(three, desk, agent):
    led = desk.post(f"{NEXT}?view=mine&nonsense=1")
    first = min(three[:2], key=lambda ticket: ticket.waiting_since)
    assert (led.status_code, led["Location"]) == (303, f"{LIST}{first.pk}/change/?view=mine")
    assert states([first])[0][1] == agent.pk


def test_where_nobody_waits_one_stays_on_the_list(desk):
    led = desk.post(f"{NEXT}?view=mine")
    assert led["Location"] == f"{LIST}?view=mine"
    assert "No open ticket is unassigned." in told(desk)


@pytest.mark.parametrize("address", [NEXT, UNDO])
def test_looking_takes_and_undoes_nothing(three, desk, address):
    before = states(three)
    assert desk.get(address).status_code == 405
    assert states(three) == before


# The table


def exported(client, query="", **post):
    response = client.post(f"{LIST}?{query}", {"action": "export", **post})
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="tickets-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"]
    )
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_a_table_of_the_chosen_tickets(three, desk, agent):
    three[0].set_topic(agent, Topic.objects.first(), at=timezone.now())
    three[0].assign(agent, agent, at=timezone.now())
    rows = exported(desk, selected=[three[0].pk])
    waited = f"{three[0].waiting_since:%Y-%m-%d %H:%M:%S}"
    assert rows == [
        {
            **{"number": three[0].number, "title": "Issue 1", "status": "open", "language": "sl"},
            **{"rank": "silver", "topic": Topic.objects.first().name, "assignee": "Ana Novak"},
            **{"opened": waited, "waiting since": waited, "closed": ""},
        }
    ]


def test_without_a_choice_the_whole_view_is_exported_in_its_order(three, desk, agent, monkeypatch):
    monkeypatch.setattr("tickets.desk.export.CHUNK", 2)
    three[0].close(agent, at=timezone.now())
    assert [row["title"] for row in exported(desk, "view=oldest")] == ["Issue 2", "Issue 3"]
    assert [row["title"] for row in exported(desk, "view=all&rank=gold")] == ["Issue 3"]
    monkeypatch.setattr("tickets.desk.export.LIMIT", 2)
    assert [row["title"] for row in exported(desk, "view=all")] == ["Issue 3", "Issue 2"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_title_is_a_formula(silver, agent, desk, sign):
    ticket = submit(silver)
    Ticket.objects.filter(pk=ticket.pk).update(title=f"{sign}HYPERLINK(1)")
    agent.first_name = "=Ana"
    agent.save()
    ticket.refresh_from_db()
    ticket.assign(agent, agent, at=timezone.now())
    (row,) = exported(desk)
    assert (row["title"], row["assignee"]) == (f"'{sign}HYPERLINK(1)", "'=Ana Novak")


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("x;=cmd|' /C calc'!A1;y", "x;'=cmd|' /C calc'!A1;y"),
        ('x; "+1"', 'x;\' "+1"'),
        ("x\t@A1\n-1", "x\t'@A1\n'-1"),
        *((f"{sign}1", f"'{sign}1") for sign in "\uff1d\uff0b\uff0d\uff20"),
        *((f"{unseen}=1", f"'{unseen}=1") for unseen in " \u00a0\u200b\ufeff\u2060\u00ad"),
        ("\n=1", "'\n'=1"),
        ("VPN - no; it = fails", "VPN - no; it = fails"),
    ],
)
def test_nor_is_a_part_of_a_title_that_may_become_a_cell(ticket, desk, title, cell):
    Ticket.objects.filter(pk=ticket.pk).update(title=title)
    assert exported(desk)[0]["title"] == cell


def test_commas_quotes_and_letters_survive_the_table(silver, desk):
    title = 'Objednávka "číslo, 1"; žluťoučký'
    submit(silver, title=title)
    assert exported(desk)[0]["title"] == title


def test_an_export_is_written_down(three, desk, agent):
    exported(desk, selected=[three[0].pk, three[1].pk])
    entry = AuditEntry.objects.get(action="export")
    assert (entry.actor, entry.about, entry.data) == (agent, "tickets", {"count": 2})


# What it costs


@pytest.mark.parametrize("query", ["", "view=unread", "q=klik", "view=all&rank=silver", "p"])
def test_twelve_queries_at_most(silver, agent, desk, query, django_assert_max_num_queries):
    now = timezone.now()
    for n in range(30):
        ticket = submit(silver, title=f"Issue {n}", at=now - n * HOUR)
        ticket.assign(agent, agent, at=now)
        if n % 2:
            answer(ticket, agent, verb="ask")
    if query == "p":
        query = work(agent).page().after
    with django_assert_max_num_queries(12):
        assert desk.get(f"{LIST}?{query}").status_code == 200
