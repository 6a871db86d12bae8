"""The ticket: a member's technical issue as a record, and the verbs that change it.

Rows change only through the verbs below. Each locks the row, checks the table of transitions,
saves, writes a ``TicketEvent`` and the mail rows, all in one transaction.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict, Unpack

from django.conf import settings
from django.db import models, transaction
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.text import fold

from .. import emails
from .event import TicketEvent, Verb
from .reply import Reply
from .screenshot import Screenshot

if TYPE_CHECKING:
    from accounts.models import User

_PREFIXED = re.compile(r"\s*([^\W\d_]{1,20})\s*[-–—:]\s*(.+)", re.DOTALL)
NUMBER = re.compile(r"^\s*(?:TI\s*[-–]\s*|#\s*)?([1-9][0-9]{0,17})\s*$", re.IGNORECASE | re.ASCII)


class TransitionError(Exception):
    """A verb that the ticket's status does not allow; ``message`` is for the person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class StaleReply(Exception):
    """Something newer than ``seen`` exists; ``newer`` holds those replies, oldest first."""

    def __init__(self, newer: list[Reply]) -> None:
        super().__init__(len(newer))
        self.newer = newer


class TicketLanguage(models.TextChoices):
    """Languages a ticket is written in, by their own names (S67)."""

    ENGLISH = "en", "English"
    CZECH = "cs", "Čeština"
    SLOVENIAN = "sl", "Slovenščina"
    OTHER = "other", _("Another language")

    @property
    def prefix(self) -> str:
        """What the title begins with on screen; empty for languages the portal has no name for."""
        return "" if self is TicketLanguage.OTHER else str(self.label)

    @classmethod
    def split(cls, title: str) -> tuple[TicketLanguage | None, str]:
        """Separate a typed prefix, such as *Čeština - …* or *Slovenscina: …*, from ``title``."""
        typed = _PREFIXED.match(title)
        for language in cls:
            if typed and language.prefix and fold(typed[1]) == fold(language.prefix):
                return language, typed[2].strip()
        return None, title.strip()


class Status(models.TextChoices):
    OPEN = "open", pgettext_lazy("status badge", "Open")
    AWAITING_FEEDBACK = "awaiting_feedback", pgettext_lazy("status badge", "Awaiting Feedback")
    CLOSED = "closed", pgettext_lazy("status badge", "Closed")


class Post(TypedDict):
    """What comes with a text: ``seen`` is the id of the last reply its author saw, if known."""

    submission_id: uuid.UUID
    at: datetime
    screenshots: NotRequired[Iterable[Screenshot]]
    seen: NotRequired[int | None]
    address: NotRequired[str | None]


class Transition(NamedTuple):
    sources: frozenset[Status]
    target: Status | None  # None: the status stays


_ANY = frozenset(Status)
_UNFINISHED = frozenset({Status.OPEN, Status.AWAITING_FEEDBACK})
_CLOSED = frozenset({Status.CLOSED})
MEMBER, AGENT = "member", "agent"

# Who may do what, from which status to which (DESIGN §4). What is not here is impossible.
TRANSITIONS: dict[tuple[str, Verb], Transition] = {
    (MEMBER, Verb.REPLY): Transition(_UNFINISHED, Status.OPEN),
    (AGENT, Verb.REPLY): Transition(_UNFINISHED, None),
    (AGENT, Verb.ASK): Transition(_UNFINISHED, Status.AWAITING_FEEDBACK),
    (AGENT, Verb.NOTE): Transition(_ANY, None),
    (AGENT, Verb.ASSIGN): Transition(_ANY, None),
    (MEMBER, Verb.CLOSE): Transition(_UNFINISHED, Status.CLOSED),
    (AGENT, Verb.CLOSE): Transition(_UNFINISHED, Status.CLOSED),
    (MEMBER, Verb.REOPEN): Transition(_CLOSED, Status.OPEN),
    (AGENT, Verb.REOPEN): Transition(_CLOSED, Status.OPEN),
}


