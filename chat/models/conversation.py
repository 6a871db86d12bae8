"""The conversation: queued, answered, ended. Every line gets its place under the row's lock.

``seq`` is taken while the conversation's row is locked, so the order of commit is the order of
``seq``: whoever has seen n has seen everything up to n (DESIGN §5).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Greatest, Least, Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.models import Draft, Screenshot, Ticket

from .. import broadcasts, transcript
from ..text import normalise
from .message import Event, Message
from .note import Note
from .presence import Presence

if TYPE_CHECKING:
    from accounts.models import User


class ChatClosed(Exception):
    """Nothing can be said after the end (I12)."""


class Conflict(Exception):
    """The same ``client_id`` came with another text."""


class NotYours(Exception):
    """Somebody who takes no part in the conversation."""


class LimitReached(Exception):
    """The agent has as many chats as they may have."""


class Taken(Exception):
    """The conversation no longer waits; ``by`` is who has it, if anybody."""

    def __init__(self, by: User | None) -> None:
        super().__init__(by)
        self.by = by


class Status(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("chat", "Waiting")
    ACTIVE = "active", pgettext_lazy("chat", "Active")
    CLOSED = "closed", pgettext_lazy("chat", "Ended")


class Ending(models.TextChoices):
    MEMBER = "member", _("The member ended the chat.")
    SUPPORT = "support", _("Support ended the chat.")
    AWAY = "away", _("The chat ended because of inactivity.")


class Rating(models.TextChoices):
    YES = "yes", pgettext_lazy("rating", "Yes")
    PARTLY = "partly", pgettext_lazy("rating", "Partly")
    NO = "no", pgettext_lazy("rating", "No")


# Who has both sits at the console; either alone is not enough.
CONSOLE_PERMISSIONS = ("chat.view_conversation", "chat.change_conversation")


class ConversationQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> ConversationQuerySet:
        """Own conversations, or all of them for agents."""
        is_agent = getattr(user, "is_console_agent", None)  # sockets have asked already
        if is_agent is None:
            is_agent = user.is_staff and user.has_perms(CONSOLE_PERMISSIONS)
        return self if is_agent else self.filter(member=user)

    def unfinished(self) -> ConversationQuerySet:
        return self.filter(status__in=[Status.WAITING, Status.ACTIVE])

    def waiting(self) -> ConversationQuerySet:
        """The queue, first in, first out, and nothing else decides (I9)."""
        return self.filter(status=Status.WAITING).order_by("queued_at", "pk")

    def of_agent(self, agent: User) -> ConversationQuerySet:
        return self.filter(status=Status.ACTIVE, agent=agent)

    def abandoned(self) -> ConversationQuerySet:
        """Waiting members whose lease is dead."""
        term = timedelta(seconds=settings.CHAT_MEMBER_LEASE)
        return self.filter(Presence.dead("member_at", term), status=Status.WAITING)

    def orphaned(self) -> ConversationQuerySet:
        """Active conversations whose agent's lease is dead, or whose agent was shut out."""
        term = timedelta(seconds=settings.CHAT_AGENT_LEASE)
        present = Presence.objects.filter(agent=OuterRef("agent"), agent__is_active=True)
        dead = present.filter(Presence.dead("seen_at", term))
        return self.filter(Exists(dead) | ~Exists(present), status=Status.ACTIVE)

    def start(
        self, member: User, *, question: str, submission_id: uuid.UUID, **given: Any
    ) -> tuple[Conversation, bool]:
        """Put ``member`` into the queue with ``question`` as the first message.

        Return the conversation and whether it is new. Somebody who is in the queue already, or in
        a conversation, is led back to it: there is one unfinished conversation per member (I11).
        ``given`` is what was typed into the form: name, given_member_id, email, language, browser.
        """
        try:
            with transaction.atomic():
                conversation = self.create(
                    member=member,
                    rank=member.rank,
                    submission_id=submission_id,
                    queued_at=Now(),
                    created_at=Now(),
                    member_at=Now(),
                    **given,
                )
                conversation._lock()
                conversation._append(Message.Kind.MEMBER, member, normalise(question), uuid.uuid4())
                broadcasts.queue_moved()
                return conversation, True
        except IntegrityError:
            earlier = self.filter(member=member).filter(
                Q(submission_id=submission_id) | Q(status__in=[Status.WAITING, Status.ACTIVE])
            )
            return earlier.latest("pk"), False

    @transaction.atomic
    def claim_next(self, agent: User) -> Conversation | None:
        """Give the head of the queue to ``agent``; ``None`` if nobody waits.

        Nobody serves themselves. Raises ``LimitReached``. A head whose row is locked, because its
        member is just posting, is passed over and comes next.
        """
        _reserve(agent)
        skip = connection.features.has_select_for_update_skip_locked
        others = self.waiting().exclude(member=agent)
        head = others.select_for_update(skip_locked=skip, of=("self",)).first()
        if head is not None:
            head._give_to(agent)
        return head

    def mark_seen(self, field: str, marks: Mapping[int, int]) -> None:
        """Move the seen marks ``field`` (``member_seen``, ``agent_seen``) forward, never back.

        ``marks`` are sequence numbers by primary key; one query for all of them.
        """
        if not marks:
            return
        number = models.PositiveIntegerField()
        cases = [When(pk=pk, then=Value(seq, number)) for pk, seq in marks.items()]
        seen = Least(Greatest(F(field), Case(*cases, default=F(field))), F("last_seq"))
        self.filter(pk__in=marks).update(**{field: seen})

    def sweep(self) -> int:
        """End the chats of members who left, return those of agents who left; count both.

        Each row is looked at again under its lock, so that of several sweepers one acts.
        """
        count = 0
        for pk in self.abandoned().values_list("pk", flat=True):
            count += self._swept(self.abandoned(), pk, lambda row: row._end(None, Ending.AWAY))
        for pk in self.orphaned().values_list("pk", flat=True):
            count += self._swept(self.orphaned(), pk, lambda row: row._requeue(Event.AGENT_LOST))
        return count

    def _swept(self, doomed: ConversationQuerySet, pk: int, act: Any) -> int:
        with transaction.atomic():
            rows = Conversation.objects.select_for_update(of=("self",)).filter(pk=pk)
            row = rows.first()
            if row is None or not doomed.filter(pk=pk).exists():
                return 0
            act(row)
            return 1


