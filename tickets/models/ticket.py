"""The ticket: a member's technical issue as a record, and the verbs that change it.

Rows change only through the verbs below. Each locks the row, checks the table of transitions,
saves, writes a ``TicketEvent`` and the mail rows, all in one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NotRequired, TypedDict, Unpack

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.text import fold

from .. import emails
from .event import TicketEvent, Verb
from .languages import TicketLanguage
from .lifecycle import (
    AGENT,
    MEMBER,
    TRANSITIONS,
    UNFINISHED,
    StaleReply,
    Status,
    TransitionError,
)
from .queries import TicketQuerySet
from .question import Question
from .readmark import ReadMark
from .reply import Reply
from .screenshot import Screenshot

if TYPE_CHECKING:
    from accounts.models import User

    from .topic import Topic


_OPEN = Q(status__in=sorted(UNFINISHED))


class Post(TypedDict):
    """What comes with a text: ``seen`` is the id of the last reply its author saw, if known."""

    submission_id: uuid.UUID
    at: datetime
    screenshots: NotRequired[Iterable[Screenshot]]
    seen: NotRequired[int | None]
    address: NotRequired[str | None]


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
    rank = models.PositiveSmallIntegerField()  # the member's when it came into this portal
    submission_id = models.UUIDField()
    created_at = models.DateTimeField(_("Date Opened"))
    waiting_since = models.DateTimeField()
    first_reply_at = models.DateTimeField(null=True)  # the first words of support to the member
    last_reply_at = models.DateTimeField(null=True)
    last_reply_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(_("Date Closed"), null=True)
    from_chat = models.UUIDField(null=True, db_index=True)  # the conversation it grew from
    topic = models.ForeignKey(
        "tickets.Topic",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=_("Topic"),
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="duplicates"
    )
    follow_up_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="follow_ups"
    )
    has_pictures = models.BooleanField(default=False)
    last_event = models.BigIntegerField(default=0)  # ids: who has seen them has read everything
    last_public_event = models.BigIntegerField(default=0)
    title_key = models.CharField(max_length=40, blank=True)  # the folded beginning of the title
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
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(status=Status.CLOSED),
                name="ticket_merged_is_closed",
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
            models.Index(
                fields=["-status", "waiting_since", "id"], condition=_OPEN, name="ticket_work"
            ),
            models.Index(
                fields=["-status", "waiting_since", "id"],
                condition=_OPEN & Q(assignee=None),
                name="ticket_unassigned",
            ),
            models.Index(
                fields=["assignee", "-status", "waiting_since", "id"],
                condition=_OPEN,
                name="ticket_mine",
            ),
            models.Index(fields=["id"], condition=_OPEN, name="ticket_oldest"),
            models.Index(
                fields=["created_at"],
                include=["status", "assignee", "language", "rank"],
                condition=_OPEN,
                name="ticket_standing",
            ),
            models.Index(
                fields=["-closed_at", "-id"],
                condition=Q(status=Status.CLOSED),
                name="ticket_closed",
            ),
            models.Index(fields=["-id"], condition=Q(has_pictures=True), name="ticket_pictures"),
            # What the reports ask about a stretch of time, without a look at the rows.
            models.Index(
                fields=["created_at"],
                include=["language", "rank", "topic", "assignee"],
                name="ticket_opened",
            ),
            models.Index(
                fields=["first_reply_at"],
                include=["created_at", "language", "rank", "assignee"],
                condition=Q(first_reply_at__isnull=False),
                name="ticket_answered",
            ),
            models.Index(
                fields=["closed_at"],
                include=["created_at", "language", "rank", "assignee", "merged_into"],
                condition=Q(status=Status.CLOSED),
                name="ticket_resolved",
            ),
            models.Index(
                fields=["title_key"], opclasses=["varchar_pattern_ops"], name="ticket_title_key"
            ),
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

    @property
    def open_questions(self) -> QuerySet[Question]:
        """The questions that the member has not answered yet."""
        return Question.objects.filter(reply__ticket=self).unanswered()

    def can(self, actor: User, verb: Verb, at: datetime) -> bool:
        """Whether ``actor`` may apply ``verb`` now."""
        try:
            self._check(verb, actor, at)
        except TransitionError:
            return False
        return True

    @transaction.atomic
    def reply(
        self,
        author: User,
        body: str,
        *,
        answers: Mapping[int, str] | None = None,
        **post: Unpack[Post],
    ) -> Reply:
        """Add a reply. A member's answers the question; an agent's leaves the status.

        ``answers`` are texts by the ids of the ticket's unanswered ``Question`` rows. The answer
        to a question that has one already is not lost: it becomes a part of the reply's words.
        """
        reply = self._add(Verb.REPLY, Reply.Kind.REPLY, author, body, answers=answers or {}, **post)
        if reply.is_new and author.pk != self.member_id:
            emails.agent_replied(self, reply)
        return reply

    @transaction.atomic
    def ask(
        self, agent: User, body: str, *, questions: Sequence[str] = (), **post: Unpack[Post]
    ) -> Reply:
        """Ask the member for feedback; each of ``questions`` gets a box for its own answer."""
        question = self._add(
            Verb.ASK, Reply.Kind.QUESTION, agent, body, questions=questions, **post
        )
        if question.is_new:
            emails.feedback_asked(self, question)
        return question

    @transaction.atomic
    def note(self, agent: User, body: str, **post: Unpack[Post]) -> Reply:
        """Write an internal note, which no member ever sees."""
        return self._add(Verb.NOTE, Reply.Kind.NOTE, agent, body, **post)

    @transaction.atomic
    def assign(
        self, agent: User, to: User | None, *, at: datetime, address: str | None = None
    ) -> TicketEvent | None:
        """Give the ticket to ``to``, or to nobody; ``None`` if it is theirs already."""
        self._lock()
        if self.assignee_id == (to.pk if to else None):
            return None
        self._check(Verb.ASSIGN, agent, at)
        if to and to.pk == self.member_id:
            raise TransitionError(_("A ticket cannot be handed to the person who filed it."))
        data = {"from": self.assignee_id, "to": to.pk if to else None}
        self.assignee = to
        self.save(update_fields=["assignee"])
        return self._move(Verb.ASSIGN, agent, at, address, data, public=False)

    @transaction.atomic
    def set_topic(
        self, agent: User, topic: Topic | None, *, at: datetime, address: str | None = None
    ) -> None:
        """Say what the ticket is about, or that nobody knows yet."""
        self._lock()
        if self.topic_id == (topic.pk if topic else None):
            return
        self._check(Verb.TOPIC, agent, at)
        data = {"before": self.topic_id, "topic": topic.pk if topic else None}
        self.topic = topic
        self.save(update_fields=["topic"])
        self._move(Verb.TOPIC, agent, at, address, data, public=False)

    @transaction.atomic
    def merge_into(
        self, agent: User, target: Ticket, *, at: datetime, address: str | None = None
    ) -> None:
        """Make this a duplicate of ``target``, whose thread shows both from now on.

        Nothing is copied or moved: what was said here stays here and is read there. Raises
        ``TransitionError`` unless both are of one member and ``target`` is still worked on.
        """
        # All rows in one order for everybody, so that no two wait in a ring.
        rows = Ticket.objects.filter(Q(pk__in=[self.pk, target.pk]) | Q(merged_into=self))
        list(rows.select_for_update().order_by("pk").values_list("pk"))
        self._lock()
        target._lock()
        self.check_merge(agent, target, at=at)
        target._absorb(self)
        self.duplicates.update(merged_into=target)
        self.merged_into = target
        self._move(Verb.MERGE, agent, at, address, {"into": target.pk}, public=False)
        self.save(update_fields=["merged_into"])
        target._record(Verb.MERGE, agent, at, address, {"merged": self.pk})
        emails.tickets_merged(target, self)

    def check_merge(self, agent: User, target: Ticket, *, at: datetime) -> None:
        """Raise ``TransitionError`` unless this may become a duplicate of ``target`` now."""
        self._check(Verb.MERGE, agent, at)
        if self.pk == target.pk:
            raise TransitionError(_("A ticket cannot be merged into itself."))
        if self.member_id != target.member_id:
            raise TransitionError(_("Only tickets of the same member can be merged."))
        if target.is_closed and not target.merged_into_id:
            raise TransitionError(_("%s is closed. Reopen it first.") % target.number)
        target._check(Verb.REPLY, agent, at)

    @transaction.atomic
    def close(
        self,
        actor: User,
        *,
        at: datetime,
        address: str | None = None,
        hold: bool = False,
        tell: bool = True,
    ) -> TicketEvent:
        """Close the ticket; the member is told if somebody else did it.

        With ``hold`` the mail waits ``UNDO_SECONDS``, so that ``undo`` can take it back. Without
        ``tell`` there is none: another mail says it.
        """
        self._lock()
        self._check(Verb.CLOSE, actor, at)
        event = self._move(
            Verb.CLOSE, actor, at, address, {"waited_since": self.waiting_since.isoformat()}
        )
        if tell and actor.pk != self.member_id:
            due = at + timedelta(seconds=settings.UNDO_SECONDS)
            event.data["mail"] = emails.ticket_closed(self, due if hold else None)
            event.save(update_fields=["data"])
        return event

    @transaction.atomic
    def undo(
        self, agent: User, event: TicketEvent, *, at: datetime, address: str | None = None
    ) -> None:
        """Take back what ``event`` says ``agent`` did: an assignment or a closing.

        Raises ``TransitionError`` if something has happened since or it was somebody else.
        """
        self._lock()
        if self.last_event != event.pk or event.actor_id != agent.pk:
            raise TransitionError(_("This can no longer be undone: something has happened since."))
        if event.verb == Verb.ASSIGN:
            before = event.data["from"]
            self._check(Verb.ASSIGN, agent, at)
            self.assignee_id = before
            self.save(update_fields=["assignee"])
            self._leave_who_is_gone()
            data = {"from": event.data["to"], "to": self.assignee_id}
            self._move(Verb.ASSIGN, agent, at, address, data, public=False)
        elif event.verb == Verb.CLOSE:
            self._check(Verb.REOPEN, agent, at)
            self._leave_who_is_gone()
            was = Status(event.data["from"])
            self.status, self.closed_at = was, None
            self.waiting_since = datetime.fromisoformat(event.data["waited_since"])
            self.save(update_fields=["status", "closed_at", "waiting_since"])
            data = {"from": Status.CLOSED, "to": was, "undone": event.pk}
            self._record(Verb.REOPEN, agent, at, address, data)
            if not emails.take_back(event.data.get("mail"), at):
                emails.ticket_reopened(self)
        else:
            raise TransitionError(_("This cannot be undone."))

    def seen_by(self, person: User) -> None:
        """Note that ``person`` has read what this row knows of; costs nothing if that is known.

        Needs the row of ``with_unread``.
        """
        if self.is_unread:
            newest = self.last_public_event if person.pk == self.member_id else self.last_event
            ReadMark.objects.move(person.pk, self.pk, newest)

    @transaction.atomic
    def picture_changed(
        self,
        actor: User,
        data: dict,
        *,
        at: datetime,
        address: str | None = None,
        public: bool = True,
    ) -> None:
        """Record that ``actor`` blacked out or removed a picture of this ticket."""
        self._lock()
        for part in filter(None, [self, self.merged_into]):
            held = Q(ticket=part) | Q(ticket__merged_into=part)
            part.has_pictures = Screenshot.objects.filter(held).standing().exists()
            part.save(update_fields=["has_pictures"])
        self._record(Verb.REDACT, actor, at, address, data, public=public)

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
        """Open a closed ticket again; ``reason`` and pictures become a reply.

        The member hears of it, unless the mail of an agent's closing is still held: then of
        neither.
        """
        self._lock()
        if earlier := self._written(actor, submission_id):
            if not self.is_closed and earlier.says(reason, [], {}):
                return
            submission_id = uuid.uuid4()  # the form was sent before, and means something new
        self._check(Verb.REOPEN, actor, at)
        self._leave_who_is_gone()
        closing = self.events.filter(verb=Verb.CLOSE).last()
        mail = closing and closing.data.get("mail")
        is_taken_back = mail is not None and emails.take_back(mail, at)
        data = {}
        screenshots = list(screenshots)
        if reason or screenshots:
            reply = self._write(actor, Reply.Kind.REPLY, reason, submission_id, at, screenshots)
            data = {"reply": reply.pk}
        self._move(Verb.REOPEN, actor, at, address, data)
        if actor.pk == self.member_id or not is_taken_back:
            emails.ticket_reopened(self)

    def _add(
        self,
        verb: Verb,
        kind: Reply.Kind,
        author: User,
        body: str,
        *,
        questions: Sequence[str] = (),
        answers: Mapping[int, str] | None = None,
        **post: Unpack[Post],
    ) -> Reply:
        """Write what somebody posted, once."""
        at = post["at"]
        self._lock()
        if earlier := self._written(author, post["submission_id"]):
            if earlier.kind == kind and earlier.says(body, questions, answers or {}):
                return earlier
            post["submission_id"] = uuid.uuid4()  # the form was sent before, with another text
        self._check(verb, author, at)
        self._refuse_stale(author, post.get("seen"))
        open_questions = self.open_questions.in_bulk(answers or [])
        late = [text for pk, text in (answers or {}).items() if pk not in open_questions]
        body = "\n\n".join(filter(None, [*late, body]))
        shots = post.get("screenshots", ())
        reply = self._write(author, kind, body, post["submission_id"], at, shots)
        for position, text in enumerate(questions, 1):
            reply.questions.create(position=position, text=text)
        for pk, question in open_questions.items():
            question.answer, question.answered_in = answers[pk], reply
            question.save(update_fields=["answer", "answered_in"])
        self._remember([*questions, *(question.answer for question in open_questions.values())])
        is_public = kind != Reply.Kind.NOTE
        self._move(verb, author, at, post.get("address"), {"reply": reply.pk}, public=is_public)
        reply.is_new = True
        return reply

    def _lock(self) -> None:
        rows = Ticket.objects.select_for_update(of=("self",)).select_related("member")
        self.refresh_from_db(from_queryset=rows)

    def _written(self, author: User, submission_id: uuid.UUID) -> Reply | None:
        """The reply of an earlier, identical submission of this author."""
        return self.replies.filter(author=author, submission_id=submission_id).first()

    def _check(self, verb: Verb, actor: User, at: datetime) -> None:
        side = MEMBER if actor.pk == self.member_id else AGENT
        transition = TRANSITIONS.get((side, verb))
        if self.merged_into_id:
            number = f"TI-{self.merged_into_id}"
            raise TransitionError(_("This ticket was merged into %s.") % number)
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
        here = Q(ticket=self) | Q(ticket__merged_into=self)
        replies = Reply.objects.filter(here, pk__gt=seen).order_by("pk")
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
            self.notes_text = _longer(self.notes_text, body)
            self.save(update_fields=["notes_text"])
            return reply
        if self.last_reply_by_id != author.pk or author.pk != self.member_id:
            self.waiting_since = at
        self.last_reply_at, self.last_reply_by = at, author
        if author.pk != self.member_id and self.first_reply_at is None:
            self.first_reply_at = at
        self.search_text = _longer(self.search_text, body)
        fields = ["waiting_since", "last_reply_at", "last_reply_by", "search_text"]
        fields.append("first_reply_at")
        self.save(update_fields=fields)
        return reply

    def _leave_who_is_gone(self) -> None:
        """Give a ticket that comes back to nobody, if its agent is not here any more."""
        if self.assignee and not self.assignee.is_active:
            self.assignee = None
            self.save(update_fields=["assignee"])

    def _remember(self, texts: Iterable[str]) -> None:
        """Let the search find ``texts``."""
        if words := " ".join(texts):
            self.search_text = _longer(self.search_text, words)
            self.save(update_fields=["search_text"])

    def _attach(self, screenshots: Iterable[Screenshot], reply: Reply | None = None) -> None:
        """Make uploads the ticket's own; one that was attached meanwhile stays where it is."""
        uploads = [screenshot.pk for screenshot in screenshots]
        free = Screenshot.objects.waiting().filter(pk__in=uploads)
        if uploads and free.update(ticket=self, reply=reply, draft=None):
            self.has_pictures = True
            self.save(update_fields=["has_pictures"])

    def _absorb(self, duplicate: Ticket) -> None:
        """Let this ticket be found and listed by what ``duplicate``, not yet closed, holds."""
        self.search_text = _longer(self.search_text, duplicate.search_text)
        self.notes_text = _longer(self.notes_text, duplicate.notes_text)
        self.has_pictures = self.has_pictures or duplicate.has_pictures
        answers = filter(None, [self.first_reply_at, duplicate.first_reply_at])
        self.first_reply_at = min(answers, default=None)
        (at, by), (later, who) = self._last_words, duplicate._last_words
        if later > at:
            self.last_reply_at, self.last_reply_by_id = later, who
        is_unanswered = not duplicate.is_closed and who == self.member_id
        if self.status == Status.OPEN and is_unanswered:
            since = [self.waiting_since] if by == self.member_id else []
            if since or later > at:
                self.waiting_since = min([*since, duplicate.waiting_since])
        fields = ["search_text", "notes_text", "has_pictures", "last_reply_at", "last_reply_by"]
        self.save(update_fields=[*fields, "first_reply_at", "waiting_since"])
        for draft in duplicate.answer_drafts.all():
            draft.move_to(self)
        if hasattr(duplicate, "affected") and not hasattr(self, "affected"):
            duplicate.affected.ticket = self
            duplicate.affected.save(update_fields=["ticket"])

    @property
    def _last_words(self) -> tuple[datetime, int | None]:
        """When something was said to the other side last, and by whom."""
        if self.last_reply_at:
            return self.last_reply_at, self.last_reply_by_id
        return self.created_at, self.member_id

    def _move(
        self,
        verb: Verb,
        actor: User,
        at: datetime,
        address: str | None,
        data: dict,
        *,
        public: bool = True,
    ) -> TicketEvent:
        """Follow the table from a locked and checked row, and record it."""
        side = MEMBER if actor.pk == self.member_id else AGENT
        target = TRANSITIONS[side, verb].target
        if target is not None and target != self.status:
            data = {**data, "from": self.status, "to": target}
            self.status = target
            self.waiting_since = at
            self.closed_at = at if target == Status.CLOSED else None
            self.save(update_fields=["status", "waiting_since", "closed_at"])
        return self._record(verb, actor, at, address, data, public=public)

    def _record(
        self,
        verb: Verb,
        actor: User,
        at: datetime,
        address: str | None,
        data: dict,
        *,
        public: bool = True,
    ) -> TicketEvent:
        """Write the event. Whoever had read everything before has read what they do themselves."""
        event = TicketEvent.objects.create(
            ticket=self, actor=actor, verb=verb, public=public, data=data, address=address, at=at
        )
        read = self.last_public_event if actor.pk == self.member_id else self.last_event
        marks = ReadMark.objects.filter(person=actor, ticket=self, event__gte=read)
        marks.update(event=event.pk)
        self.last_event = event.pk
        if public:
            self.last_public_event = event.pk
        self.save(update_fields=["last_event", "last_public_event"])
        return event


def _longer(searched: str, text: str) -> str:
    """``searched`` with the words of ``text``; one that is very long already stays as it is."""
    room = settings.SEARCH_TEXT_MAX_LENGTH - len(searched)
    return f"{searched} {fold(text)[: max(0, room)]}".strip()