class TicketQuerySet(models.QuerySet):
    def owned_by(self, user: User) -> TicketQuerySet:
        """A member's own tickets: the only ones on member pages, for agents too."""
        return self.filter(member=user)

    def visible_to(self, user: User) -> TicketQuerySet:
        """Own tickets, or all of them for agents."""
        if user.is_staff and user.has_perm("tickets.view_ticket"):
            return self
        return self.owned_by(user)

    def unfinished(self) -> TicketQuerySet:
        return self.filter(status__in=_UNFINISHED)  # not an exclusion: that uses no index

    def in_section(self, status: str) -> TicketQuerySet:
        """The tickets of one section in its order (S33)."""
        order = {Status.AWAITING_FEEDBACK: "waiting_since", Status.CLOSED: "-closed_at"}
        return self.filter(status=status).order_by(order.get(Status(status), "-created_at"), "-pk")

    def with_question(self) -> TicketQuerySet:
        """Add ``question``: the last question asked in each ticket."""
        questions = Reply.objects.filter(ticket=OuterRef("pk"), kind=Reply.Kind.QUESTION)
        return self.annotate(question=Subquery(questions.order_by("-pk").values("body")[:1]))

    def matching(self, words: str, *, notes: bool = False) -> TicketQuerySet:
        """Tickets that contain all ``words``, blind to accents and case, or bear that number.

        Internal notes are searched only if ``notes`` says so.
        """
        number, folded = NUMBER.match(words), fold(words).split()[:20]
        if not folded:
            return self.none()
        texts = Q()
        for word in folded:
            found = Q(search_text__contains=word)
            texts &= (found | Q(notes_text__contains=word)) if notes else found
        return self.filter(texts | Q(pk=int(number[1])) if number else texts)

    @transaction.atomic
    def submit(
        self,
        member: User,
        *,
        language: str,
        title: str,
        description: str,
        submission_id: uuid.UUID,
        at: datetime,
        screenshots: Iterable[Screenshot] = (),
        technical_details: str = "",
        address: str | None = None,
        from_chat: uuid.UUID | None = None,
    ) -> Ticket:
        """File a new ticket with the ``screenshots`` uploaded before.

        Raises ``IntegrityError`` if ``submission_id`` was used: ask ``submitted`` for its ticket.
        """
        ticket = self.create(
            member=member,
            language=language,
            title=title,
            description=description,
            technical_details=technical_details,
            from_chat=from_chat,
            submission_id=submission_id,
            created_at=at,
            waiting_since=at,
            search_text=fold(f"{TicketLanguage(language).prefix} {title} {description}"),
        )
        ticket._attach(screenshots)
        ticket._record(Verb.SUBMIT, member, at, address, {"to": Status.OPEN})
        emails.ticket_received(ticket)
        return ticket

    def submitted(self, member: User, submission_id: uuid.UUID) -> Ticket | None:
        """The member's ticket of an earlier, identical submission."""
        return self.filter(member=member, submission_id=submission_id).first()


