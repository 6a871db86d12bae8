"""What chat stories share: members who start, agents who claim, and leases made old."""

import datetime as dt
import uuid

from django.db.models import F
from django.db.models.functions import Now

from chat.models import Conversation, Presence, Watch


def start(member, question="My order page loops.", **fields):
    defaults = {"name": member.display_name, "email": member.email, "language": "en"}
    submission = fields.pop("submission_id", None) or uuid.uuid4()
    conversation, _is_new = Conversation.objects.start(
        member, question=question, submission_id=submission, **{**defaults, **fields}
    )
    return conversation


def say(conversation, author, body="Hello", client_id=None):
    message, _is_new = conversation.post(author, body, client_id or uuid.uuid4())
    return message


def age(rows, field, seconds):
    """Make a lease or a place in the queue older."""
    rows.update(**{field: F(field) - dt.timedelta(seconds=seconds)})


def watched(seconds=600):
    """As if a process had watched without a gap for that long."""
    since = Now() - dt.timedelta(seconds=seconds)
    Watch.objects.create(process=uuid.uuid4(), since=since, beat_at=Now())


def vanish(agent, seconds=60):
    age(Presence.objects.filter(agent=agent), "seen_at", seconds)
