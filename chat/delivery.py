"""What somebody gets to see of a conversation: one function for sockets, polling and first pages.

Rank, permission and session are asked again at every delivery, so that whoever loses them gets
nothing from then on, however the row was changed (SECURITY A4).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare

from accounts.models import User
from tickets.models import Screenshot

from . import queue
from .models import CONSOLE_PERMISSIONS, Conversation, Message

AT_ONCE = 200  # messages of one delivery; who is further behind asks again


class Refused(Exception):
    """Not for this person; ``code`` closes their socket (DESIGN §5)."""

    SIGNED_OUT, NOT_ALLOWED, NOT_FOUND = 4401, 4403, 4404

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Viewer:
    """Who opened a socket: the session as it was then."""

    user_id: int
    session_key: str
    session_hash: str


@dataclass(frozen=True)
class Delivery:
    """Frames for one viewer. ``seq`` is what they now have, ``last_seq`` what there is."""

    frames: list[dict[str, Any]]
    seq: int
    last_seq: int
    conversation_id: int
    side: str  # "member" or "agent"
    is_party: bool  # the member or the conversation's own agent, not a colleague looking on
    name: str


def person(viewer: Viewer) -> User:
    """The person behind ``viewer``, with ``is_console_agent``; one query. Raises ``Refused``."""
    live = Session.objects.filter(session_key=viewer.session_key, expire_date__gt=Now())
    someone = known().filter(pk=viewer.user_id).annotate(is_signed_in=Exists(live)).first()
    code = refusal(viewer, someone, bool(someone and someone.is_signed_in))
    if someone is None or code:
        raise Refused(code)
    return someone


def people(viewers: Collection[Viewer]) -> dict[Viewer, User | int]:
    """For each of ``viewers`` the person, or the code that refuses them; two queries for all."""
    keys = {viewer.session_key for viewer in viewers}
    live = Session.objects.filter(session_key__in=keys, expire_date__gt=Now())
    signed_in = set(live.values_list("session_key", flat=True))
    found = {row.pk: row for row in known().filter(pk__in={viewer.user_id for viewer in viewers})}
    judged: dict[Viewer, User | int] = {}
    for viewer in viewers:
        someone = found.get(viewer.user_id)
        code = refusal(viewer, someone, viewer.session_key in signed_in)
        judged[viewer] = code or someone or Refused.SIGNED_OUT
    return judged


def known() -> models.QuerySet[User]:
    """People with what decides about their sockets."""
    allowed = [
        Exists(User.objects.with_perm(name).filter(pk=OuterRef("pk")))
        for name in CONSOLE_PERMISSIONS
    ]
    return User.objects.annotate(
        is_console_agent=models.ExpressionWrapper(
            Q(*allowed, is_staff=True), output_field=models.BooleanField()
        ),
        has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"))),
    )


def refusal(viewer: Viewer, someone: User | None, is_signed_in: bool) -> int:
    """Why ``viewer`` may get nothing, as a code; 0 if they may."""
    if someone is None or not someone.is_active or not is_signed_in:
        return Refused.SIGNED_OUT
    hashes = [someone.get_session_auth_hash(), *someone.get_session_auth_fallback_hash()]
    if not any(constant_time_compare(viewer.session_hash, known) for known in hashes):
        return Refused.SIGNED_OUT
    lacks_factor = settings.MFA_REQUIRED_FOR_STAFF and not someone.has_second_factor
    if (someone.is_staff and lacks_factor) or not someone.has_portal_access:
        return Refused.NOT_ALLOWED
    return 0


def deliver(viewer: Viewer, conversation_uuid: UUID, after: int) -> Delivery:
    """Everything after ``after`` that ``viewer`` may see now; raises ``Refused``.

    Two queries, and a third only if a message carries pictures.
    """
    return frames(person(viewer), conversation_uuid, after)


def frames(user: User, conversation_uuid: UUID, after: int) -> Delivery:
    """``deliver`` for somebody whom the gate has let in. Raises ``Refused`` (404)."""
    rows = _messages(user, conversation_uuid, after)
    if not rows:
        raise Refused(Refused.NOT_FOUND)
    conversation = rows[-1].conversation
    side = "member" if conversation.member_id == user.pk else "agent"
    with in_the_eyes_of(user):
        said = [message_frame(row, side == "agent", user) for row in rows if row.seq > after]
    return Delivery(
        frames=[*said, state_frame(conversation), *seen_frames(conversation)],
        seq=rows[-1].seq,
        last_seq=conversation.last_seq,
        conversation_id=conversation.pk,
        side=side,
        is_party=side == "member" or conversation.agent_id == user.pk,
        name=user.display_name,
    )


def message_frame(message: Message, viewer_is_agent: bool, viewer: User) -> dict[str, Any]:
    return {
        "type": "message",
        "seq": message.seq,
        "client_id": str(message.client_id) if message.client_id else None,
        "author": message.author_kind,
        "html": message_html(message, viewer_is_agent, viewer),
    }


def message_html(message: Message, viewer_is_agent: bool, viewer: User | None = None) -> str:
    """The one markup of a message, in the language and time zone that are active.

    It stands on the side of ``viewer``, and calls them "You" but not a colleague of theirs.
    """
    own = Message.Kind.AGENT if viewer_is_agent else Message.Kind.MEMBER
    is_own = message.author_kind == own
    context = {
        "message": message,
        "is_own": is_own,
        "is_me": is_own and (viewer is None or message.author_id == viewer.pk),
        "viewer_is_agent": viewer_is_agent,
    }
    return render_to_string("chat/_message.html", context)


def state_frame(conversation: Conversation) -> dict[str, Any]:
    """Where the conversation stands; a place in the queue only while it waits."""
    position, wait = None, None
    if conversation.status == Conversation.Status.WAITING:
        outlook = queue.outlook(queue.current(), timezone.now(), conversation.pk)
        position, wait = outlook.position or outlook.ahead + 1, outlook.wait
    return {
        "type": "state",
        "status": str(conversation.status),
        "position": position,
        "wait": list(wait) if wait else None,
        "agent": conversation.agent.display_name if conversation.agent else None,
    }


def seen_frames(conversation: Conversation) -> list[dict[str, Any]]:
    marks = {"member": conversation.member_seen, "agent": conversation.agent_seen}
    return [{"type": "seen", "author": author, "seq": seq} for author, seq in marks.items()]


@contextmanager
def in_the_eyes_of(user: User) -> Iterator[None]:
    """The language and the time zone of ``user``."""
    with translation.override(user.language), timezone.override(user.zone):
        yield


def _messages(user: User, conversation_uuid: UUID, after: int) -> list[Message]:
    """What is new, or else the last line, so that the conversation always comes along."""
    visible = Conversation.objects.visible_to(user).filter(uuid=conversation_uuid)
    has_pictures = Screenshot.objects.filter(messages=OuterRef("pk"))
    rows = list(
        Message.objects.filter(conversation__in=visible)
        .filter(Q(seq__gt=after) | Q(seq=F("conversation__last_seq")))
        .select_related("conversation__agent", "author")
        .annotate(has_pictures=Exists(has_pictures))
        .order_by("seq")[:AT_ONCE]
    )
    _add_pictures(rows)
    return rows


def _add_pictures(rows: Iterable[Message]) -> None:
    """One query if there is a picture; an empty queryset asks nothing and fills the rest."""
    rows = list(rows)
    pictures = Screenshot.objects.all()
    if not any(row.has_pictures for row in rows):
        pictures = pictures.none()
    models.prefetch_related_objects(rows, Prefetch("screenshots", queryset=pictures))