class Ticket(models.Model):
    """A technical issue. ``waiting_since`` says since when the side whose turn it is has it."""

    Status = Status

    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="tickets",
        verbose_name=_("member"),
    )
    language = models.CharField(
        _("Language of the ticket"), max_length=8, choices=TicketLanguage.choices
    )
    title = models.CharField(_("Title"), max_length=settings.TITLE_MAX_LENGTH)
    description = models.TextField(_("Detailed description of the issue"))
    technical_details = models.CharField(max_length=400, blank=True)
    status = models.CharField(
        pgettext_lazy("label", "Status"), max_length=20, choices=Status.choices, default=Status.OPEN
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="assigned_tickets",
        verbose_name=_("Assignee"),
    )
    submission_id = models.UUIDField()
    created_at = models.DateTimeField(_("Date Opened"))
    waiting_since = models.DateTimeField()
    last_reply_at = models.DateTimeField(null=True)
    last_reply_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(_("Date Closed"), null=True)
    from_chat = models.UUIDField(null=True, db_index=True)  # the conversation it grew from
    search_text = models.TextField(blank=True)
    notes_text = models.TextField(blank=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "submission_id"], name="ticket_submitted_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="ticket_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status=Status.CLOSED, closed_at__isnull=False)
                | (~Q(status=Status.CLOSED) & Q(closed_at__isnull=True)),
                name="ticket_closed_has_date",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "status", "-created_at", "-id"], name="ticket_member"),
            models.Index(
                fields=["member", "waiting_since", "-id"],
                condition=Q(status=Status.AWAITING_FEEDBACK),
                name="ticket_member_awaiting",
            ),
            models.Index(
                fields=["member", "-closed_at", "-id"],
                condition=Q(status=Status.CLOSED),
                name="ticket_member_closed",
            ),
            models.Index(fields=["-status", "waiting_since", "id"], name="ticket_desk"),
            models.Index(fields=["assignee", "status", "waiting_since"], name="ticket_assignee"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.full_title}"

    def get_absolute_url(self) -> str:
        return reverse("tickets:ticket_detail", args=[self.pk])

    @property
    def number(self) -> str:
        return f"TI-{self.pk}"

    @property
    def prefix(self) -> str:
        return TicketLanguage(self.language).prefix

    @property
    def text_language(self) -> str:
        """The language tag of the ticket's text, empty if unknown."""
        return "" if self.language == TicketLanguage.OTHER else self.language

    @property
    def full_title(self) -> str:
        return f"{self.prefix} – {self.title}" if self.prefix else self.title

    @property
    def is_closed(self) -> bool:
        return self.status == Status.CLOSED

    @property
    def reopen_until(self) -> datetime | None:
        """Until when the member may reopen it, ``None`` while it is not closed."""
        return self.closed_at and self.closed_at + timedelta(days=settings.REOPEN_DAYS)

    def can(self, actor: User, verb: Verb, at: datetime) -> bool:
        """Whether ``actor`` may apply ``verb`` now."""
        try:
            self._check(verb, actor, at)
        except TransitionError:
            return False
        return True

    @transaction.atomic
    def reply(self, author: User, body: str, **post: Unpack[Post]) -> Reply:
        """Add a reply. A member's answers the question; an agent's leaves the status."""
        reply, is_new = self._add(Verb.REPLY, Reply.Kind.REPLY, author, body, **post)
        if is_new and author.pk != self.member_id:
            emails.agent_replied(self, reply)
        return reply

    @transaction.atomic
    def ask(self, agent: User, body: str, **post: Unpack[Post]) -> Reply:
        """Ask the member for feedback."""
        question, is_new = self._add(Verb.ASK, Reply.Kind.QUESTION, agent, body, **post)
        if is_new:
            emails.feedback_asked(self, question)
        return question

    @transaction.atomic
    def note(self, agent: User, body: str, **post: Unpack[Post]) -> Reply:
        """Write an internal note, which no member ever sees."""
        note, _is_new = self._add(Verb.NOTE, Reply.Kind.NOTE, agent, body, **post)
        return note

    @transaction.atomic
    def assign(
        self, agent: User, to: User | None, *, at: datetime, address: str | None = None
    ) -> None:
        """Give the ticket to ``to``, or to nobody."""
        self._lock()
        if self.assignee_id == (to.pk if to else None):
            return
        self._check(Verb.ASSIGN, agent, at)
        data = {"from": self.assignee_id, "to": to.pk if to else None}
        self.assignee = to
        self.save(update_fields=["assignee"])
        self._move(Verb.ASSIGN, agent, at, address, data, public=False)

    @transaction.atomic
    def close(self, actor: User, *, at: datetime, address: str | None = None) -> None:
        """Close the ticket; the member is told if somebody else did it."""
        self._lock()
        self._check(Verb.CLOSE, actor, at)
        self._move(Verb.CLOSE, actor, at, address, {})
        if actor.pk != self.member_id:
            emails.ticket_closed(self)

    @transaction.atomic
    def reopen(
        self,
        actor: User,
        reason: str = "",
        *,
        submission_id: uuid.UUID,
        at: datetime,
        screenshots: Iterable[Screenshot] = (),
        address: str | None = None,
    ) -> None:
        """Open a closed ticket again; ``reason`` and pictures become a reply."""
        self._lock()
        if self._written(actor, submission_id):
            return
        self._check(Verb.REOPEN, actor, at)
        data = {}
        screenshots = list(screenshots)
        if reason or screenshots:
            reply = self._write(actor, Reply.Kind.REPLY, reason, submission_id, at, screenshots)
            data = {"reply": reply.pk}
        self._move(Verb.REOPEN, actor, at, address, data)
        emails.ticket_reopened(self)

    def _add(
        self, verb: Verb, kind: Reply.Kind, author: User, body: str, **post: Unpack[Post]
    ) -> tuple[Reply, bool]:
        """Write what somebody posted, once; return it and whether it is new."""
        at = post["at"]
        self._lock()
        if earlier := self._written(author, post["submission_id"]):
            if earlier.body == body:
                return earlier, False
            post["submission_id"] = uuid.uuid4()  # the form was sent before, with another text
        self._check(verb, author, at)
        self._refuse_stale(author, post.get("seen"))
        shots = post.get("screenshots", ())
        reply = self._write(author, kind, body, post["submission_id"], at, shots)
        is_public = kind != Reply.Kind.NOTE
        self._move(verb, author, at, post.get("address"), {"reply": reply.pk}, public=is_public)
        return reply, True

    def _lock(self) -> None:
        rows = Ticket.objects.select_for_update(of=("self",)).select_related("member")
        self.refresh_from_db(from_queryset=rows)

    def _written(self, author: User, submission_id: uuid.UUID) -> Reply | None:
        """The reply of an earlier, identical submission of this author."""
        return self.replies.filter(author=author, submission_id=submission_id).first()

    def _check(self, verb: Verb, actor: User, at: datetime) -> None:
        side = MEMBER if actor.pk == self.member_id else AGENT
        transition = TRANSITIONS.get((side, verb))
        if transition is None or self.status not in transition.sources:
            raise TransitionError(self._refusal(verb))
        if (side, verb) == (MEMBER, Verb.REOPEN) and at > self.reopen_until:
            raise TransitionError(
                _("The ticket is closed. If the issue continues, submit a follow-up ticket.")
            )

    def _refusal(self, verb: Verb) -> str:
        if self.is_closed:
            return _("This issue is closed. Reopen it first.")
        if verb == Verb.REOPEN:
            return _("This issue is already open.")
        return _("This cannot be done to your own ticket.")

    def _refuse_stale(self, reader: User, seen: int | None) -> None:
        """Raise ``StaleReply`` if the reader could have seen something newer than ``seen``."""
        if seen is None:
            return
        replies = self.replies.filter(pk__gt=seen)
        readable = replies.public() if reader.pk == self.member_id else replies
        if newer := list(readable.select_related("author")):
            raise StaleReply(newer)

    def _write(
        self,
        author: User,
        kind: Reply.Kind,
        body: str,
        submission_id: uuid.UUID,
        at: datetime,
        screenshots: Iterable[Screenshot],
    ) -> Reply:
        reply = self.replies.create(
            author=author, kind=kind, body=body, submission_id=submission_id, at=at
        )
        self._attach(screenshots, reply)
        if kind == Reply.Kind.NOTE:
            self.notes_text = f"{self.notes_text} {fold(body)}".strip()
            self.save(update_fields=["notes_text"])
            return reply
        if self.last_reply_by_id != author.pk or author.pk != self.member_id:
            self.waiting_since = at
        self.last_reply_at, self.last_reply_by = at, author
        self.search_text = f"{self.search_text} {fold(body)}"
        fields = ["waiting_since", "last_reply_at", "last_reply_by", "search_text"]
        self.save(update_fields=fields)
        return reply

    def _attach(self, screenshots: Iterable[Screenshot], reply: Reply | None = None) -> None:
        """Make uploads the ticket's own; one that was attached meanwhile stays where it is."""
        uploads = [screenshot.pk for screenshot in screenshots]
        Screenshot.objects.waiting().filter(pk__in=uploads).update(
            ticket=self, reply=reply, draft=None
        )

    def _move(
        self,
        verb: Verb,
        actor: User,
        at: datetime,
        address: str | None,
        data: dict,
        *,
        public: bool = True,
    ) -> None:
        """Follow the table from a locked and checked row, and record it."""
        side = MEMBER if actor.pk == self.member_id else AGENT
        target = TRANSITIONS[side, verb].target
        if target is not None and target != self.status:
            data = {**data, "from": self.status, "to": target}
            self.status = target
            self.waiting_since = at
            self.closed_at = at if target == Status.CLOSED else None
            self.save(update_fields=["status", "waiting_since", "closed_at"])
        self._record(verb, actor, at, address, data, public=public)

    def _record(
        self,
        verb: Verb,
        actor: User,
        at: datetime,
        address: str | None,
        data: dict,
        *,
        public: bool = True,
    ) -> None:
        TicketEvent.objects.create(
            ticket=self, actor=actor, verb=verb, public=public, data=data, address=address, at=at
        )
