"""What the console shows an agent: the queue, the chats at hand, and the card of the open one."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.models import CannedReply

from . import transcript
from .board import boards
from .delivery import known, message_html
from .forms import MessageForm, PresenceForm, message_limits
from .models import Conversation, Message, Note

LISTED = 5  # tickets and earlier chats on the card; the desk has the rest
OTHERS = 100  # chats of colleagues that a supervisor sees at once
LANGUAGE_REPLY = "lang"  # the canned reply behind "please write a ticket in your language" (S48)


def console_page(agent: User, chat: Conversation | None, now: datetime) -> dict[str, Any]:
    """The context of the console for ``agent``, with ``chat`` open or none.

    The number of queries does not grow with what there is to show.
    """
    board = boards([agent])[agent.pk]
    return {
        "presence": {"accepting": board["accepting"], "limit": board["limit"]},
        "board": board,
        "mine": _mine(agent, board),
        "others": _others(agent),
        "can_oversee": agent.has_perm("chat.oversee_conversation"),
        "target": settings.CHAT_ACCEPT_TARGET,
        "most": PresenceForm.MOST,
        "now": now,
        "chat": chat,
        **(_open_chat(agent, chat, now) if chat else {}),
    }


def transcript_page(agent: User, chat: Conversation) -> dict[str, Any]:
    """The context of the page that shows ``agent`` all of ``chat`` and changes nothing."""
    said, notes = _said(agent, chat), _notes(chat)
    return {
        "title": transcript.title(chat),
        "chat": chat,
        "lines": list(_lines(said, notes)),
        "tickets": list(chat.tickets[:LISTED]),
        "language_name": _language_name(chat),
    }


def colleagues(agent: User) -> QuerySet[User]:
    """Agents other than ``agent`` who sit at their consoles now."""
    term = timedelta(seconds=settings.CHAT_AGENT_LEASE)
    able = known().filter(is_console_agent=True, is_active=True)
    there = able.filter(presence__seen_at__gte=Now() - term).exclude(pk=agent.pk)
    return there.order_by("first_name", "last_name", "pk")


def language_reply(chat: Conversation, agent: User) -> str:
    """What asks the member for a ticket: in English, then in their own language."""
    return _language_text(CannedReply.objects.filter(shortcut=LANGUAGE_REPLY).first(), chat, agent)


def _language_text(reply: CannedReply | None, chat: Conversation, agent: User) -> str:
    texts = []
    for language in _languages(chat):
        with translation.override(language):
            plain = _("Please submit a ticket in your language")
        filled = reply.filled(language, _values(chat, agent, language)) if reply else ""
        texts.append(filled or plain)
    return "\n\n".join(dict.fromkeys(texts))


def _mine(agent: User, board: dict[str, Any]) -> list[Conversation]:
    """The agent's chats in the order of the board, each with ``unread`` and ``last_message``."""
    unread = {row["id"]: row["unread"] for row in board["mine"]}
    said = Message.objects.filter(conversation=OuterRef("pk"), event="").order_by("-seq")
    own = Conversation.objects.of_agent(agent).select_related("member")
    own = own.annotate(last_said=Subquery(said.values("pk")[:1]))
    rows = list(own.order_by("claimed_at", "pk"))
    last = Message.objects.in_bulk([row.last_said for row in rows])
    for row in rows:
        row.unread = unread.get(str(row.uuid), 0)
        row.last_message = last.get(row.last_said)
    return rows


def _others(agent: User) -> list[Conversation]:
    """What a supervisor may free or end: every other conversation that is not over."""
    if not agent.has_perm("chat.oversee_conversation"):
        return []
    unfinished = Conversation.objects.unfinished().select_related("member", "agent")
    others = unfinished.exclude(status=Conversation.Status.ACTIVE, agent=agent)
    return list(others.order_by("status", "queued_at", "pk")[:OTHERS])


