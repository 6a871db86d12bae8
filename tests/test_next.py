"""The next ticket: who has waited longest, first in the agent's languages, and never two agents."""

import datetime as dt
import threading

import pytest
from conftest import NOW, answer, person, signed_in, submit
from django.contrib.auth.models import Group
from django.db import connections
from servers import needs_postgresql

from accounts.models import Rank
from accounts.seed import AGENTS
from tickets.models import ReadMark, Ticket

LATER = NOW + dt.timedelta(days=1)


def after(hours):
    return NOW + dt.timedelta(hours=hours)


def take(agent):
    ticket = Ticket.objects.take_next(agent, at=LATER, address="192.0.2.7")
    return ticket and ticket.title


def test_the_longest_waiting_comes_first_and_is_the_agents(silver, agent):
    for title, hours in (("Second", 2), ("First", 1), ("Third", 3)):
        submit(silver, title=title, at=after(hours))
    assert [take(agent) for _each in range(4)] == ["First", "Second", "Third", None]
    assert Ticket.objects.filter(assignee=agent).count() == 3
    event = Ticket.objects.first().events.last()
    assert (event.verb, event.actor, event.address) == ("assign", agent, "192.0.2.7")


def test_the_agents_languages_come_before_the_others(silver, gold, agent):
    submit(gold, title="Czech", language="cs", at=after(0))
    submit(silver, title="Slovenian", language="sl", at=after(1))
    submit(silver, title="English", language="en", at=after(2))
    assert agent.works_in == ["en", "sl"]
    assert [take(agent) for _each in range(3)] == ["Slovenian", "English", "Czech"]


def test_what_is_taken_asked_closed_or_ones_own_is_left(silver, agent, supervisor):
    submit(silver, title="Taken").assign(supervisor, supervisor, at=NOW)
    answer(submit(silver, title="Asked"), supervisor, verb="ask")
    submit(silver, title="Closed").close(supervisor, at=NOW)
    submit(agent, title="Own")
    assert take(agent) is None


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_many_agents_never_take_the_same_one(silver):
    agents = []
    for n in range(8):
        someone = person(f"agent{n}", Rank.SILVER, is_staff=True, member_id=None)
        someone.groups.add(Group.objects.get(name=AGENTS))
        agents.append(someone)
    for n in range(40):
        submit(silver, title=f"Issue {n}", at=after(n))
    taken, together = [], threading.Barrier(len(agents))

    def work(agent):
        together.wait()
        while ticket := Ticket.objects.take_next(agent, at=LATER):
            taken.append((ticket.pk, agent.pk))
        connections.close_all()

    threads = [threading.Thread(target=work, args=[agent]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(pk for pk, _agent in taken) == sorted(Ticket.objects.values_list("pk", flat=True))
    assert set(taken) == set(Ticket.objects.values_list("pk", "assignee"))


# Who has read what


def unread(person, *, at_desk=False):
    return Ticket.objects.with_unread(person, at_desk=at_desk).get().is_unread


def test_a_mark_moves_forward_only(ticket, silver):
    for event, stands in ((5, 5), (9, 9), (7, 9)):
        ReadMark.objects.move(silver.pk, ticket.pk, event)
        assert ReadMark.objects.get(person=silver).event == max(stands, ticket.last_event)


def test_ones_own_words_are_read_only_if_everything_before_was(ticket, silver, agent, supervisor):
    answer(ticket, agent)
    assert (unread(silver), unread(agent, at_desk=True)) == (True, True)
    Ticket.objects.with_unread(silver).get().seen_by(silver)
    Ticket.objects.with_unread(agent, at_desk=True).get().seen_by(agent)
    ticket.refresh_from_db()
    answer(ticket, silver, "Da.")
    assert (unread(silver), unread(agent, at_desk=True)) == (False, True)
    answer(ticket, supervisor, "Med nami.", verb="note")
    assert (unread(silver), unread(supervisor, at_desk=True)) == (False, True)


def test_what_stays_inside_is_no_news_for_the_member(ticket, silver, agent):
    answer(ticket, agent, "Med nami.", verb="note")
    ticket.assign(agent, agent, at=NOW)
    assert not unread(silver)
    assert unread(agent, at_desk=True)
    assert list(Ticket.objects.unread_by(agent)) == [ticket]


def test_the_line_where_news_begins_stands_above_the_words_of_others(ticket, agent, supervisor):
    """An answer of one's own, sent before a colleague's note was read, is no news."""
    client, page = signed_in(agent), f"/admin/tickets/ticket/{ticket.pk}/change/"
    client.get(page)
    answer(ticket, supervisor, "Že gledam.", verb="note", at=after(2))
    own = answer(ticket, agent, "Poskusite znova.", at=after(1))
    html = client.get(page).content.decode()
    line, theirs = html.index("new-from"), html.index("Že gledam.")
    assert html.index(f'id="reply-{own.pk}"') < line < theirs
