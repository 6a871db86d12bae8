"""The figures of chats: requests, answers, waits, and what became of them."""

import datetime as dt
import io

import pytest
from chatting import start
from conftest import NOW, submit
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from servers import needs_postgresql

from chat import reports
from chat.models import Conversation, Presence
from chat.reports import ChatDay, Sent
from helpdesk.bigdata.plans import look
from tickets.reports import Scope

TODAY = NOW.date()
YESTERDAY = TODAY - dt.timedelta(days=1)
WEEK = Scope(TODAY - dt.timedelta(days=6), TODAY)


def seconds(count):
    return dt.timedelta(seconds=count)


def at(day, clock):
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), dt.UTC)


def chat(member, began, *, agent=None, waited=30, lasted=600, **fields):
    """A chat that is over; without ``agent`` the member left after ``waited`` seconds."""
    conversation = start(member, **fields)
    if agent:
        Presence.choose(agent, limit=20)
        conversation.claim(agent)
    conversation.close(member)
    claimed = began + seconds(waited) if agent else None
    moments = dict.fromkeys(("created_at", "queued_at"), began)
    moments |= dict.fromkeys(("first_claimed_at", "claimed_at"), claimed)
    moments["closed_at"] = began + seconds(waited + (lasted if agent else 0))
    Conversation.objects.filter(pk=conversation.pk).update(**moments)
    conversation.refresh_from_db()
    return conversation


def day_of(scope, day):
    return next(row for row in reports.requests(scope).days if row.day == day)


def test_every_day_of_the_scope_is_there(silver):
    found = reports.requests(WEEK)
    assert [row.day for row in found.days] == WEEK.days
    assert {row[1:] for row in found.days} == {(0, 0, 0, 0)}
    assert found.hours == {}


def test_a_day_counts_the_answered_the_missed_and_the_abandoned(silver, agent):
    chat(silver, at(TODAY, "09:00"), agent=agent)
    chat(silver, at(TODAY, "10:00"), agent=agent, waited=900)
    chat(silver, at(TODAY, "11:00"), waited=299)
    chat(silver, at(TODAY, "12:00"), waited=300)
    chat(silver, at(TODAY, "13:00"), waited=301)
    assert day_of(WEEK, TODAY) == ChatDay(TODAY, 5, 2, 2, 1)
    assert day_of(WEEK, YESTERDAY) == ChatDay(YESTERDAY, 0, 0, 0, 0)


def test_who_waits_or_talks_is_begun_but_neither_missed_nor_abandoned(silver, gold, agent):
    today = timezone.now().date()
    scope = Scope(today - dt.timedelta(days=1), today)
    start(silver)
    start(gold).claim(agent)
    days = reports.requests(scope).days
    assert [sum(day[number] for day in days) for number in (1, 2, 3, 4)] == [2, 1, 0, 0]


def test_who_was_answered_once_is_answered_although_the_agent_was_lost(silver, agent):
    conversation = chat(silver, at(TODAY, "09:00"), agent=agent)
    Conversation.objects.filter(pk=conversation.pk).update(agent=None, claimed_at=NOW)
    assert day_of(WEEK, TODAY) == ChatDay(TODAY, 1, 1, 0, 0)


def test_days_and_hours_are_gmt_and_of_the_beginning(silver, agent):
    """15 July 2026 is a Wednesday."""
    chat(silver, at(YESTERDAY, "23:59:59"), agent=agent, waited=120)
    chat(silver, at(TODAY, "00:00"), agent=agent)
    chat(silver, at(TODAY, "00:59:59"))
    chat(silver, at(TODAY, "13:05"))
    found = reports.requests(WEEK)
    assert found.hours == {(1, 23): 1, (2, 0): 2, (2, 13): 1}
    assert [row.begun for row in found.days[-2:]] == [1, 3]


