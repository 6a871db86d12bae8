"""Small steps that take texts and files away: each finds what is left of it, and can be repeated.

An erasure and the retention are made of the same steps; they differ in whose rows they ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import Case, Model, Q, QuerySet, Value, When

from chat.models import Conversation, Message, Note
from tickets.models import AnswerDraft, Question, Reply, Screenshot, Ticket

from .register import DELETED, EMPTIED, label
from .walk import batches

GONE = "[…]"  # stands where a text was; the same in every language
SIZE = 200  # rows in one transaction

Whose = Callable[[str], Q]  # from the way to a ticket or chat to the condition which ones are meant
Left = Callable[[], Iterator[QuerySet]]
Act = Callable[[QuerySet], Callable[[], None] | None]


@dataclass(frozen=True)
class Step:
    """``left`` yields the rows to do. ``act`` does some; what it returns is called after commit."""

    model: type[Model]
    fate: str
    left: Left
    act: Act

    @property
    def label(self) -> str:
        return label(self.model)

    def count(self) -> int:
        return sum(rows.count() for rows in self.left())

    def run(self) -> Iterator[int]:
        """Do what is left, each ``SIZE`` rows in a transaction of their own; yield how many."""
        for rows in self.left():
            # All ids at once and unordered: with an order and a limit PostgreSQL would rather walk
            # the whole table along its key.
            for pks in batches(list(rows.values_list("pk", flat=True)), SIZE):
                with transaction.atomic(durable=True):
                    after = self.act(self.model._base_manager.filter(pk__in=pks))
                if after:
                    after()
                yield len(pks)


def emptying(rows: QuerySet, **values: Any) -> Step:
    """Write ``values`` into ``rows`` wherever they do not stand yet."""
    return writing(rows.exclude(**values), **values)


def writing(left: QuerySet, **values: Any) -> Step:
    """Write ``values`` into the rows ``left``, of which none is left then."""
    return writing_each(left.model, lambda: iter([left]), **values)


def writing_each(model: type[Model], left: Left, **values: Any) -> Step:
    def act(some: QuerySet) -> None:
        some.update(**values)

    return Step(model, EMPTIED, left, act)


def deleting(rows: QuerySet) -> Step:
    return deleting_each(rows.model, lambda: iter([rows]))


def deleting_each(model: type[Model], left: Left) -> Step:
    def act(some: QuerySet) -> None:
        some.delete()

    return Step(model, DELETED, left, act)


def ticket_steps(whose: Whose, at: datetime) -> Iterator[Step]:
    """Take away what was said in tickets; what happened to them, and when, stays countable."""
    yield picture_step(whose("ticket__"), at)
    yield deleting(AnswerDraft.objects.filter(whose("ticket__")))
    # An answer that was given stays one: whether it is there tells whether it is answered.
    answer = Case(When(answer="", then=Value("")), default=Value(GONE))
    questions = Question.objects.filter(whose("reply__ticket__"))
    yield writing(questions.exclude(text=GONE, answer__in=["", GONE]), text=GONE, answer=answer)
    yield emptying(Reply.objects.filter(whose("ticket__")).exclude(body=""), body=GONE)
    blank = dict.fromkeys(("technical_details", "title_key", "search_text", "notes_text"), "")
    said = {"title": GONE, "description": GONE, "has_pictures": False}
    yield emptying(Ticket.objects.filter(whose("")), **said, **blank)


def chat_steps(whose: Whose, pictures: Q, at: datetime) -> Iterator[Step]:
    """Take away what was said in chats; ``pictures`` are those that were shown there."""
    yield picture_step(pictures, at)
    said = Message.objects.filter(whose("conversation__"), event="").exclude(body="")
    yield emptying(said, body=GONE)
    yield emptying(Note.objects.filter(whose("conversation__")), body=GONE)
    blank = dict.fromkeys(("name", "given_member_id", "email", "browser"), "")
    yield emptying(Conversation.objects.filter(whose("")), **blank)


def picture_step(which: Q, at: datetime) -> Step:
    """First the files go, once the rows say so for certain; then the rows, which led to them.

    Whoever is interrupted between the two finds the rows again, and deletes the files once more.
    """
    shots = Screenshot.objects.filter(which)
    return Step(Screenshot, DELETED, lambda: iter([shots]), partial(_remove, at=at))


def _remove(some: QuerySet[Screenshot], at: datetime) -> Callable[[], None]:
    some.filter(removed_at=None).update(removed_at=at)
    files = [file for shot in some for file in (shot.picture, shot.thumb) if file]
    return partial(_delete, some.all(), [(file.storage, file.name) for file in files])


def _delete(some: QuerySet[Screenshot], files: list[tuple[Storage, str]]) -> None:
    for storage, name in files:
        storage.delete(name)
    some.delete()
