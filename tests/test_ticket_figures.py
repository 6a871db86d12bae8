"""The figures of tickets: what is counted, and that what was kept of a day says the same."""

import datetime as dt
import random
import threading
import uuid
from collections import Counter
from dataclasses import replace

import pytest
from conftest import NOW, answer, submit
from django.db import connections, transaction
from django.utils import timezone
from servers import needs_postgresql

from accounts.models import Rank, User
from helpdesk.management.commands import run_jobs
from helpdesk.privacy.erasure import erase
from helpdesk.privacy.retention import outdate
from tickets.models import DailyFigures, ImportedTicket, Ticket, TicketEvent, Topic
from tickets.models.imported import PastCase, PastReply
from tickets.reports import Scope, by_topic, counted, first_reply, load, resolution, standing

TODAY = NOW.date()
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
WEEK = Scope(TODAY - 6 * DAY, TODAY)


def opened(scope=WEEK):
    return sum(day.opened for day in counted(scope, TODAY).days)


def closed(scope=WEEK):
    return [day.closed for day in counted(scope, TODAY).days]


def reopened(scope=WEEK):
    return [day.reopened for day in counted(scope, TODAY).days]


def closing(ticket, by, at=NOW):
    ticket.close(by, at=at)
    return ticket


def reopening(ticket, by, at=NOW, reason=""):
    ticket.reopen(by, reason, submission_id=uuid.uuid4(), at=at)


def answered_after(member, agent, *waits, at=NOW - 5 * HOUR):
    """A ticket a wait, each answered so long after it was filed."""
    for wait in waits:
        answer(submit(member, at=at), agent, at=at + wait)


# --- The stretch of time --------------------------------------------------------------------------


def test_days_are_those_of_greenwich_and_both_ends_belong_to_them():
    scope = Scope(dt.date(2026, 2, 27), dt.date(2026, 3, 1))
    assert scope.since == dt.datetime(2026, 2, 27, tzinfo=dt.UTC)
    assert scope.until == dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    assert [day.day for day in scope.days] == [27, 28, 1]


def test_a_month_is_told_by_days_and_more_by_weeks_counted_from_the_end():
    month = Scope(TODAY - 30 * DAY, TODAY)
    assert month.steps == [(day, day) for day in month.days]
    more = Scope(TODAY - 31 * DAY, TODAY)
    assert [(last - first).days + 1 for first, last in more.steps] == [4, 7, 7, 7, 7]
    assert more.steps[0][0] == more.first
    assert more.steps[-1][1] == TODAY
    assert more.steps[1][0] == more.steps[0][1] + DAY


# --- Opened, closed, reopened ---------------------------------------------------------------------


def test_what_happens_is_counted_on_its_day(silver, agent):
    ticket = submit(silver, at=NOW - 3 * DAY)
    closing(ticket, silver, NOW - 2 * DAY)
    reopening(ticket, silver, NOW - DAY)
    closing(ticket, agent, NOW)
    days = counted(Scope(TODAY - 3 * DAY, TODAY), TODAY).days
    assert [day[1:] for day in days] == [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 0)]


def test_the_day_ends_at_midnight(silver):
    midnight = dt.datetime(2026, 7, 14, tzinfo=dt.UTC)
    submit(silver, at=midnight - dt.timedelta(microseconds=1))
    submit(silver, at=midnight)
    days = counted(Scope(dt.date(2026, 7, 14), dt.date(2026, 7, 14)), TODAY).days
    assert [day.opened for day in days] == [1]


def test_a_closing_that_was_undone_never_was(ticket, agent):
    event = ticket.close(agent, at=NOW, hold=True)
    ticket.undo(agent, event, at=NOW + dt.timedelta(seconds=5))
    assert sum(closed()) == sum(reopened()) == 0


def test_an_undo_after_midnight_counts_on_its_own_day(silver, agent):
    midnight = dt.datetime(2026, 7, 15, tzinfo=dt.UTC)
    ticket = submit(silver, at=NOW - 2 * DAY)
    event = ticket.close(agent, at=midnight - dt.timedelta(seconds=5), hold=True)
    ticket.undo(agent, event, at=midnight + dt.timedelta(seconds=5))
    assert closed()[-2:] == [1, -1]
    assert sum(reopened()) == 0


def test_a_merged_ticket_is_opened_and_closed_but_not_resolved(silver, agent):
    submit(silver).merge_into(agent, submit(silver), at=NOW)
    assert opened() == 2
    assert sum(closed()) == 1
    assert resolution(WEEK).count == 0
    assert standing(WEEK, NOW).open == 1