def test_only_the_days_of_the_scope_count(silver):
    first = TODAY - dt.timedelta(days=6)
    chat(silver, at(first - dt.timedelta(days=1), "23:59:59.999999"))
    chat(silver, at(first, "00:00"))
    chat(silver, at(TODAY, "23:59:59.999999"))
    chat(silver, at(TODAY + dt.timedelta(days=1), "00:00"))
    assert sum(row.begun for row in reports.requests(WEEK).days) == 2
    assert sum(reports.requests(WEEK).hours.values()) == 2


def test_the_median_and_the_ninetieth_percentile_of_waits_are_waits(silver, agent):
    for waited in (10, 20, 30, 40, 1000):
        chat(silver, at(TODAY, "09:00"), agent=agent, waited=waited)
    for waited in (60, 120):
        chat(silver, at(YESTERDAY, "09:00"), agent=agent, waited=waited)
    chat(silver, at(TODAY, "10:00"), waited=5000)  # never answered: no wait for an agent
    found = reports.waits(WEEK)
    # 10 20 30 40 60 120 1000: the fourth of seven, and the seventh.
    assert (found.count, found.median, found.p90) == (7, seconds(40), seconds(1000))
    yesterday, today = found.steps[-2:]
    assert yesterday == (YESTERDAY, YESTERDAY, 2, seconds(60), seconds(120))
    assert today == (TODAY, TODAY, 5, seconds(30), seconds(1000))
    assert found.steps[0][2:] == (0, None, None)


def test_a_wait_counts_on_the_day_it_began(silver, agent):
    chat(silver, at(YESTERDAY, "23:59"), agent=agent, waited=120)
    assert [step.count for step in reports.waits(WEEK).steps][-2:] == [1, 0]


def test_a_second_agent_does_not_make_the_wait_longer(silver, agent):
    conversation = chat(silver, at(TODAY, "09:00"), agent=agent, waited=15)
    Conversation.objects.filter(pk=conversation.pk).update(claimed_at=at(TODAY, "09:30"))
    assert reports.waits(WEEK).median == seconds(15)


def test_chats_that_led_to_a_ticket_are_counted_once_by_language(silver, gold, agent):
    by_member = chat(silver, at(TODAY, "09:00"), agent=agent, language="sl")
    for _twice in range(2):
        submit(silver, from_chat=by_member.uuid)
    by_support = chat(silver, at(TODAY, "10:00"), agent=agent, language="sl")
    by_support.to_ticket(agent, "sl", NOW)
    chat(silver, at(TODAY, "11:00"), agent=agent, language="sl")
    chat(gold, at(TODAY, "12:00"), agent=agent, language="cs")
    unanswered = chat(gold, at(TODAY, "13:00"), language="en")
    submit(gold, from_chat=unanswered.uuid)
    assert reports.sent_to_ticket(WEEK) == [Sent("cs", 1, 0), Sent("sl", 3, 2)]


def test_a_ticket_of_somebody_else_does_not_count(silver, gold, agent):
    conversation = chat(silver, at(TODAY, "09:00"), agent=agent)
    submit(gold, from_chat=conversation.uuid)
    assert reports.sent_to_ticket(WEEK) == [Sent("en", 1, 0)]


def test_a_chat_is_of_who_had_it_last(silver, gold, agent, supervisor):
    chat(silver, at(TODAY, "09:00"), agent=agent)
    chat(gold, at(TODAY, "09:00"), agent=agent)
    handed_on = start(gold)
    handed_on.claim(agent)
    handed_on.transfer(agent, supervisor)
    moved = {"created_at": at(YESTERDAY, "09:00"), "queued_at": at(YESTERDAY, "09:00")}
    Conversation.objects.filter(pk=handed_on.pk).update(**moved)
    chat(silver, at(TODAY, "12:00"))
    assert reports.taken(WEEK) == {agent.pk: 2, supervisor.pk: 1}
    assert reports.taken(Scope(TODAY, TODAY)) == {agent.pk: 2}


