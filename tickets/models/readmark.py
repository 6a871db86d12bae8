"""Up to where somebody has read a ticket."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, models


class ReadMarkManager(models.Manager):
    def move(self, person: int, ticket: int, event: int) -> None:
        """Note that ``person`` has seen everything up to ``event``; a mark never goes back."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO tickets_readmark (person_id, ticket_id, event) VALUES (%s, %s, %s)"
                " ON CONFLICT (person_id, ticket_id) DO UPDATE SET event = excluded.event"
                " WHERE tickets_readmark.event < excluded.event",
                [person, ticket, event],
            )


class ReadMark(models.Model):
    """``event``: the id of the newest ``TicketEvent`` that the person has seen of the ticket."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="read_marks"
    )
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="read_marks"
    )
    event = models.BigIntegerField()

    objects = ReadMarkManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "ticket"], name="readmark_once")]

    def __str__(self) -> str:
        return f"{self.person_id}: TI-{self.ticket_id} up to {self.event}"
