"""Who else looks at a ticket: advice for agents, never a lock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now

if TYPE_CHECKING:
    from accounts.models import User

    from .ticket import Ticket


class TicketPresenceQuerySet(models.QuerySet):
    def renew(self, ticket: Ticket, agent: User, *, writing: bool) -> None:
        """Say that ``agent`` has the page open now and, maybe, writes."""
        row, _is_new = self.get_or_create(ticket=ticket, agent=agent, defaults={"seen_at": Now()})
        changes = {"seen_at": Now(), **({"writing_at": Now()} if writing else {})}
        self.filter(pk=row.pk).update(**changes)

    def leave(self, ticket: Ticket, agent: User) -> None:
        self.filter(ticket=ticket, agent=agent).delete()

    def others(self, ticket: Ticket, agent: User) -> TicketPresenceQuerySet:
        """The colleagues whose lease on this page is alive, with ``is_writing``."""
        return (
            self.filter(ticket=ticket, seen_at__gte=_ago(settings.DESK_LEASE))
            .exclude(agent=agent)
            .select_related("agent")
            .annotate(
                is_writing=Case(
                    When(Q(writing_at__gte=_ago(settings.DESK_WRITING)), then=Value(True)),
                    default=Value(False),
                )
            )
            .order_by("agent__first_name", "agent__last_name", "pk")
        )

    def stale(self) -> TicketPresenceQuerySet:
        """Leases that ended long ago."""
        return self.filter(seen_at__lt=_ago(24 * 3600))


class TicketPresence(models.Model):
    """A lease, by the database's clock: it ends by itself when nobody renews it."""

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="presences")
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ticket_presences"
    )
    seen_at = models.DateTimeField(db_index=True)
    writing_at = models.DateTimeField(null=True)

    objects = TicketPresenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "agent"], name="ticketpresence_once")
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}: TI-{self.ticket_id}"


def _ago(seconds: int) -> models.Expression:
    return Now() - timedelta(seconds=seconds)