def test_a_ticket_closed_before_its_merging_is_closed_once(silver, agent):
    closing(submit(silver), silver).merge_into(agent, submit(silver), at=NOW)
    assert sum(closed()) == 1


def test_figures_are_narrowed_by_language_rank_and_agent(silver, gold, agent, supervisor):
    mine = submit(silver, language="sl")
    mine.assign(agent, agent, at=NOW)
    submit(silver, language="en")
    closing(submit(gold, language="sl"), supervisor)
    assert [opened(), opened(replace(WEEK, language="sl"))] == [3, 2]
    assert opened(replace(WEEK, rank=Rank.GOLD)) == 1
    assert opened(replace(WEEK, language="en", rank=Rank.GOLD)) == 0
    assert [opened(replace(WEEK, agent=who.pk)) for who in (agent, supervisor)] == [1, 0]
    assert [sum(closed(replace(WEEK, agent=who.pk))) for who in (agent, supervisor)] == [0, 1]


def test_languages_are_those_of_the_tickets(silver):
    for language in ("sl", "sl", "other"):
        submit(silver, language=language)
    assert counted(WEEK, TODAY).languages == {"sl": 2, "other": 1}


def test_a_rank_is_that_of_the_day_it_was_filed(silver):
    submit(silver)
    User.objects.filter(pk=silver.pk).update(rank=Rank.GOLD)
    assert opened(replace(WEEK, rank=Rank.SILVER)) == 1


def test_topics_come_most_first_and_those_without_one_too(silver, agent):
    first, second = Topic.objects.order_by("pk")[:2]
    for topic in (second, None, second, None, second, first):
        submit(silver).set_topic(agent, topic, at=NOW)
    submit(silver, at=NOW - 30 * DAY).set_topic(agent, first, at=NOW)
    assert by_topic(WEEK) == [(second, 3), (None, 2), (first, 1)]
    assert by_topic(replace(WEEK, language="en")) == []


# --- Now ------------------------------------------------------------------------------------------


def test_open_tickets_stand_by_their_age(silver, agent):
    second = dt.timedelta(seconds=1)
    for age in (HOUR, DAY - second, DAY, 3 * DAY - second, 3 * DAY, 7 * DAY, 14 * DAY, 99 * DAY):
        submit(silver, at=NOW - age)
    answer(submit(silver, at=NOW - 9 * DAY), agent, verb="ask", at=NOW)
    closing(submit(silver, at=NOW - 9 * DAY), silver)
    now = standing(Scope(TODAY, TODAY), NOW)
    assert now.ages == (2, 2, 1, 1, 2)
    assert (now.open, now.awaiting, now.unassigned) == (8, 1, 8)


def test_the_oldest_has_waited_longest_for_support(silver, agent):
    answered = submit(silver, at=NOW - 9 * DAY)
    answer(answered, agent, at=NOW)
    waits = submit(silver, at=NOW - 3 * DAY)
    answer(submit(silver, at=NOW - 20 * DAY), agent, verb="ask", at=NOW - 19 * DAY)
    assert standing(WEEK, NOW).oldest == waits


def test_an_empty_house_stands_still(seeded):
    assert standing(WEEK, NOW) == (0, 0, 0, (0, 0, 0, 0, 0), None)
    assert counted(WEEK, TODAY) == ([(day, 0, 0, 0) for day in WEEK.days], {})
    assert (by_topic(WEEK), load(WEEK)) == ([], [])
    assert first_reply(WEEK) == (0, None, None, [(day, day, 0, None, None) for day in WEEK.days])


def test_what_stands_is_narrowed_too(silver, gold, agent):
    submit(silver, language="sl").assign(agent, agent, at=NOW)
    submit(gold, language="cs")
    assert standing(replace(WEEK, language="sl"), NOW).open == 1
    assert standing(replace(WEEK, rank=Rank.GOLD), NOW).unassigned == 1
    theirs = standing(replace(WEEK, agent=agent.pk), NOW)
    assert (theirs.open, theirs.unassigned, theirs.oldest.language) == (1, 0, "sl")


