"""A known incident: announced once in every language, joined by whom it affects, ended for all."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max, OuterRef, Q, Subquery
from django.utils import translation
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.text import validate_line

from .event import Verb
from .lifecycle import UNFINISHED
from .notice import Notice, is_written, text_field, words_in
from .ticket import Ticket

if TYPE_CHECKING:
    from accounts.models import User

TITLE_LENGTH = 120  # characters of one language
ANNOUNCED = 3  # incidents on a page that is about something else


class MissingTranslation(Exception):
    """What everybody is to read is not there in the languages named in ``languages``."""

    def __init__(self, languages: list[str]) -> None:
        super().__init__(", ".join(languages))
        self.languages = languages


class AlreadyDone(Exception):
    """The incident is past this, or not there yet: published before, ended, not published."""


def _title(language: str) -> models.CharField:
    name = dict(settings.LANGUAGES)[language]
    return models.CharField(name, max_length=TITLE_LENGTH, blank=True, validators=[validate_line])


class IncidentQuerySet(models.QuerySet):
    def published(self) -> IncidentQuerySet:
        """What members may read."""
        return self.filter(published_at__isnull=False)

    def current(self) -> IncidentQuerySet:
        """What goes on, the newest first."""
        return self.published().filter(ended_at=None).order_by("-started_at", "-pk")

    def past(self) -> IncidentQuerySet:
        """What is over, the newest first."""
        return self.filter(ended_at__isnull=False).order_by("-ended_at", "-pk")

    def shown_to(self, member: User) -> IncidentQuerySet:
        """Add ``told_in``: the id of the member's unfinished ticket about it, if there is one."""
        own = AffectedTicket.objects.filter(
            incident=OuterRef("pk"), ticket__member=member, ticket__status__in=UNFINISHED
        )
        return self.annotate(told_in=Subquery(own.order_by("-ticket").values("ticket")[:1]))

    def announced_to(self, member: User) -> list[Incident]:
        """For a page's notice: what goes on, and one more than it shows if there are others."""
        return list(self.current().shown_to(member)[: ANNOUNCED + 1])


