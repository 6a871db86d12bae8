"""Who is there. A lease is a time by the database's clock; it dies only under a watching eye."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.db.models.functions import Now

from .. import broadcasts


class Watch(models.Model):
    """The heartbeat of one watching process: since when it has beaten without a gap."""

    process = models.UUIDField(unique=True)
    since = models.DateTimeField()
    beat_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"{self.process}"

    @classmethod
    def beat(cls, process: object) -> None:
        """Write the heartbeat of ``process``; after a gap its unbroken time begins anew."""
        gap = timedelta(seconds=settings.CHAT_WATCH_GAP)
        kept = cls.objects.filter(process=process)
        unbroken = kept.filter(beat_at__gte=Now() - gap).update(beat_at=Now())
        if not unbroken and not kept.update(since=Now(), beat_at=Now()):
            cls.objects.create(process=process, since=Now(), beat_at=Now())
            cls.objects.filter(beat_at__lt=Now() - timedelta(days=1)).delete()

    @classmethod
    def covering(cls, term: timedelta) -> Exists:
        """Whether some process has watched without a gap during the last ``term``.

        After an outage nobody has, so that everybody gets a full new term.
        """
        gap = timedelta(seconds=settings.CHAT_WATCH_GAP)
        return Exists(cls.objects.filter(since__lte=Now() - term, beat_at__gte=Now() - gap))


class Presence(models.Model):
    """An agent's place at the console: takes chats or not, how many, and when last seen."""

    agent = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presence"
    )
    accepting = models.BooleanField(default=False)
    limit = models.PositiveSmallIntegerField(default=3)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(limit__gte=1, limit__lte=20), name="presence_limit")
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}"

    @classmethod
    def renew(cls, agent: object) -> None:
        """Note that ``agent`` is there now, by the database's clock."""
        if not cls.objects.filter(agent=agent).update(seen_at=Now()):
            cls.objects.get_or_create(agent=agent, defaults={"seen_at": Now()})

    @classmethod
    def choose(cls, agent: object, **choice: bool | int) -> Presence:
        """Take over what ``agent`` chose at the console: ``accepting``, ``limit``, or both."""
        cls.renew(agent)
        cls.objects.filter(agent=agent).update(**choice)
        broadcasts.queue_moved()
        return cls.objects.get(agent=agent)

    @classmethod
    def end(cls, agent: object) -> None:
        """Let ``agent``, who leaves the desk, take no more chats."""
        cls.objects.filter(agent=agent).update(accepting=False)
        broadcasts.queue_moved()

    @staticmethod
    def dead(field: str, term: timedelta) -> Q:
        """Leases in ``field`` that are older than ``term`` and were watched all that time."""
        return Q(Watch.covering(term), **{f"{field}__lt": Now() - term})