# --- How long -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "median", "p90"),
    [
        ([7], 7, 7),
        ([9, 1], 1, 9),
        ([3, 1, 2], 2, 3),
        (range(9, 0, -1), 5, 9),
        (range(10, 0, -1), 5, 9),
        (range(1, 12), 6, 10),
        ([4, 4, 4, 4], 4, 4),
        ([0, 0, 0, 60], 0, 60),
        ([0], 0, 0),
    ],
)
def test_percentiles_are_values_that_occurred(silver, agent, minutes, median, p90):
    answered_after(silver, agent, *(dt.timedelta(minutes=each) for each in minutes))
    found = first_reply(WEEK)
    in_minutes = [value / dt.timedelta(minutes=1) for value in (found.median, found.p90)]
    assert (found.count, *in_minutes) == (len(minutes), median, p90)
    assert found.steps[-1][2:] == found[:3]


def test_percentiles_are_exact_to_the_microsecond(silver, agent):
    waits = [dt.timedelta(days=40, microseconds=each) for each in (3, 1, 2)]
    answered_after(silver, agent, *waits, at=NOW - 41 * DAY)
    assert first_reply(WEEK).median == dt.timedelta(days=40, microseconds=2)


def test_a_day_without_replies_has_no_median(silver, agent):
    answered_after(silver, agent, HOUR, 3 * HOUR, at=NOW - 2 * DAY)
    answered_after(silver, agent, 2 * HOUR)
    assert first_reply(Scope(TODAY - 3 * DAY, TODAY)) == (
        3,
        2 * HOUR,
        3 * HOUR,
        [
            (TODAY - 3 * DAY, TODAY - 3 * DAY, 0, None, None),
            (TODAY - 2 * DAY, TODAY - 2 * DAY, 2, HOUR, 3 * HOUR),
            (TODAY - DAY, TODAY - DAY, 0, None, None),
            (TODAY, TODAY, 1, 2 * HOUR, 2 * HOUR),
        ],
    )


def test_a_long_time_is_told_by_weeks(silver, agent):
    for days, wait in ((0, 1), (6, 2), (7, 4), (31, 8), (32, 6)):
        answered_after(silver, agent, wait * HOUR, at=NOW - days * DAY - 5 * HOUR)
    answered_after(silver, agent, 3 * HOUR, at=NOW - 31 * DAY)
    found = first_reply(Scope(TODAY - 31 * DAY, TODAY))
    assert [step.count for step in found.steps] == [2, 0, 0, 1, 2]
    assert [step.median for step in found.steps] == [3 * HOUR, None, None, 4 * HOUR, HOUR]
    assert (found.count, found.median, found.p90) == (5, 3 * HOUR, 8 * HOUR)


def test_only_the_first_reply_of_support_counts(silver, agent):
    ticket = submit(silver, at=NOW - 5 * HOUR)
    answer(ticket, agent, verb="note", at=NOW - 4 * HOUR)
    answer(ticket, silver, at=NOW - 3 * HOUR)
    answer(ticket, agent, at=NOW - 2 * HOUR)
    answer(ticket, agent, at=NOW - HOUR)
    assert first_reply(WEEK)[:2] == (1, 3 * HOUR)


def test_a_reply_counts_when_it_was_written_not_when_the_ticket_was(silver, agent):
    answered_after(silver, agent, 10 * DAY, at=NOW - 10 * DAY)
    answered_after(silver, agent, 10 * DAY, at=NOW - 30 * DAY)
    assert first_reply(WEEK).count == 1


def test_resolved_is_what_was_closed_and_still_is(silver, agent):
    closing(submit(silver, at=NOW - 2 * DAY), agent)
    closing(submit(silver, at=NOW - 30 * DAY), agent, NOW - 9 * DAY)
    reopening(closing(submit(silver, at=NOW - DAY), agent), agent)
    again = closing(submit(silver, at=NOW - 5 * DAY), agent, NOW - 4 * DAY)
    reopening(again, silver, NOW - 3 * DAY)
    closing(again, silver, NOW)
    assert resolution(WEEK)[:3] == (2, 2 * DAY, 5 * DAY)


def test_waits_are_narrowed_by_whose_ticket_it_is(silver, gold, agent, supervisor):
    ticket = submit(silver, language="sl", at=NOW - 2 * HOUR)
    ticket.assign(supervisor, supervisor, at=NOW - HOUR)
    answer(ticket, agent, at=NOW - HOUR)
    closing(ticket, agent)
    for figure in (first_reply, resolution):
        counts = [
            figure(replace(WEEK, **only)).count
            for only in (
                *({}, {"language": "sl"}, {"language": "cs"}, {"rank": Rank.SILVER}),
                *({"rank": Rank.GOLD}, {"agent": supervisor.pk}, {"agent": agent.pk}),
            )
        ]
        assert counts == [1, 1, 0, 1, 0, 1, 0]


