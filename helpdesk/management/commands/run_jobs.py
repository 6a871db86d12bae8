"""Periodic work: send mail, answer incidents, take over files, keep figures, sweep what was left.

Idempotent; one process at a time.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connection
from django.utils import timezone
from post_office.mail import send_queued

from accounts import members
from chat.models import Conversation
from helpdesk import weekly
from helpdesk.privacy import retention
from tickets import incidents
from tickets.models import AnswerDraft, DailyFigures, Draft, Screenshot, TicketPresence

logger = logging.getLogger(__name__)
PAUSE = 5.0  # seconds between two rounds
_swept_on: dict[str, date] = {}
LEADER = 7_241_001  # key of the advisory lock that makes one of several nodes the sender


class Command(BaseCommand):
    help = "Send queued mail, answer incidents, take over files of people, keep figures, sweep."

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="one round (the default)")
        how.add_argument("--loop", action="store_true", help="rounds until stopped")

    def handle(self, *args: Any, **options: Any) -> None:
        run_once()
        if options["loop"]:
            run_forever()


def run_forever() -> None:
    """Run rounds until the process ends; an error ends a round, never the loop."""
    while True:
        time.sleep(PAUSE)
        close_old_connections()
        try:
            run_once()
        except Exception:
            logger.exception("jobs_round_failed")


def run_once() -> None:
    """Do every job; what fails keeps no other from being done, and is raised at the end."""
    failures = []
    with _leading() as is_leader:
        for job in JOBS if is_leader else ():
            try:
                job(timezone.now())
            except Exception as error:
                failures.append(error)
    if failures:
        raise ExceptionGroup("jobs failed", failures)


def sweep_chats(_at: datetime) -> None:
    """End the chats of members who left, return those of agents who left."""
    Conversation.objects.sweep()


def send_mail(_at: datetime) -> None:
    while any(send_queued(processes=1, log_level=1)):
        pass


def keep_figures(at: datetime) -> None:
    """Count the days that are over; then the weekly mail has Sunday's figures."""
    DailyFigures.objects.keep(at)
    weekly.send_due(at)


def sweep(at: datetime) -> None:
    """Throw away drafts and uploads that nobody sent in time; lost files once a day."""
    Draft.objects.stale(at).delete()
    AnswerDraft.objects.stale(at).delete()
    TicketPresence.objects.stale().delete()
    Screenshot.objects.stale(at).discard()
    retention.sweep(at)
    if _swept_on.get("day") != at.date():
        Screenshot.objects.sweep_orphans(at)
        _swept_on["day"] = at.date()


JOBS = (sweep_chats, incidents.deliver, send_mail, sweep, keep_figures, members.work)


@contextlib.contextmanager
def _leading() -> Iterator[bool]:
    """Whether this process may work now. SQLite has one process, PostgreSQL an advisory lock."""
    if connection.vendor != "postgresql":
        yield True
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LEADER])
        is_leader = cursor.fetchone()[0]
    try:
        yield is_leader
    finally:
        if is_leader:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LEADER])
