"""How fast the desk is with the data that are there: every view, filter, search and thread."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connection
from django.test import Client
from django.utils import timezone

from helpdesk.bigdata.plans import look, median
from helpdesk.bigdata.visits import Visit, cast, visits
from tickets.models import Reply, Ticket

Answer = TypeVar("Answer")
HEAD = f"{'status':>6} {'queries':>7} {'scans':>5} {'slowest':>9} {'median':>9}  page"


class Command(BaseCommand):
    help = "Visit the desk's and a member's pages; print queries, whole-table reads and times."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", default="", help="pages whose name contains this")
        parser.add_argument("--times", type=int, default=5, help="visits of which the median is")
        parser.add_argument("--plans", action="store_true", help="print what reads a whole table")

    def handle(self, *, only: str, times: int, plans: bool, **options: Any) -> None:
        if not Ticket.objects.exists():
            raise CommandError("There are no tickets. Make some: manage.py big_data")
        now = timezone.now()
        people = _patiently(cast)
        self.clients: dict[int, Client] = {}
        every = _patiently(lambda: list(visits(people, now)))
        chosen = [visit for visit in every if only in visit.name]
        counts = _patiently(self._counts)
        self.stdout.write(f"{connection.vendor}: {counts}\n{HEAD}")
        try:
            bad = sum(self._measure(visit, times, plans=plans) for visit in chosen)
        finally:
            self._forget()
        self.stdout.write(f"{len(chosen)} pages, {bad} of them not as they should be")

    def _measure(self, visit: Visit, times: int, *, plans: bool) -> bool:
        """Print one line; return whether it tells of something wrong."""
        client = self.clients.get(visit.who.pk) or self._sign_in(visit)
        seen = look(lambda: client.get(visit.address))
        typical = median(lambda: client.get(visit.address), times)
        is_bad = seen.status != visit.status or bool(seen.scans) or len(seen.queries) > visit.most
        self.stdout.write(
            f"{seen.status:6} {len(seen.queries):7} {len(seen.scans):5} {seen.slowest:6.0f} ms"
            f" {typical:6.0f} ms  {visit.name}{'   <<<' if is_bad else ''}"
        )
        for scan in seen.scans if plans else ():
            self.stdout.write(f"       reads the whole of {scan}")
        self.stdout.flush()
        return is_bad

    def _sign_in(self, visit: Visit) -> Client:
        host = urlsplit(settings.PORTAL_URL).hostname or "localhost"
        client = Client(raise_request_exception=False, SERVER_NAME=host)
        client.force_login(visit.who)
        self.clients[visit.who.pk] = client
        return client

    def _forget(self) -> None:
        for client in self.clients.values():
            client.logout()

    def _counts(self) -> str:
        return f"{Ticket.objects.count():,} tickets, {Reply.objects.count():,} replies"


def _patiently(ask: Callable[[], Answer]) -> Answer:
    """Ask without the application's limit of time, which is for pages."""
    if connection.vendor != "postgresql":
        return ask()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        try:
            return ask()
        finally:
            cursor.execute("SET statement_timeout TO DEFAULT")