class Conversation(models.Model):
    """A chat of a member with support. Leases and ``queued_at`` are by the database's clock."""

    Status = Status
    Ending = Ending
    Rating = Rating

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="conversations"
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="chats"
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    ending = models.CharField(max_length=8, choices=Ending.choices, blank=True)
    name = models.CharField(max_length=150)
    given_member_id = models.CharField(max_length=32, blank=True)
    email = models.EmailField()
    language = models.CharField(max_length=8)
    rank = models.PositiveSmallIntegerField()  # the member's when it was begun
    browser = models.CharField(max_length=300, blank=True)
    submission_id = models.UUIDField()
    created_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    first_claimed_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)  # last: an agent may have gone
    closed_at = models.DateTimeField(null=True)
    last_seq = models.PositiveIntegerField(default=0)
    member_seen = models.PositiveIntegerField(default=0)
    agent_seen = models.PositiveIntegerField(default=0)
    member_at = models.DateTimeField()
    redirected_at = models.DateTimeField(null=True)  # support asked for a ticket instead (S48)
    rating = models.CharField(max_length=6, choices=Rating.choices, blank=True)
    # The one that support made of it; a member's own are found by ``tickets``.
    ticket = models.ForeignKey(
        "tickets.Ticket", on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        permissions = [("oversee_conversation", "Can free or end any conversation")]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "submission_id"], name="conversation_started_once"
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(status__in=["waiting", "active"]),
                name="conversation_one_unfinished",
            ),
            models.CheckConstraint(
                condition=Q(status="active", agent__isnull=False) | ~Q(status="active"),
                name="conversation_active_has_agent",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | ~Q(status="closed") & Q(closed_at__isnull=True),
                name="conversation_closed_has_date",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queued_at", "id"], condition=Q(status="waiting"), name="conversation_queue"
            ),
            models.Index(fields=["agent"], condition=Q(status="active"), name="conversation_mine"),
            models.Index(
                fields=["created_at"],
                include=["queued_at", "first_claimed_at", "closed_at", "language", "rank", "agent"],
                name="conversation_begun",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.uuid}"

    def get_absolute_url(self) -> str:
        return reverse("chat:conversation_detail", args=[self.uuid])

    @property
    def tickets(self) -> models.QuerySet[Ticket]:
        """The tickets that grew from it, newest first."""
        return Ticket.objects.filter(from_chat=self.uuid, member=self.member_id).order_by("-pk")

    @transaction.atomic
    def post(
        self, author: User, body: str, client_id: uuid.UUID, uploads: Iterable[uuid.UUID] = ()
    ) -> tuple[Message, bool]:
        """Say something, with the author's ``uploads``; return the message and whether it is new.

        The same ``client_id`` again gives the same message, also after the end. Raises
        ``Conflict``, ``ChatClosed`` and ``NotYours``.
        """
        self._lock()
        body = normalise(body)
        earlier = self.messages.filter(author=author, client_id=client_id).first()
        if earlier is not None:
            if earlier.body != body:
                raise Conflict
            return earlier, False
        if self.status == Status.CLOSED:
            raise ChatClosed
        message = self._append(self._side(author), author, body, client_id)
        pictures = list(Screenshot.objects.uploaded_by(author, uploads))
        if pictures:
            Screenshot.objects.filter(pk__in=[picture.pk for picture in pictures]).update(
                shown_to=self.member_id, draft=None
            )
            message.screenshots.set(pictures)
        return message, True

    @transaction.atomic
    def ask_for_ticket(self, by: User, body: str, client_id: uuid.UUID) -> Message:
        """Answer ``body`` and offer the member the ticket form in their language (S48)."""
        message, is_new = self.post(by, body, client_id)
        if is_new:
            self.redirected_at = Now()
            self.save(update_fields=["redirected_at"])
            self._append(Message.Kind.SYSTEM, by, event=Event.LANGUAGE)
        return message

    @transaction.atomic
    def to_ticket(self, by: User, language: str, at: datetime) -> Ticket:
        """Make a ticket of the chat for its member, once however often asked; support's way."""
        self._lock()
        if self.ticket is not None:
            return self.ticket
        sent = Screenshot.objects.filter(messages__conversation=self)
        ticket = Ticket.objects.submit(
            self.member,
            language=language,
            title=transcript.title(self),
            description=transcript.text(self),
            submission_id=uuid.uuid4(),
            at=at,
            screenshots=sent.order_by("pk")[: settings.SCREENSHOTS_PER_POST].copy_for(
                self.member, at
            ),
            from_chat=self.uuid,
        )
        self.ticket = ticket
        self.save(update_fields=["ticket"])
        if self.status != Status.CLOSED:
            self._append(Message.Kind.SYSTEM, by, ticket.number, event=Event.TICKET)
        return ticket

    @transaction.atomic
    def to_draft(self, language: str, at: datetime) -> Draft:
        """Write the chat into a draft of a ticket; the member's way, who may still change it.

        The same draft again takes what was said since, unless its text was changed by then.
        """
        self._lock()
        earlier = Draft.objects.filter(owner=self.member, from_chat=self.uuid).fresh(at).first()
        draft = earlier or Draft(
            owner=self.member, from_chat=self.uuid, title=transcript.title(self)
        )
        sent = Screenshot.objects.filter(messages__conversation=self)
        if earlier is not None:
            sent = sent.filter(messages__at__gt=earlier.saved_at)
        said = transcript.text(self)
        if said.startswith(draft.description):
            draft.description = said
        draft.language, draft.saved_at = language, at
        draft.save()
        room = settings.SCREENSHOTS_PER_POST - draft.screenshots.count()
        sent.order_by("pk")[:room].copy_for(self.member, at, draft)
        return draft

    @transaction.atomic
    def add_note(self, agent: User, body: str, client_id: uuid.UUID) -> Note:
        """Write a note for agents; a repeated post gives the same note. Raises ``Conflict``."""
        body = normalise(body)
        defaults = {"body": body, "at": Now()}
        note, is_new = self.notes.get_or_create(
            author=agent, client_id=client_id, defaults=defaults
        )
        if note.body != body:
            raise Conflict
        if is_new:
            note.refresh_from_db(fields=["at"])  # the database's own time
            broadcasts.note(self.uuid)
        return note

    @transaction.atomic
    def claim(self, agent: User) -> None:
        """Take this very conversation out of the queue; to have it already is as good.

        Raises ``Taken``, ``ChatClosed``, ``LimitReached``, and ``NotYours`` for its own member.
        """
        _reserve(agent, except_for=self)
        self._lock()
        if self.member_id == agent.pk:
            raise NotYours
        if self.status == Status.CLOSED:
            raise ChatClosed
        if self.status == Status.ACTIVE and self.agent_id == agent.pk:
            return
        if self.status != Status.WAITING:
            raise Taken(self.agent)
        self._give_to(agent)

    @transaction.atomic
    def transfer(self, by: User, to: User) -> None:
        """Hand an active conversation to another agent."""
        self._lock()
        self._require_agent(by)
        self.agent = to
        self.agent_seen = 0
        self.save(update_fields=["agent", "agent_seen"])
        self._append(Message.Kind.SYSTEM, to, event=Event.TRANSFERRED)

    @transaction.atomic
    def release(self, by: User) -> None:
        """Give an active conversation back to the queue, in its old place."""
        self._lock()
        self._require_agent(by, overseer=True)
        if self.status == Status.ACTIVE:
            self._requeue(Event.RELEASED)

    @transaction.atomic
    def close(self, by: User) -> None:
        """End the conversation, by its member or by support; ending twice changes nothing.

        Raises ``NotYours``.
        """
        self._lock()
        if self.status == Status.CLOSED:
            return
        if by.pk != self.member_id:
            self._require_agent(by, overseer=True)
        self._end(by, Ending.MEMBER if by.pk == self.member_id else Ending.SUPPORT)

    def rate(self, rating: Rating) -> None:
        """Keep the member's answer to *Did this help?*"""
        self.rating = rating
        self.save(update_fields=["rating"])

    def renew_member(self) -> None:
        """Note that the member is there now, by the database's clock."""
        Conversation.objects.filter(pk=self.pk).update(member_at=Now())

    def _lock(self) -> None:
        rows = Conversation.objects.select_for_update(of=("self",)).select_related("agent")
        self.refresh_from_db(from_queryset=rows)

    def _side(self, author: User) -> Message.Kind:
        if author.pk == self.member_id:
            return Message.Kind.MEMBER
        self._require_agent(author)
        return Message.Kind.AGENT

    def _require_agent(self, someone: User, *, overseer: bool = False) -> None:
        """Only its agent acts for support, or, where ``overseer`` says so, who may free any."""
        if self.status == Status.CLOSED:
            raise ChatClosed
        if overseer and someone.has_perm("chat.oversee_conversation"):
            return
        if self.status != Status.ACTIVE or self.agent_id != someone.pk:
            raise NotYours

    def _give_to(self, agent: User) -> None:
        self.agent, self.status = agent, Status.ACTIVE
        self.claimed_at, self.agent_seen = Now(), 0
        fields = ["agent", "status", "claimed_at", "agent_seen"]
        if self.first_claimed_at is None:
            self.first_claimed_at = Now()
            fields.append("first_claimed_at")
        self.save(update_fields=fields)
        self._append(Message.Kind.SYSTEM, agent, event=Event.CLAIMED)

    def _requeue(self, event: Event) -> None:
        """Back into the queue with the old ``queued_at``, and a full new lease for the member."""
        self.agent, self.status, self.member_at = None, Status.WAITING, Now()
        self.save(update_fields=["agent", "status", "member_at"])
        self._append(Message.Kind.SYSTEM, None, event=event)

    def _end(self, by: User | None, ending: Ending) -> None:
        self._append(Message.Kind.SYSTEM, by, event=Event.ENDED)
        self.status, self.ending, self.closed_at = Status.CLOSED, ending, Now()
        self.save(update_fields=["status", "ending", "closed_at"])

    def _append(
        self,
        kind: Message.Kind,
        author: User | None,
        body: str = "",
        client_id: uuid.UUID | None = None,
        event: str = "",
    ) -> Message:
        """Write the next line; the row must be locked."""
        self.last_seq += 1
        message = self.messages.create(
            seq=self.last_seq,
            author_kind=kind,
            author=author,
            body=body,
            event=event,
            client_id=client_id,
            at=Now(),
        )
        self.save(update_fields=["last_seq"])
        message.refresh_from_db(fields=["at"])  # the database's own time
        broadcasts.look(self.uuid)
        if event:
            broadcasts.queue_moved()
        return message


def _reserve(agent: User, except_for: Conversation | None = None) -> None:
    """Lock the agent's presence, so that two of their tabs cannot pass the limit together."""
    Presence.renew(agent)
    presence = Presence.objects.select_for_update().get(agent=agent)
    chats = Conversation.objects.of_agent(agent).exclude(pk=except_for and except_for.pk)
    if chats.count() >= presence.limit:
        raise LimitReached
