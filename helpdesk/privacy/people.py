"""Finding the person whose data are meant."""

from __future__ import annotations

from django.core.management import CommandError
from django.db.models import Value
from django.db.models.functions import Lower

from accounts.models import User


def person_named(username: str) -> User:
    """The person who signs in as ``username``; raises ``CommandError``."""
    lowered = User.objects.alias(lowered=Lower("username"))
    if person := lowered.filter(lowered=Lower(Value(username))).first():
        return person
    raise CommandError(f"Nobody is called {username!r}.")