# --- Who ------------------------------------------------------------------------------------------


def test_the_load_tells_what_everybody_has_and_did(silver, agent, supervisor):
    ticket = submit(silver, at=NOW - DAY)
    ticket.assign(supervisor, agent, at=NOW - DAY)
    answer(ticket, agent, at=NOW)
    answer(ticket, agent, at=NOW, verb="note")
    answer(ticket, silver, at=NOW)
    answer(ticket, supervisor, at=NOW, verb="ask")
    closing(submit(silver), supervisor)
    submit(silver).merge_into(supervisor, ticket, at=NOW)
    answer(submit(silver, at=NOW - 30 * DAY), agent, at=NOW - 20 * DAY)
    assert load(WEEK) == [(agent, 0, 1, 1, 0), (supervisor, 0, 0, 1, 2)]
    assert load(replace(WEEK, agent=agent.pk)) == [(agent, 0, 1, 1, 0)]
    assert load(replace(WEEK, language="cs")) == []


def test_what_was_undone_is_nobodys_merit_and_reopening_with_words_is_a_reply(ticket, agent):
    event = ticket.close(agent, at=NOW, hold=True)
    ticket.undo(agent, event, at=NOW)
    assert load(WEEK) == []
    closing(ticket, agent)
    reopening(ticket, agent, reason="There is more to it.")
    assert load(WEEK) == [(agent, 0, 0, 1, 1)]


def test_own_issues_are_no_work(agent, supervisor):
    own = submit(agent)
    answer(own, agent)
    answer(own, supervisor)
    closing(own, agent)
    assert load(WEEK) == [(supervisor, 0, 0, 1, 0)]


# --- What was kept --------------------------------------------------------------------------------


def late(day, minutes):
    return dt.datetime.combine(day, dt.time(0, minutes), dt.UTC)


def test_yesterday_is_kept_ten_minutes_after_midnight(ticket):
    assert DailyFigures.objects.keep(late(TODAY + DAY, 9)) == 0
    assert DailyFigures.objects.keep(late(TODAY + DAY, 10)) == 1
    (kept,) = DailyFigures.objects.all()
    assert (kept.day, kept.counts) == (TODAY, {"opened": {"sl 7": 1}})


def test_a_month_is_kept_at_once_newest_first(silver):
    submit(silver, at=NOW - 40 * DAY)
    assert [DailyFigures.objects.keep(NOW) for _round in range(3)] == [31, 9, 0]
    days = DailyFigures.objects.values_list("day", flat=True)
    assert set(days) == set(Scope(TODAY - 40 * DAY, TODAY - DAY).days)


def test_a_house_without_tickets_keeps_nothing(seeded):
    assert DailyFigures.objects.keep(NOW) == 0


def test_what_is_kept_costs_two_questions_a_round(silver, django_assert_num_queries):
    submit(silver, at=NOW - 2 * DAY)
    DailyFigures.objects.keep(NOW)
    with django_assert_num_queries(2):
        DailyFigures.objects.keep(NOW)


def test_the_jobs_keep_it(silver):
    submit(silver, at=timezone.now() - DAY)
    run_jobs.keep_figures(late(timezone.now().date(), 30))
    assert DailyFigures.objects.count() == 1


def test_what_was_kept_is_read_instead_of_the_rows(silver):
    submit(silver, at=NOW - 2 * DAY)
    submit(silver)
    DailyFigures.objects.keep(NOW)
    DailyFigures.objects.filter(day=TODAY - 2 * DAY).update(counts={"opened": {"sl 7": 70}})
    assert opened() == 71
    assert opened(replace(WEEK, agent=silver.pk)) == 0


def test_today_is_never_read_from_what_was_kept(ticket):
    DailyFigures.objects.create(day=TODAY, counts={"opened": {"sl 7": 70}})
    assert opened() == 1


def test_a_report_asks_no_more_than_promised(silver, agent, django_assert_max_num_queries):
    answer(closing(submit(silver), agent), agent, verb="note")
    submit(silver).assign(agent, agent, at=NOW)
    promised = [(first_reply, 1), (resolution, 1), (by_topic, 2), (load, 3)]
    promised += [(lambda scope: counted(scope, TODAY), 3), (lambda scope: standing(scope, NOW), 2)]
    for figure, most in promised:
        with django_assert_max_num_queries(most):
            assert figure(WEEK)


