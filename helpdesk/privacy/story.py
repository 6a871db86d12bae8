"""The page of the archive that people read: who they are, what they wrote and what was answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Prefetch, QuerySet
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import AuditEntry, User
from accounts.zones import zone_city
from chat.models import Conversation, Event, Message, Note
from helpdesk.templatetags.portal import user_agent_short
from tickets.models import AnswerDraft, Draft, Question, Reply, Screenshot, Ticket, TicketEvent
from tickets.thread import event_texts

from .mails import mails_of
from .records import Records, picture_path
from .walk import batches

AT_ONCE = 20  # tickets or chats in memory
ROWS = 500  # lines of a table in memory
FOLDER = "privacy/archive"


@dataclass
class Picture:
    """``path`` is empty if the picture was taken away or its file is lost."""

    name: str
    path: str


@dataclass
class Entry:
    """Something said or done. ``who`` is empty for what happened by itself."""

    at: datetime
    who: str = ""
    text: str = ""
    lang: str = ""
    mark: str = ""  # what it is, where members saw nothing of it
    is_event: bool = False
    questions: list[Question] = field(default_factory=list)
    answers: list[Question] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


class Story:
    """``lost`` are the ids of pictures whose files are gone. Yields HTML, a little at a time."""

    def __init__(self, member: User, at: datetime, records: Records, lost: set[int]) -> None:
        self.member, self.at, self.records, self.lost = member, at, records, lost

    def parts(self) -> Iterator[str]:
        yield _part("start", member=self.member, at=self.at, facts=list(self._facts()))
        yield _part("section", id="tickets", title=_("Tickets"))
        for tickets in batches(self._tickets(), AT_ONCE):
            yield _part("things", things=list(self._told_tickets(tickets)))
        yield _part("section", id="chats", title=_("Chats"))
        for chats in batches(self._chats(), AT_ONCE):
            yield _part("things", things=list(self._told_chats(chats)))
        yield _part("section", id="drafts", title=_("Not sent yet"))
        for drafts in batches(Draft.objects.filter(owner=self.member).iterator(), AT_ONCE):
            yield _part("things", things=[self._told_draft(draft) for draft in drafts])
        yield from self._table("mails", _("Emails from the portal"), self._mails())
        yield from self._table("signs", _("Sign-ins and devices"), self._signs())
        yield _part("end")

    def _facts(self) -> Iterator[tuple[str, str]]:
        member = self.member
        yield _("Name"), member.display_name
        yield _("Username"), member.username
        yield _("Member ID"), member.member_id or "–"
        extra = EmailAddress.objects.filter(user=member).values_list("email", flat=True)
        yield _("Email address"), ", ".join(sorted({member.email, *extra} - {""})) or "–"
        since = f" ({date_format(member.rank_since)})" if member.rank_since else ""
        yield _("Rank"), f"{member.get_rank_display()}{since}"
        yield _("Language"), member.get_language_display()
        yield _("Time zone"), zone_city(member.time_zone)
        yield _("Account since"), _moment(member.date_joined)
        yield _("Last sign-in"), _moment(member.last_login)
        factors = Authenticator.objects.filter(user=member)
        labels = ", ".join(str(factor.get_type_display()) for factor in factors) or "–"
        yield _("Two-Factor Authentication"), labels

    def _tickets(self) -> Iterator[Ticket]:
        tickets = Ticket.objects.owned_by(self.member).order_by("-created_at", "-pk")
        return tickets.select_related("imported").iterator(AT_ONCE)

    def _told_tickets(self, tickets: list[Ticket]) -> Iterator[dict[str, Any]]:
        shots = self._pictures(Screenshot.objects.filter(ticket__in=tickets))
        replies = self._by_ticket(
            Reply.objects.filter(ticket__in=tickets).prefetch_related("questions", "answers")
        )
        drafts = self._by_ticket(AnswerDraft.objects.filter(ticket__in=tickets))
        events = self._by_ticket(
            TicketEvent.objects.filter(ticket__in=tickets, public=True).select_related("ticket")
        )
        texts = event_texts([event for those in events.values() for event in those])
        for ticket in tickets:
            first = self._entry(self.member.pk, ticket.created_at, ticket.description)
            first.lang = "en" if ticket.from_chat else ticket.text_language
            first.pictures = shots[f"ticket {ticket.pk}"]
            entries = [first]
            for reply in replies[ticket.pk]:
                entries.append(self._told_reply(reply, ticket, shots[f"reply {reply.pk}"]))
            entries += [self._told_answer(draft) for draft in drafts[ticket.pk]]
            for event in events[ticket.pk]:
                if text := texts[event.pk]:
                    who = "" if event.actor_id is None else self._who(event.actor_id)
                    entries.append(Entry(event.at, who, text, is_event=True))
            yield {
                "name": ticket.number,
                "title": ticket.full_title,
                "lang": ticket.text_language,
                "status": ticket.get_status_display(),
                "began": ticket.created_at,
                "ended": ticket.closed_at,
                "facts": self._ticket_facts(ticket),
                "entries": sorted(entries, key=lambda entry: entry.at),
            }

    def _ticket_facts(self, ticket: Ticket) -> list[str]:
        old = getattr(ticket, "imported", None)
        number = old and _("Number in the old portal: %(number)s") % {"number": old.old_number}
        return [fact for fact in (number, ticket.technical_details) if fact]

    def _told_reply(self, reply: Reply, ticket: Ticket, shots: list[Picture]) -> Entry:
        if reply.kind == Reply.Kind.NOTE:
            entry = self._inner(reply.author_id, reply.at, reply.body, _("Internal note"))
        else:
            entry = self._entry(reply.author_id, reply.at, reply.body)
            entry.lang = ticket.text_language
        entry.questions, entry.answers = list(reply.questions.all()), list(reply.answers.all())
        entry.pictures = shots
        return entry

    def _told_answer(self, draft: AnswerDraft) -> Entry:
        """An agent's answer that was never sent."""
        words = "\n\n".join(filter(None, [draft.body, *map(str, draft.questions)]))
        return self._inner(draft.author_id, draft.saved_at, words, _("Not sent yet"))

    def _chats(self) -> Iterator[Conversation]:
        chats = Conversation.objects.filter(member=self.member).order_by("-created_at", "-pk")
        said = Message.objects.prefetch_related(
            Prefetch("screenshots", Screenshot.objects.order_by("pk"))
        )
        whole = chats.prefetch_related(Prefetch("messages", said), "notes")
        return whole.iterator(AT_ONCE)

    def _told_chats(self, chats: list[Conversation]) -> Iterator[dict[str, Any]]:
        for chat in chats:
            entries = [self._told_message(message) for message in chat.messages.all()]
            entries += [self._told_note(note) for note in chat.notes.all()]
            given = [chat.name, chat.email, chat.given_member_id, user_agent_short(chat.browser)]
            yield {
                "name": _("Chat"),
                "title": "",
                "status": chat.get_status_display(),
                "began": chat.created_at,
                "ended": chat.closed_at,
                "facts": [fact for fact in given if fact],
                "entries": sorted(entries, key=lambda entry: entry.at),
            }

    def _told_message(self, message: Message) -> Entry:
        if message.event:
            return Entry(message.at, "", _happened(message), is_event=True)
        entry = self._entry(message.author_id, message.at, message.body)
        entry.lang = "en"
        entry.pictures = [self._picture(shot) for shot in message.screenshots.all()]
        return entry

    def _told_note(self, note: Note) -> Entry:
        return self._inner(note.author_id, note.at, note.body, _("Internal note"))

    def _told_draft(self, draft: Draft) -> dict[str, Any]:
        entry = self._entry(self.member.pk, draft.saved_at, draft.description)
        return {
            "name": _("Draft"),
            "title": draft.title,
            "began": draft.saved_at,
            "entries": [entry],
        }

    def _mails(self) -> Iterator[tuple[datetime, str, str]]:
        for rows in mails_of(self.member):
            for mail in rows.order_by("pk").defer("html_message", "message").iterator(ROWS):
                yield mail.created, mail.subject, ", ".join(mail.to)

    def _signs(self) -> Iterator[tuple[datetime, str, str]]:
        for session in UserSession.objects.filter(user=self.member).iterator(ROWS):
            yield session.created_at, user_agent_short(session.user_agent), session.ip
        for entry in AuditEntry.objects.filter(actor=self.member).iterator(ROWS):
            yield entry.at, f"{entry.get_action_display()} {entry.about}", entry.address or ""

    def _table(self, id: str, title: str, rows: Iterable[tuple]) -> Iterator[str]:
        yield _part("section", id=id, title=title)
        for batch in batches(rows, ROWS):
            yield _part("rows", rows=batch)

    def _by_ticket(self, rows: QuerySet) -> dict[int, list]:
        found = defaultdict(list)
        for row in rows:
            found[row.ticket_id].append(row)
        return found

    def _pictures(self, shots: QuerySet[Screenshot]) -> dict[str, list[Picture]]:
        found = defaultdict(list)
        for shot in shots:
            key = f"reply {shot.reply_id}" if shot.reply_id else f"ticket {shot.ticket_id}"
            found[key].append(self._picture(shot))
        return found

    def _picture(self, shot: Screenshot) -> Picture:
        is_gone = shot.removed_at is not None or shot.pk in self.lost
        return Picture(shot.name, "" if is_gone else picture_path(shot) or "")

    def _entry(self, author: int | None, at: datetime, text: str) -> Entry:
        return Entry(at, self._who(author), text)

    def _inner(self, author: int, at: datetime, text: str, mark: str) -> Entry:
        """What agents wrote for each other."""
        text = self.records.without_names(text, _("technical support"))
        return Entry(at, self._who(author), text, mark=mark)

    def _who(self, pk: int | None) -> str:
        return self.member.display_name if pk == self.member.pk else _("technical support")


def _part(template: str, **context: Any) -> str:
    return render_to_string(f"{FOLDER}/{template}.html", context)


def _moment(at: datetime | None) -> str:
    return date_format(localtime(at), "DATETIME_FORMAT") if at else "–"


def _happened(message: Message) -> str:
    """What an event of a chat says, without anybody's name."""
    somebody = {"name": _("technical support")}
    return {
        Event.CLAIMED: _("%(name)s joined the chat.") % somebody,
        Event.TRANSFERRED: _("%(name)s is taking over the chat.") % somebody,
        Event.RELEASED: _("Back in the queue."),
        Event.AGENT_LOST: _("The connection to the agent was lost. Back in the queue."),
        Event.LANGUAGE: _("Support asked for a ticket in the member’s language."),
        Event.TICKET: _("A ticket was created from the chat: %(number)s")
        % {"number": message.body},
        Event.ENDED: _("Chat ended"),
    }.get(message.event, pgettext("chat", "Ended"))