class Incident(models.Model):
    """Something that is wrong for many. Members see it from ``published_at`` on.

    It is current until ``ended_at``; from then on ``ending_<language>`` says how it ended.
    """

    title_en = _title("en")
    title_cs = _title("cs")
    title_sl = _title("sl")
    text_en = text_field("en")
    text_cs = text_field("cs")
    text_sl = text_field("sl")
    ending_en = text_field("en")
    ending_cs = text_field("cs")
    ending_sl = text_field("sl")
    started_at = models.DateTimeField(pgettext_lazy("incident", "Since"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(published_at__isnull=False),
                name="incident_ended_was_published",
            )
        ]
        indexes = [
            models.Index(
                fields=["-started_at", "-id"],
                condition=Q(published_at__isnull=False, ended_at=None),
                name="incident_current",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return self.title_in(get_language())

    @property
    def text(self) -> str:
        """What is wrong, in the reader's language."""
        return self.text_in(get_language())

    @property
    def ending(self) -> str:
        """How it ended, in the reader's language; empty until then."""
        return self.ending_in(get_language())

    @property
    def is_current(self) -> bool:
        return self.published_at is not None and self.ended_at is None

    def title_in(self, language: str | None) -> str:
        return words_in(self, "title", language)

    def text_in(self, language: str | None) -> str:
        return words_in(self, "text", language)

    def ending_in(self, language: str | None) -> str:
        return words_in(self, "ending", language)

    def ticket_of(self, member: User) -> Ticket | None:
        """The member's newest unfinished ticket about it."""
        own = Ticket.objects.owned_by(member).unfinished().filter(affected__incident=self)
        return own.order_by("-pk").first()

    def post_id(self, submission_id: uuid.UUID) -> uuid.UUID:
        """The same for the same post about this incident, and of no other form."""
        return uuid.uuid5(submission_id, f"incident-{self.pk}")

    @transaction.atomic
    def publish(self, by: User, at: datetime) -> None:
        """Let members read it; that ``by`` did it the admin's log tells.

        Raises ``MissingTranslation`` unless title and text are there in every language, and
        ``AlreadyDone``.
        """
        self._lock()
        if self.published_at:
            raise AlreadyDone
        _require_all({code: self._is_written_in(code) for code in _codes()})
        self.published_at = at
        self.save(update_fields=["published_at"])

    @transaction.atomic
    def affect(self, ticket: Ticket, by: User, at: datetime, address: str | None = None) -> bool:
        """Say that ``ticket`` is about this, and no longer about another incident.

        ``False`` if that was known. Raises ``AlreadyDone`` once it has ended, for a known one, too,
        and ``TransitionError`` for a ticket that is closed.
        """
        self._lock()
        self._require_current()
        ticket._lock()
        if AffectedTicket.objects.filter(incident=self, ticket=ticket).exists():
            return False
        ticket._check(Verb.INCIDENT, by, at)
        link = {"incident": self, "at": at}
        AffectedTicket.objects.update_or_create(ticket=ticket, defaults=link)
        ticket._move(Verb.INCIDENT, by, at, address, {"incident": self.pk})
        return True

    @transaction.atomic
    def file_short(
        self,
        member: User,
        *,
        language: str,
        description: str,
        submission_id: uuid.UUID,
        at: datetime,
        address: str | None = None,
    ) -> Ticket:
        """File a ticket that says "me too"; an empty ``description`` gets a sentence.

        The same ``submission_id`` gets the ticket that is there, even later; until the end, who has
        an unfinished ticket about it gets that. Raises ``AlreadyDone`` once it has ended.
        """
        own_id = self.post_id(submission_id)
        self._lock()
        if earlier := Ticket.objects.submitted(member, own_id):
            return earlier
        self._require_current()
        if earlier := self.ticket_of(member):
            return earlier
        ticket = Ticket.objects.submit(
            member,
            language=language,
            title=self.title_in(language),
            description=description or self._me_too(language),
            submission_id=own_id,
            at=at,
            address=address,
        )
        self.affect(ticket, member, at, address)
        return ticket

    @transaction.atomic
    def answer(
        self,
        by: User,
        texts: Mapping[str, str],
        at: datetime,
        submission_id: uuid.UUID | None = None,
    ) -> Notice:
        """Say ``texts`` to everybody whom it affects, each in the language of their ticket.

        Delivers nothing. With ``submission_id`` a second, identical post gets the first notice.
        Raises ``MissingTranslation`` and, once it has ended, ``AlreadyDone``.
        """
        own_id = self.post_id(submission_id or uuid.uuid4())
        self._lock()
        if earlier := self.notices.filter(uuid=own_id).first():
            return earlier
        self._require_current()
        return self._announce(Notice.Kind.REPLY, by, texts, at, uuid=own_id)

    @transaction.atomic
    def end(self, by: User, endings: Mapping[str, str], at: datetime, *, closes: bool) -> Notice:
        """Say how it ended; with ``closes`` the tickets are closed, too. Delivers nothing.

        Raises ``MissingTranslation`` and ``AlreadyDone``.
        """
        self._lock()
        self._require_current()
        notice = self._announce(Notice.Kind.END, by, endings, at, closes=closes)
        for code in _codes():
            setattr(self, f"ending_{code}", endings[code])
        self.ended_at = at
        self.save(update_fields=["ended_at", *(f"ending_{code}" for code in _codes())])
        return notice

    def _announce(
        self, kind: str, by: User, texts: Mapping[str, str], at: datetime, **fields: object
    ) -> Notice:
        """Write the notice; who joined before it was locked is meant, whatever their clock says."""
        _require_all({code: is_written(texts.get(code, "")) for code in _codes()})
        joined = self.affected.aggregate(last=Max("at"))["last"]
        words = {f"text_{code}": texts[code] for code in _codes()}
        return self.notices.create(kind=kind, by=by, at=max(at, joined or at), **words, **fields)

    def _lock(self) -> None:
        """Hold the row, so that whoever joins, and what is said to all, come one after another."""
        self.refresh_from_db(from_queryset=Incident.objects.select_for_update(no_key=True))

    def _require_current(self) -> None:
        if not self.is_current:
            raise AlreadyDone

    def _is_written_in(self, code: str) -> bool:
        texts = getattr(self, f"title_{code}"), getattr(self, f"text_{code}")
        return all(map(is_written, texts))

    def _me_too(self, language: str) -> str:
        spoken = language if language in _codes() else "en"
        with translation.override(spoken):
            said = gettext("This incident affects me too: %(title)s")
        return said % {"title": self.title_in(spoken)}


class AffectedTicket(models.Model):
    """That a ticket is about an incident; a ticket is about one at most."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="affected")
    ticket = models.OneToOneField(
        "tickets.Ticket", on_delete=models.CASCADE, related_name="affected"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        default_permissions = []

    def __str__(self) -> str:
        return f"{self.incident_id}: TI-{self.ticket_id}"


def _codes() -> Iterable[str]:
    return dict(settings.LANGUAGES).keys()


def _require_all(written: Mapping[str, bool]) -> None:
    names = dict(settings.LANGUAGES)
    if missing := [str(names[code]) for code, is_there in written.items() if not is_there]:
        raise MissingTranslation(missing)