def _open_chat(agent: User, chat: Conversation, now: datetime) -> dict[str, Any]:
    said, notes = _said(agent, chat), _notes(chat)
    is_active = chat.status == Conversation.Status.ACTIVE
    return {
        "said": [html for _row, html in said],
        "notes": notes,
        "lines": list(_lines(said, notes)),
        "last_seq": chat.last_seq,
        "card": _card(chat, now),
        "canned": _canned(chat, agent),
        "colleagues": colleagues(agent),
        "form": MessageForm(owner=agent, at=now, initial={"client_id": uuid.uuid4()}),
        "note_id": uuid.uuid4(),
        "uploads": [],
        "limits": message_limits(),
        "language_name": _language_name(chat),
        "is_mine": is_active and chat.agent_id == agent.pk,
    }


def _said(agent: User, chat: Conversation) -> list[tuple[Message, str]]:
    rows = chat.messages.select_related("conversation", "author").prefetch_related("screenshots")
    return [(row, message_html(row, viewer_is_agent=True, viewer=agent)) for row in rows]


def _notes(chat: Conversation) -> list[Note]:
    return list(chat.notes.select_related("author").order_by("at", "pk"))


def _lines(said: Iterable[tuple[Message, str]], notes: Iterable[Note]) -> Iterable[dict[str, Any]]:
    """Messages and notes as they followed each other; messages never leave their order."""
    spoken = ((row.at, {"html": html}) for row, html in said)
    noted = ((note.at, {"note": note}) for note in notes)
    return (line for _at, line in heapq.merge(spoken, noted, key=lambda entry: entry[0]))


def _card(chat: Conversation, now: datetime) -> dict[str, Any]:
    """Who it is: the account first, then what was typed into the form."""
    member, zone = chat.member, chat.member.zone
    closed = Conversation.objects.filter(member=member, status=Conversation.Status.CLOSED)
    earlier = closed.exclude(pk=chat.pk).select_related("agent").order_by("-pk")
    grown = list(chat.tickets[:LISTED])
    unfinished = member.tickets.unfinished().exclude(pk__in=[ticket.pk for ticket in grown])
    return {
        "member": member,
        "given": {
            "name": chat.name,
            "member_id": chat.given_member_id,
            "email": chat.email,
        },
        "language": chat.language,
        "zone": zone,
        "local_time": timezone.localtime(now, zone),
        "browser": chat.browser,
        "open_count": unfinished.count(),
        "open_tickets": list(unfinished.order_by("-pk")[:LISTED]),
        "earlier": list(earlier[:LISTED]),
        "tickets": grown,
    }


def _canned(chat: Conversation, agent: User) -> list[dict[str, str]]:
    """Every canned reply in English and in the member's language, ready to be sent.

    The language reply is one text in both, and stands here once.
    """
    values = {language: _values(chat, agent, language) for language in _languages(chat)}
    entries = []
    for reply in CannedReply.objects.for_chats():
        if reply.shortcut == LANGUAGE_REPLY:
            texts = {" + ".join(values): _language_text(reply, chat, agent)}
        else:
            texts = {language: reply.filled(language, values[language]) for language in values}
        entries += [
            {"shortcut": reply.shortcut, "language": language, "text": text}
            for language, text in texts.items()
            if text
        ]
    return entries


def _values(chat: Conversation, agent: User, language: str) -> dict[str, str]:
    """What stands for each of the placeholders of ``tickets.models.canned``."""
    return {
        "name": chat.member.display_name,
        "agent": agent.display_name,
        "language": _language_name(chat),
        "ticket_link": settings.PORTAL_URL + reverse("tickets:ticket_new"),
        "issues_link": settings.PORTAL_URL + reverse("tickets:ticket_list"),
    }


def _language_name(chat: Conversation) -> str:
    """The name of the chat's language in that language."""
    return dict(settings.LANGUAGES).get(chat.language, chat.language)


def _languages(chat: Conversation) -> list[str]:
    known = dict(settings.LANGUAGES)
    return [code for code in dict.fromkeys(["en", chat.language]) if code in known]
