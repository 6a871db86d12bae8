"""What was counted of a day that is over: it spares the reports a count over the rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, models, transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from .event import TicketEvent, Verb
from .lifecycle import Status
from .ticket import Ticket

DAYS_AT_ONCE = 31
SETTLING = timedelta(minutes=10)  # after midnight, until the last commit of the day is seen
LOCK = 7_241_002  # key of the advisory lock of those who write, or forget, what was counted

MOVING = [Verb.CLOSE, Verb.MERGE, Verb.REOPEN]
WORKING = [*MOVING, Verb.REPLY, Verb.ASK]
# What of an event counts. A closing that was undone goes off again on the day of the undo. Only
# those in which a ticket moved say where to: not the merging that its target records.
CLOSED = Q(verb__in=[Verb.CLOSE, Verb.MERGE], data__to=Status.CLOSED)
UNDONE = Q(verb=Verb.REOPEN, data__has_key="undone")
REOPENED = Q(verb=Verb.REOPEN) & ~Q(data__has_key="undone")
REPLIED = Q(verb__in=[Verb.REPLY, Verb.ASK]) | Q(verb=Verb.REOPEN, data__has_key="reply")
_CLOSINGS = Count("verb", filter=CLOSED) - Count("verb", filter=UNDONE)

Counts = dict[str, dict[str, int]]


class DailyFiguresManager(models.Manager):
    def keep(self, at: datetime) -> int:
        """Count the days before ``at`` that have no row, a month at once; return how many.

        Yesterday is over ten minutes after midnight. Does next to nothing if nothing is missing.
        """
        if not self._missing(at):
            return 0
        with transaction.atomic():
            _lock()
            days = self._missing(at)[:DAYS_AT_ONCE]
            self.bulk_create(self.model(day=day, counts=_counted(day)) for day in days)
        return len(days)

    def forget(self, *moments: datetime) -> None:
        """Something is being written into the past: let the days of ``moments`` be counted anew.

        Belongs into the transaction that writes.
        """
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError("forget what was counted as you write")
        _lock()
        self.filter(day__in={moment.astimezone(UTC).date() for moment in moments}).delete()

    def forget_all(self) -> None:
        """As ``forget``, for a load of rows of any time."""
        with transaction.atomic():
            _lock()
            self.all().delete()

    def _missing(self, at: datetime) -> list[date]:
        """The days without a row, newest first: they are asked for more than older ones."""
        began = Ticket.objects.aggregate(at=Min("created_at"))["at"]
        if began is None:
            return []
        first, over = began.astimezone(UTC).date(), (at - SETTLING).astimezone(UTC).date()
        count = (over - first).days
        if self.filter(day__gte=first, day__lt=over).count() == max(count, 0):
            return []
        kept = set(self.filter(day__gte=first, day__lt=over).values_list("day", flat=True))
        days = (over - timedelta(days=number) for number in range(1, count + 1))
        return [day for day in days if day not in kept]


class DailyFigures(models.Model):
    """The figures of one day, GMT. A day without a row is counted from the tickets themselves.

    ``counts`` holds ``opened``, ``closed`` and ``reopened``, each a count by language and rank of
    the ticket, such as ``{"opened": {"sl 7": 12}}``. What is not there is zero; ``closed`` is
    below it if more closings were undone than made. ``staff_replied`` and ``staff_closed`` are
    counts by language, rank and the id of who on the staff did it: ``{"sl 7 42": 3}``.
    """

    day = models.DateField(primary_key=True)
    counts = models.JSONField(default=dict)

    objects = DailyFiguresManager()

    class Meta:
        verbose_name = _("figures of a day")
        verbose_name_plural = _("figures by day")
        default_permissions = ["view"]  # who may sees the whole team's figures, others their own

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


def count_days(tickets: QuerySet[Ticket], events: QuerySet[TicketEvent]) -> dict[date, Counts]:
    """Count ``tickets`` as opened, and closings and reopenings of ``events``, by day as above."""
    opened = tickets.order_by().values_list(TruncDate("created_at", tzinfo=UTC), "language", "rank")
    days = _booked({}, opened.annotate(count=Count("*")), "opened")
    kind = (TruncDate("at", tzinfo=UTC), "ticket__language", "ticket__rank")
    moved = events.filter(verb__in=MOVING).order_by().values_list(*kind)
    moved = moved.annotate(closed=_CLOSINGS, reopened=Count("verb", filter=REOPENED))
    return _booked(days, moved, "closed", "reopened")


def count_work(events: QuerySet[TicketEvent]) -> dict[date, Counts]:
    """Count what staff did in ``events``, by day as above. Own issues are not work."""
    kind = (TruncDate("at", tzinfo=UTC), "ticket__language", "ticket__rank", "actor")
    done = events.filter(verb__in=WORKING, actor__is_staff=True).exclude(actor=F("ticket__member"))
    done = done.order_by().values_list(*kind)
    done = done.annotate(replied=Count("verb", filter=REPLIED), closed=_CLOSINGS)
    return _booked({}, done, "staff_replied", "staff_closed")


def _booked(days: dict[date, Counts], rows: QuerySet, *names: str) -> dict[date, Counts]:
    """Add ``rows`` of a day, what they are counted by, and a count for each of ``names``."""
    for day, *row in rows:
        key = " ".join(map(str, row[: -len(names)]))
        for name, count in zip(names, row[-len(names) :], strict=True):
            if count:
                days.setdefault(day, {}).setdefault(name, {})[key] = count
    return days


def _counted(day: date) -> Counts:
    """One day by itself: many at once might span years, and make a plan that reads everything."""
    since = datetime.combine(day, time.min, UTC)
    until = since + timedelta(days=1)
    tickets = Ticket.objects.filter(created_at__gte=since, created_at__lt=until)
    events = TicketEvent.objects.filter(at__gte=since, at__lt=until)
    return count_days(tickets, events).get(day, {}) | count_work(events).get(day, {})


def _lock() -> None:
    """Wait for others who count or write into the past. SQLite has one writer at a time anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
