"""What the figures of a month cost with twenty thousand tickets of three years.

A million are as fast if no report reads tickets or their history from end to end.
"""

import datetime as dt
import io
import json
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from servers import needs_postgresql

from accounts.models import Rank, User
from helpdesk.bigdata.load import analyze
from helpdesk.bigdata.plans import look
from tickets import reports
from tickets.models import DailyFigures, Ticket

pytestmark = [needs_postgresql, pytest.mark.django_db(transaction=True)]  # VACUUM needs a commit
ALL = ("standing", "counted", "by_topic", "first_reply", "resolution", "load")
UNFINISHED = {index.name for index in Ticket._meta.indexes if "status__in" in str(index.condition)}


def fill():
    options = {"tickets": 20_000, "replies": 100_000, "members": 50_000, "agents": 20}
    call_command("big_data", stdout=io.StringIO(), no_pictures=True, **options)


def month(now, **only):
    return reports.Scope(now.date() - dt.timedelta(days=29), now.date(), **only)


def scopes(now):
    """What a supervisor and an agent may ask."""
    agent = User.objects.filter(is_staff=True).order_by("pk")[5].pk
    for who in ({}, {"agent": agent}):
        for only in ({}, {"language": "sl"}, {"rank": Rank.SILVER}):
            yield month(now, **who, **only)
        yield month(now, **who, language="other", rank=Rank.DIAMOND)


def ask(name, scope, now):
    """The report as something to be looked at."""
    more = {"standing": [now], "counted": [now.date()]}
    getattr(reports, name)(scope, *more.get(name, []))
    return HttpResponse()


def keep(now):
    assert DailyFigures.objects.keep(now) == 31
    return HttpResponse()


def nodes(name, scope, now):
    """Of every plan how it reads the tables of tickets and events, as PostgreSQL calls it."""
    with CaptureQueriesContext(connection) as asked:
        ask(name, scope, now)
    with connection.cursor() as cursor:
        for entry in asked.captured_queries:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {entry['sql']}")
            (found,) = cursor.fetchone()
            plan = json.loads(found) if isinstance(found, str) else found
            yield from _nodes(plan[0]["Plan"])


def _nodes(node):
    if "Index Name" in node:
        yield node["Node Type"], node["Index Name"]
    for child in node.get("Plans", []):
        yield from _nodes(child)


def test_no_report_reads_tickets_or_events_from_end_to_end(seeded):
    fill()
    now, wrong = timezone.now(), []
    assert not look(partial(keep, now)).scans
    while DailyFigures.objects.keep(now):
        pass
    assert DailyFigures.objects.count() > 1_000
    analyze([DailyFigures])
    for scope in scopes(now):
        for name in ALL:
            scans = look(partial(ask, name, scope, now)).scans
            wrong += [f"{name} {scope}: {scan}" for scan in scans if scan.startswith("tickets_")]
    assert not wrong, "\n".join(wrong)
    for scope in scopes(now):
        assert {name for _kind, name in nodes("standing", scope, now)} <= UNFINISHED
    # What fits into an index is not looked up in the rows.
    for name, index in (
        ("by_topic", "ticket_opened"),
        ("first_reply", "ticket_answered"),
        ("resolution", "ticket_resolved"),
    ):
        assert ("Index Only Scan", index) in set(nodes(name, month(now), now))
