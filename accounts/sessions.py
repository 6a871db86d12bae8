"""Signing people out: what makes it certain that somebody who is shut out is out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

CHUNK = 500  # people in one statement


def end_sessions(people: Iterable[int]) -> None:
    """End all sessions of the people with these ids; their next request is signed out."""
    ids = iter(people)
    while chunk := list(islice(ids, CHUNK)):
        visits = UserSession.objects.filter(user__in=chunk)
        keys = list(visits.values_list("session_key", flat=True))
        for start in range(0, len(keys), CHUNK):
            Session.objects.filter(pk__in=keys[start : start + CHUNK]).delete()
        visits.filter(session_key__in=keys).delete()
