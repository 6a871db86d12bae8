"""What consoles show of the queue: whole snapshots, asked for once for all agents of a process."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User

from . import delivery
from .models import Conversation, Message, Note, Presence

ROWS = 50  # of the queue; the count tells of the rest
LINE = 160  # characters of a question's first line
RECENT = timedelta(seconds=30)  # notes sent again and again, so that a lost word loses none


def boards(agents: Collection[User]) -> dict[int, dict[str, Any]]:
    """The ``queue`` frame of each of ``agents`` by primary key: four queries for all of them."""
    rows = list(_waiting())
    count = Conversation.objects.waiting().count()
    mine = _mine(agents)
    present = {row.agent_id: row for row in Presence.objects.filter(agent__in=agents)}
    lists = {language: _worded(rows, language) for language in {one.language for one in agents}}
    return {
        agent.pk: {
            "type": "queue",
            "waiting": lists[agent.language],
            "waiting_count": count,
            "mine": mine.get(agent.pk, []),
            "accepting": agent.pk in present and present[agent.pk].accepting,
            "limit": present[agent.pk].limit if agent.pk in present else settings.CHATS_PER_AGENT,
        }
        for agent in agents
    }


def fresh_notes(agents: Collection[User]) -> dict[int, dict[int, dict[str, Any]]]:
    """Frames of the newest notes, by agent and note; one query. Nobody else may get them."""
    recent = Note.objects.filter(at__gt=Now() - RECENT)
    notes = list(recent.select_related("author", "conversation"))
    frames: dict[int, dict[int, dict[str, Any]]] = {}
    for agent in agents if notes else ():
        with delivery.in_the_eyes_of(agent):
            frames[agent.pk] = {
                note.pk: {
                    "type": "note",
                    "conversation": str(note.conversation.uuid),
                    "html": render_to_string("chat/console/_note.html", {"note": note}),
                }
                for note in notes
            }
    return frames


def _waiting() -> Any:
    question = Message.objects.filter(conversation=OuterRef("pk"), seq=1).values("body")[:1]
    waiting = Conversation.objects.waiting().select_related("member")
    return waiting.annotate(question=Subquery(question))[:ROWS]


def _worded(rows: list[Any], language: str) -> list[dict[str, Any]]:
    with translation.override(language):
        return [
            {
                "id": str(row.uuid),
                "name": row.member.display_name,
                "rank": str(row.member.get_rank_display()),
                "language": row.language,
                "since": row.queued_at.isoformat(),
                "first_line": next(iter((row.question or "").strip().splitlines()), "")[:LINE],
            }
            for row in rows
        ]


def _mine(agents: Collection[User]) -> dict[int, list[dict[str, Any]]]:
    unread = Q(messages__author_kind="member", messages__seq__gt=F("agent_seen"))
    active = Conversation.objects.filter(status=Conversation.Status.ACTIVE, agent__in=agents)
    chats = active.annotate(unread=Count("messages", filter=unread)).order_by("claimed_at", "pk")
    found: dict[int, list[dict[str, Any]]] = {}
    for row in chats:
        found.setdefault(row.agent_id, []).append({"id": str(row.uuid), "unread": row.unread})
    return found
