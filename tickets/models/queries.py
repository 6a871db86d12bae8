"""What one asks of all tickets, in the words of the desk."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, models, transaction
from django.db.models import Count, Exists, ExpressionWrapper, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Concat

from accounts.text import fold

from .. import emails
from .event import Verb
from .languages import TicketLanguage
from .lifecycle import UNFINISHED, Status
from .question import Question
from .readmark import ReadMark
from .reply import Reply

if TYPE_CHECKING:
    from accounts.models import User

    from .screenshot import Screenshot
    from .ticket import Ticket

NUMBER = re.compile(r"^\s*(?:TI\s*[-–]\s*|#\s*)?([1-9][0-9]{0,17})\s*$", re.IGNORECASE | re.ASCII)
INDEXED_LENGTH = 3  # letters or digits in a row that a trigram index finds a word by
INDEXED_WORDS = 3  # of a search; what contains these is read to find the others
TITLE_KEY_LENGTH = 40


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
        return self.filter(status__in=UNFINISHED)  # not an exclusion: that uses no index

    def standing(self) -> TicketQuerySet:
        """Tickets that were not merged into another."""
        return self.filter(merged_into=None)

    def unassigned(self) -> TicketQuerySet:
        return self.filter(assignee=None)

    def closed_since(self, at: datetime) -> TicketQuerySet:
        return self.filter(status=Status.CLOSED, closed_at__gte=at)

    def with_unread(self, person: User, *, at_desk: bool = False) -> TicketQuerySet:
        """Add ``seen_event``, up to where ``person`` has read, and ``is_unread``."""
        marks = ReadMark.objects.filter(person=person, ticket=OuterRef("pk"))
        seen = Coalesce(Subquery(marks.values("event")[:1]), 0)
        newest = "last_event" if at_desk else "last_public_event"
        return self.annotate(
            seen_event=seen,
            is_unread=ExpressionWrapper(Q(**{f"{newest}__gt": seen}), models.BooleanField()),
        )

    def tally(self) -> dict[str, tuple[int, int]]:
        """By status how many tickets there are, and how many are unread; needs ``with_unread``."""
        rows = self.order_by().values_list("status")
        rows = rows.annotate(count=Count("pk"), unread=Count("pk", filter=Q(is_unread=True)))
        return {status: (count, unread) for status, count, unread in rows}

    def unread_by(self, agent: User) -> TicketQuerySet:
        """Tickets in which something happened that ``agent`` has not seen."""
        marks = ReadMark.objects.filter(
            person=agent, ticket=OuterRef("pk"), event__gte=OuterRef("last_event")
        )
        return self.filter(~Exists(marks))

    def in_section(self, status: str) -> TicketQuerySet:
        """The tickets of one section in its order (S33)."""
        order = {Status.AWAITING_FEEDBACK: "waiting_since", Status.CLOSED: "-closed_at"}
        return self.filter(status=status).order_by(order.get(Status(status), "-created_at"), "-pk")

    def with_question(self) -> TicketQuerySet:
        """Add ``question``: what was asked last in each ticket and has no answer yet."""
        asked = Reply.objects.filter(ticket=OuterRef("pk"), kind=Reply.Kind.QUESTION)
        first = Question.objects.unanswered().filter(reply=OuterRef("pk")).order_by("position")
        words = Coalesce(Subquery(first.values("text")[:1]), "body")
        return self.annotate(question=Subquery(asked.order_by("-pk").values_list(words)[:1]))

    def matching(self, words: str, *, at_desk: bool = False) -> TicketQuerySet:
        """Tickets that contain all ``words``, blind to accents and case, or bear that number.

        At the desk internal notes are searched too, and words of one or two letters, or of signs,
        only at the beginning of titles: no index of a million texts knows them.
        """
        number, folded = NUMBER.match(words), list(dict.fromkeys(fold(words).split()))[:20]
        if not folded:
            return self.none()
        rows, texts = self, Q()
        if at_desk and not any(_is_indexed(word) for word in folded):
            texts = Q(title_key__startswith=" ".join(folded))
        else:
            # An index looks up every word by itself: for a long sentence that costs seconds.
            empty = Value("", output_field=models.TextField())
            rows = self.alias(
                unindexed_text=Concat("search_text", empty),
                unindexed_notes=Concat("notes_text", empty),
            )
            telling = sorted(filter(_is_indexed, folded), key=len, reverse=True)[:INDEXED_WORDS]
            for word in folded:
                text, notes = ("search_text", "notes_text")
                if word not in telling:
                    text, notes = ("unindexed_text", "unindexed_notes")
                found = Q(**{f"{text}__contains": word})
                texts &= (found | Q(**{f"{notes}__contains": word})) if at_desk else found
        return rows.filter(texts | Q(pk=int(number[1])) if number else texts)

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
        follow_up_of: Ticket | None = None,
        by: User | None = None,
    ) -> Ticket:
        """File a new ticket with the ``screenshots`` uploaded before.

        ``by`` is the agent who files it on the member's behalf, if one does.
        Raises ``IntegrityError`` if ``submission_id`` was used: ask ``submitted`` for its ticket.
        """
        ticket = self.create(
            member=member,
            rank=member.rank,
            language=language,
            title=title,
            description=description,
            technical_details=technical_details,
            from_chat=from_chat,
            follow_up_of=follow_up_of,
            submission_id=submission_id,
            created_at=at,
            waiting_since=at,
            title_key=fold(title)[:TITLE_KEY_LENGTH],
            search_text=fold(f"{TicketLanguage(language).prefix} {title} {description}"),
        )
        ticket._attach(screenshots)
        author = by or member
        ticket._record(Verb.SUBMIT, author, at, address, {"to": Status.OPEN})
        ReadMark.objects.create(person=author, ticket=ticket, event=ticket.last_event)
        emails.ticket_received(ticket)
        return ticket

    def submitted(self, member: User, submission_id: uuid.UUID) -> Ticket | None:
        """The member's ticket of an earlier, identical submission."""
        return self.filter(member=member, submission_id=submission_id).first()

    def take_next(self, agent: User, *, at: datetime, address: str | None = None) -> Ticket | None:
        """Give ``agent`` the unassigned ticket that has waited longest; ``None`` if there is none.

        Those in the languages the agent works in come first. Two agents never get the same one: a
        row that somebody else is just taking is passed over.
        """
        waiting = self.unassigned().filter(status=Status.OPEN).exclude(member=agent)
        waiting = waiting.order_by("waiting_since", "pk")
        for rows in (waiting.filter(language__in=agent.works_in), waiting):
            with transaction.atomic():
                locked = rows.select_for_update(
                    skip_locked=connection.features.has_select_for_update_skip_locked, of=("self",)
                )
                if ticket := locked.first():
                    ticket.assign(agent, agent, at=at, address=address)
                    return ticket
        return None


def _is_indexed(word: str) -> bool:
    """Whether a trigram index can find ``word``: by letters and digits only, never by signs."""
    known = "".join(char if char.isalpha() or char.isdecimal() else " " for char in word)
    return max(map(len, known.split()), default=0) >= INDEXED_LENGTH
