"""Where an agent writes: what is offered, what was kept, and who else is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User

from ..models import AnswerDraft, CannedReply, Ticket, TicketPresence
from ..models.canned import ENGLISH
from .canned import values


@dataclass(frozen=True)
class Offer:
    """A canned reply, filled in; ``english`` stands beside a text in another language."""

    shortcut: str
    language: str
    text: str
    english: str = ""
    lacks_translation: bool = False


@dataclass(frozen=True)
class Colleague:
    """Somebody else who has the ticket open."""

    name: str
    writing: bool

    @property
    def text(self) -> str:
        if self.writing:
            return _("Writing now: %(name)s") % {"name": self.name}
        return _("Viewing this ticket now: %(name)s") % {"name": self.name}


def offered(ticket: Ticket, agent: User) -> list[Offer]:
    """Every canned reply for tickets in the ticket's language, or in English if it has no such."""
    language = ticket.text_language
    filled_in = {code: values(ticket, agent, code) for code in {language or ENGLISH, ENGLISH}}
    offers = []
    for reply in CannedReply.objects.for_tickets():
        texts = {code: reply.filled(code, filled_in[code]) for code in filled_in}
        english, own = texts[ENGLISH], texts.get(language, "")
        if own and language != ENGLISH:
            offers.append(Offer(reply.shortcut, language, own, english))
        else:
            is_lacking = language not in ("", ENGLISH)
            offers.append(Offer(reply.shortcut, ENGLISH, english, lacks_translation=is_lacking))
    return offers


def colleagues(ticket: Ticket, agent: User) -> list[Colleague]:
    """Who else has the ticket open now: advice, never a lock."""
    present = TicketPresence.objects.others(ticket, agent)
    return [Colleague(row.agent.display_name, row.is_writing) for row in present]


def draft_of(ticket: Ticket, agent: User) -> AnswerDraft | None:
    return AnswerDraft.objects.filter(ticket=ticket, author=agent).first()


def version(draft: AnswerDraft | None) -> str:
    """What a page must know of the kept draft to write over it; empty if there is none."""
    return draft.saved_at.isoformat() if draft else ""


def composer(
    ticket: Ticket, agent: User, draft: AnswerDraft | None, present: list[Colleague]
) -> dict[str, Any]:
    """The context of the answer."""
    return {
        "draft": draft,
        "draft_version": version(draft),
        "canned": offered(ticket, agent),
        "colleagues": present,
        "most_questions": settings.QUESTIONS_PER_REPLY,
        "pulse_every": settings.DESK_PULSE,
    }