@pytest.mark.parametrize(
    ("only", "begun"), [({"language": "sl"}, 2), ({"rank": 8}, 1), ({"language": "cs"}, 0)]
)
def test_language_and_rank_are_those_of_the_chat(silver, gold, agent, only, begun):
    chat(silver, at(TODAY, "09:00"), agent=agent, language="sl", waited=60)
    chat(silver, at(TODAY, "10:00"), agent=agent, language="en", waited=60)
    chat(gold, at(TODAY, "09:00"), agent=agent, language="sl", waited=60)
    Conversation.objects.filter(member=gold).update(rank=8)
    Conversation.objects.filter(member=silver).update(rank=7)
    scope = Scope(WEEK.first, TODAY, **only)
    assert sum(row.begun for row in reports.requests(scope).days) == begun
    assert reports.waits(scope).count == begun
    assert sum(row.chats for row in reports.sent_to_ticket(scope)) == begun
    assert sum(reports.taken(scope).values()) == begun


def test_the_share_of_one_agent_is_what_they_had(silver, gold, agent, supervisor):
    chat(silver, at(TODAY, "09:00"), agent=agent, waited=60)
    chat(gold, at(TODAY, "09:00"), agent=supervisor, waited=90)
    chat(silver, at(TODAY, "11:00"))
    scope = Scope(WEEK.first, TODAY, agent=agent.pk)
    assert day_of(scope, TODAY) == ChatDay(TODAY, 1, 1, 0, 0)
    assert reports.waits(scope).median == seconds(60)
    assert reports.taken(scope) == {agent.pk: 1}


def test_who_waits_now_and_who_waits_too_long(silver, gold, other_silver, agent):
    now = timezone.now()
    for member, waited in ((silver, 10), (gold, 300), (other_silver, 301)):
        conversation = start(member)
        Conversation.objects.filter(pk=conversation.pk).update(queued_at=now - seconds(waited))
    assert reports.waiting_now(Scope(now.date(), now.date()), now) == (3, 1)
    conversation.claim(agent)
    assert reports.waiting_now(Scope(now.date(), now.date()), now) == (2, 0)


def asked(scope, now):
    """Every report as something to be looked at."""
    yield "requests", lambda: reports.requests(scope)
    yield "waits", lambda: reports.waits(scope)
    yield "sent_to_ticket", lambda: reports.sent_to_ticket(scope)
    yield "taken", lambda: reports.taken(scope)
    yield "waiting_now", lambda: reports.waiting_now(scope, now)


def test_every_report_asks_once(seeded, django_assert_num_queries):
    for _name, ask in asked(Scope(TODAY - dt.timedelta(days=89), TODAY), NOW):
        with django_assert_num_queries(1):
            ask()


@needs_postgresql
@pytest.mark.django_db(transaction=True)  # what is not committed cannot be vacuumed
def test_a_month_reads_no_big_table_from_end_to_end(seeded):
    options = {"tickets": 20_000, "replies": 20_000, "members": 5_000, "chats": 20_000}
    call_command("big_data", stdout=io.StringIO(), no_pictures=True, agents=20, **options)
    now, wrong = timezone.now(), []
    first, agent = now.date() - dt.timedelta(days=29), Conversation.objects.exclude(agent=None)
    for only in ({}, {"language": "sl"}, {"rank": 7}, {"agent": agent.first().agent_id}):
        for name, ask in asked(Scope(first, now.date(), **only), now):
            seen = look(lambda ask=ask: HttpResponse(str(ask())))
            wrong += [f"{name} {only} reads the whole of {scan[:300]}" for scan in seen.scans]
    assert not wrong, "\n".join(wrong)
    with CaptureQueriesContext(connection) as queries:
        assert reports.requests(Scope(first, now.date())).hours
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {queries.captured_queries[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Only Scan using conversation_begun" in plan, plan
