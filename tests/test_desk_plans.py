"""What the desk costs with twenty thousand tickets: the same pages as `manage.py desk_bench`.

A million are as fast if no page reads a big table from end to end, and if what a page asks does
not grow with what it shows.
"""

import io
from functools import partial

import pytest
from conftest import signed_in
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone
from servers import needs_postgresql

from helpdesk.bigdata.plans import look
from helpdesk.bigdata.visits import cast, visits


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