def past_case(silver, agent, number="OP-1", days=3):
    return PastCase(
        old_number=number,
        member=silver,
        language="sl",
        title="Stara",
        description="Zadeva",
        opened_at=NOW - days * DAY,
        closed_at=NOW - DAY,
        closed_by=agent,
        replies=[PastReply(author=agent, kind="reply", body="Urejeno.", at=NOW - 2 * DAY)],
    )


def test_an_old_case_is_counted_on_days_that_were_kept(silver, agent):
    submit(silver, at=NOW - 6 * DAY)
    DailyFigures.objects.keep(NOW)
    ImportedTicket.objects.bring(past_case(silver, agent))
    assert DailyFigures.objects.count() == 3
    assert (opened(), closed()[-2]) == (2, 1)
    DailyFigures.objects.keep(NOW)
    assert (opened(), closed()[-2]) == (2, 1)
    assert [row.replies for row in load(WEEK)] == [1]


def test_a_case_older_than_all_others_brings_its_days(silver, agent):
    submit(silver, at=NOW - 2 * DAY)
    DailyFigures.objects.keep(NOW)
    ImportedTicket.objects.bring(past_case(silver, agent, days=5))
    assert DailyFigures.objects.keep(NOW) == 5


@pytest.mark.django_db(transaction=True)
def test_who_forgets_must_be_writing(seeded):
    with pytest.raises(transaction.TransactionManagementError):
        DailyFigures.objects.forget(NOW)


def test_days_are_forgotten_by_the_clock_of_greenwich(silver):
    submit(silver, at=NOW - 3 * DAY)
    DailyFigures.objects.keep(NOW)
    berlin = dt.timezone(2 * HOUR)
    DailyFigures.objects.forget(dt.datetime(2026, 7, 14, 1, 30, tzinfo=berlin))
    days = DailyFigures.objects.values_list("day", flat=True)
    assert list(days.order_by("day")) == [TODAY - 3 * DAY, TODAY - DAY]


def in_thread(work):
    def run():
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_keep_the_same_days_do_not_meet(silver):
    submit(silver, at=NOW - 9 * DAY)
    kept = []
    threads = [in_thread(lambda: kept.append(DailyFigures.objects.keep(NOW))) for _each in range(4)]
    for thread in threads:
        thread.join(30)
    assert sorted(kept) == [0, 0, 0, 9]
    assert opened(Scope(TODAY - 9 * DAY, TODAY)) == 1


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_nobody_counts_a_day_beside_an_import_that_is_not_over(silver, agent):
    submit(silver, at=NOW - 6 * DAY)
    with transaction.atomic():
        ImportedTicket.objects.bring(past_case(silver, agent))
        thread = in_thread(lambda: DailyFigures.objects.keep(NOW))
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(30)
    assert DailyFigures.objects.count() == 6
    assert opened() == 2


# --- A lively history -----------------------------------------------------------------------------


class History:
    """Days in which anything may happen that changes a status."""

    def __init__(self, seed, members, staff):
        self.dice, self.members, self.staff = random.Random(seed), members, staff

    def live(self, days):
        for ago in range(days, -1, -1):
            at = NOW - ago * DAY - 13 * HOUR
            for _act in range(self.dice.randrange(4, 12)):
                at += dt.timedelta(minutes=self.dice.randrange(1, 100))
                self._act(at)

    def _act(self, at):
        acts = [self._submit, self._submit, self._close, self._undo, self._reopen]
        acts += [self._merge, self._bulk, self._answer]
        self.dice.choice(acts)(at)

    def _one(self, **of):
        rows = list(Ticket.objects.filter(merged_into=None, **of).order_by("pk"))
        return self.dice.choice(rows) if rows else None

    def _unfinished(self):
        return self._one(closed_at=None)

    def _submit(self, at):
        language = self.dice.choice(["en", "cs", "sl", "other"])
        submit(self.dice.choice(self.members), language=language, at=at)

    def _close(self, at):
        if ticket := self._unfinished():
            ticket.close(self.dice.choice([ticket.member, *self.staff]), at=at)

    def _undo(self, at):
        if ticket := self._unfinished():
            who = self.dice.choice(self.staff)
            event = ticket.close(who, at=at, hold=True)
            ticket.undo(who, event, at=at + dt.timedelta(seconds=9))

    def _reopen(self, at):
        if ticket := self._one(closed_at__gt=at - 13 * DAY):
            reopening(ticket, self.dice.choice([ticket.member, *self.staff]), at, "Again.")

    def _merge(self, at):
        into, other = self._unfinished(), self._one()
        if into and other and into != other and into.member == other.member:
            other.merge_into(self.dice.choice(self.staff), into, at=at)

    def _bulk(self, at):
        who = self.dice.choice(self.staff)
        for ticket in Ticket.objects.filter(closed_at=None).order_by("pk")[:3]:
            ticket.assign(who, who, at=at)
            ticket.close(who, at=at, hold=True)

    def _answer(self, at):
        if ticket := self._unfinished():
            answer(ticket, self.dice.choice(self.staff), at=at, verb="ask")


