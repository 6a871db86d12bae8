"""Every table of the portal, and what it holds about a member.

A model stands either in ``HELD``, with how its rows lead to a member and what becomes of them at
an erasure, or in ``NOT_HELD`` with the reason why it can say nothing about one. A test fails for a
model that stands in neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Field, Model, Q

from accounts.models import User

EMPTIED, DELETED, KEPT = "emptied", "deleted", "kept"


def _always(_row: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Held:
    """How the rows of a model are about a member.

    ``own`` are lookups from a row to the member whose matter it is, or functions that make such a
    condition: these rows are handed over whole. Rows that name the person by another column, as an
    agent once did, are somebody else's matter: only that they exist is handed over. ``hidden`` are
    columns that never leave, with the reason. ``inner`` tells which rows hold words that agents
    wrote for each other, in the columns ``words``. ``fate`` is what an erasure makes of the rows.
    """

    own: tuple[str | Callable[[int], Q], ...]
    fate: str
    hidden: dict[str, str] = field(default_factory=dict)
    inner: Callable[[Any], bool] | None = None
    words: tuple[str, ...] = ()

    def ways(self, member: int) -> list[Q]:
        """The conditions of ``own`` for the member with that id."""
        return [way(member) if callable(way) else Q(**{way: member}) for way in self.own]


def _unsent(member: int) -> Q:
    """Pictures that belong to nothing yet; those that an agent sent to others are theirs."""
    return Q(owner=member, ticket=None, shown_to=None)


_COPY = "a copy of other columns, for the search"
_KEY = "a secret that opens the account"

HELD: dict[str, Held] = {
    "accounts.User": Held(own=("pk",), fate=EMPTIED, hidden={"password": _KEY}),
    "accounts.User_groups": Held(own=("user",), fate=DELETED),
    "accounts.User_user_permissions": Held(own=("user",), fate=DELETED),
    "accounts.AuditEntry": Held(own=("actor",), fate=EMPTIED),
    # The reports of an import name whoever is in them, and are emptied by any erasure.
    "accounts.PeopleImport": Held(own=("by",), fate=EMPTIED),
    "accounts.ErasureRequest": Held(own=("person",), fate=DELETED),
    "account.EmailAddress": Held(own=("user",), fate=DELETED),
    "account.EmailConfirmation": Held(
        own=("email_address__user",), fate=DELETED, hidden={"key": _KEY}
    ),
    "mfa.Authenticator": Held(own=("user",), fate=DELETED, hidden={"data": _KEY}),
    "usersessions.UserSession": Held(own=("user",), fate=DELETED, hidden={"session_key": _KEY}),
    "sessions.Session": Held(
        own=(), fate=DELETED, hidden={"session_key": _KEY, "session_data": _KEY}
    ),
    "tickets.Ticket": Held(
        own=("member",),
        fate=EMPTIED,
        hidden={"search_text": _COPY, "notes_text": _COPY, "title_key": _COPY},
    ),
    "tickets.Reply": Held(
        own=("ticket__member",),
        fate=EMPTIED,
        inner=lambda reply: reply.kind == "note",
        words=("body",),
    ),
    "tickets.Question": Held(own=("reply__ticket__member",), fate=EMPTIED),
    "tickets.TicketEvent": Held(own=("ticket__member",), fate=EMPTIED),
    "tickets.Screenshot": Held(own=("ticket__member", "shown_to", _unsent), fate=DELETED),
    "tickets.Draft": Held(own=("owner",), fate=DELETED),
    "tickets.AnswerDraft": Held(
        own=("ticket__member",), fate=DELETED, inner=_always, words=("body", "questions")
    ),
    "tickets.ReadMark": Held(own=("person",), fate=DELETED),
    "tickets.TicketPresence": Held(own=("agent",), fate=DELETED),
    # Its number is nobody's name, and keeps an import from bringing back what was erased.
    "tickets.ImportedTicket": Held(own=("ticket__member",), fate=KEPT),
    # Supervisors wrote them for everybody.
    "tickets.Incident": Held(own=(), fate=KEPT),
    "tickets.Notice": Held(own=(), fate=KEPT),
    # What happened to whom counts in the figures; it has no words of anybody.
    "tickets.AffectedTicket": Held(own=("ticket__member",), fate=KEPT),
    "chat.Conversation": Held(own=("member",), fate=EMPTIED),
    "chat.Message": Held(own=("conversation__member",), fate=EMPTIED),
    "chat.Message_screenshots": Held(own=("message__conversation__member",), fate=DELETED),
    "chat.Note": Held(own=("conversation__member",), fate=EMPTIED, inner=_always, words=("body",)),
    "chat.Presence": Held(own=("agent",), fate=DELETED),
    "admin.LogEntry": Held(own=(), fate=EMPTIED),
    "post_office.Email": Held(
        own=(), fate=DELETED, hidden={"html_message": "a copy of the message"}
    ),
    "post_office.Log": Held(own=(), fate=DELETED),
}

NOT_HELD: dict[str, str] = {
    "auth.Group": "names of roles",
    "auth.Group_permissions": "which role may do what",
    "auth.Permission": "names of rights",
    "contenttypes.ContentType": "names of tables",
    "tickets.CannedReply": "what agents say to everybody",
    "tickets.Topic": "labels that fit many issues",
    "tickets.DailyFigures": "counts of a day",
    "tickets.ServiceWindow": "opening times",
    "tickets.Holiday": "opening times",
    "chat.Watch": "heartbeats of processes",
    "post_office.EmailTemplate": "unused: mails are written by the portal's own templates",
    "post_office.Attachment": "unused: the portal's mails carry no files",
    "post_office.Attachment_emails": "unused: the portal's mails carry no files",
}


def held_models() -> list[tuple[type[Model], Held]]:
    """The models of ``HELD`` that are installed."""
    return [(model, HELD[label(model)]) for model in all_models() if label(model) in HELD]


def all_models() -> list[type[Model]]:
    """Every table, those of many-to-many relations included."""
    return apps.get_models(include_auto_created=True)


def label(model: type[Model]) -> str:
    return model._meta.label


def person_fields(model: type[Model]) -> list[Field]:
    """The columns of ``model`` that name a person."""
    return [column for column in model._meta.concrete_fields if column.related_model is User]
