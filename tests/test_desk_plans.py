"""What the desk costs with twenty thousand tickets: the same pages as `manage.py desk_bench`.

A million are as fast if no page reads a big table from end to end, and if what a page asks does
not grow with what it shows.
"""

import io
from functools import partial

import pytest
from conftest import signed_in, submit
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone
from servers import needs_postgresql

from helpdesk.bigdata.plans import look
from helpdesk.bigdata.visits import cast, visits
from tickets.models import DailyFigures, Ticket


def visited(now):
    """Every page with its look; the clients stay signed in."""
    people, clients = cast(), {}
    for visit in visits(people, now):
        if visit.who.pk not in clients:
            clients[visit.who.pk] = signed_in(visit.who)
        yield visit, look(partial(clients[visit.who.pk].get, visit.address))


def fill(tickets, members):
    options = {"tickets": tickets, "replies": 5 * tickets, "members": members, "agents": 20}
    call_command("big_data", stdout=io.StringIO(), **options)
    DailyFigures.objects.keep(timezone.now())  # the newest month, as the jobs do at once


@needs_postgresql
@pytest.mark.django_db(transaction=True)  # what is not committed cannot be vacuumed
def test_no_page_reads_a_big_table_from_end_to_end(seeded):
    fill(20_000, 50_000)  # of few people the planner reads the whole table, and is right
    wrong, count = [], 0
    for visit, seen in visited(timezone.now()):
        count += 1
        if seen.status != visit.status:
            wrong.append(f"{visit.name}: answered {seen.status}")
        if len(seen.queries) > visit.most:
            wrong.append(f"{visit.name}: {len(seen.queries)} queries")
        wrong += [f"{visit.name}: reads the whole of {scan[:200]}" for scan in seen.scans]
    assert count > 150
    assert not wrong, "\n".join(wrong)


def test_no_page_asks_more_than_its_share(seeded):
    fill(400, 40)
    asked = {visit.name: (len(seen.queries), visit.most) for visit, seen in visited(timezone.now())}
    assert not {name: share for name, share in asked.items() if share[0] > share[1]}


@needs_postgresql
def test_a_table_that_is_read_whole_is_seen(seeded):
    fill(2_000, 200)

    def whole():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(technical_details) FROM tickets_ticket")
        return HttpResponse()

    (scan,) = look(whole).scans
    assert scan.startswith("tickets_ticket: SELECT count")


def test_the_bench_tells_of_every_page_in_a_line(seeded):
    fill(200, 40)
    told = io.StringIO()
    call_command("desk_bench", stdout=told, times=1, only="desk: view all,")
    assert "desk: view all, pictures 1" in told.getvalue()
    lines = [line for line in told.getvalue().splitlines() if "desk: view all," in line]
    assert f"\n{len(lines)} pages, " in told.getvalue()
    assert all(line.split()[0] == "200" for line in lines)
    assert not Session.objects.exists()


def test_the_bench_needs_tickets(seeded):
    with pytest.raises(CommandError, match="big_data"):
        call_command("desk_bench")


def test_signs_are_looked_for_where_titles_begin(silver):
    """No trigram holds a sign, so an index could not find them in the midst of a text."""
    found = submit(silver, title="-_- on every page")
    submit(silver, title="Every page shows -_-")
    assert list(Ticket.objects.matching("-_-", at_desk=True)) == [found]
    assert Ticket.objects.matching("page -_- page", at_desk=True).count() == 2