def by_hand(scope):
    """The same figures, told by going through every event."""
    days = {day: [0, 0, 0] for day in scope.days}
    languages = Counter()
    for event in TicketEvent.objects.select_related("ticket"):
        ticket, day = event.ticket, event.at.date()
        if day not in days or scope.language not in ("", ticket.language):
            continue
        if scope.rank not in (None, ticket.rank):
            continue
        if event.verb == "submit":
            days[day][0] += scope.agent in (None, ticket.assignee_id)
            languages[ticket.language] += scope.agent in (None, ticket.assignee_id)
        elif event.verb == "reopen" and "undone" not in event.data:
            days[day][2] += scope.agent in (None, ticket.assignee_id)
        elif scope.agent in (None, event.actor_id):
            moved = event.data.get("to") if event.verb in ("close", "merge") else None
            days[day][1] += (moved == "closed") - ("undone" in event.data)
    return [(day, *counts) for day, counts in days.items()], +languages


def work_by_hand(scope, person):
    """What they wrote to members, and what they closed."""
    replied = closed = 0
    for event in TicketEvent.objects.filter(actor=person).select_related("ticket"):
        ticket, verb = event.ticket, event.verb
        wanted = scope.language in ("", ticket.language) and scope.rank in (None, ticket.rank)
        if not wanted or event.at.date() not in scope.days:
            continue
        replied += verb in ("reply", "ask") or (verb == "reopen" and "reply" in event.data)
        closed += verb in ("close", "merge") and event.data.get("to") == "closed"
        closed -= "undone" in event.data
    return replied, closed


def scopes(*people):
    for first, last in ((40, 0), (33, 5), (7, 7), (0, 0)):
        whole = Scope(TODAY - first * DAY, TODAY - last * DAY)
        for only in (
            *({}, {"language": "cs"}, {"rank": Rank.GOLD}, {"language": "sl", "rank": Rank.SILVER}),
            *({"agent": who.pk} for who in people),
            *({"agent": who.pk, "language": "en"} for who in people),
        ):
            yield replace(whole, **only)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_kept_says_what_the_rows_say(seed, silver, gold, agent, supervisor):
    History(seed, [silver, gold], [agent, supervisor]).live(40)
    told = {scope: by_hand(scope) for scope in scopes(agent, supervisor)}
    work = {scope: work_by_hand(scope, agent) for scope in scopes(agent)}
    assert sum(sum(day[1:]) for day in told[Scope(TODAY - 40 * DAY, TODAY)][0]) > 100

    def same():
        for scope, (replied, closed) in work.items():
            done = [row[3:] for row in load(scope) if row.agent == agent]
            assert (done or [(0, 0)]) == [(replied, closed)]
        return all(counted(scope, TODAY) == told[scope] for scope in told)

    assert same()
    DailyFigures.objects.keep(NOW)
    assert same()
    DailyFigures.objects.keep(NOW)
    assert DailyFigures.objects.count() == 40
    assert same()
    DailyFigures.objects.filter(day__in=[TODAY - 3 * DAY, TODAY - 20 * DAY]).delete()
    assert same()
    DailyFigures.objects.keep(NOW)
    assert same()


def test_what_is_forgotten_changes_no_figure(settings, silver, gold, agent, supervisor):
    History(7, [silver, gold], [agent, supervisor]).live(20)
    for ticket in Ticket.objects.filter(closed_at=None):
        closing(ticket, agent)
    told = {scope: counted(scope, TODAY) for scope in scopes(agent)}
    settings.RETENTION_DAYS = {**settings.RETENTION_DAYS, "tickets": 1}
    assert list(outdate(NOW))
    assert erase(silver, NOW, lambda line: None)
    assert all(counted(scope, TODAY) == told[scope] for scope in told)
    DailyFigures.objects.keep(NOW)
    assert all(counted(scope, TODAY) == told[scope] for scope in told)
