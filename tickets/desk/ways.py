"""The ways on from a ticket: its neighbours in the view, kept while an act moves the ticket."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.http import HttpRequest
from django.utils import timezone

from ..models import Ticket
from ..worklist import Worklist

_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_KEPT = ("previous", "next")  # in the address


class Ways(NamedTuple):
    """The numbers of the tickets before and after in the view the agent works through."""

    previous: int | None
    following: int | None


def ways_from(request: HttpRequest, ticket: Ticket) -> Ways:
    """Where the address says that it goes on, which is how it was before ``ticket`` moved.

    If it says nothing, where the view has it now.
    """
    if any(name in request.GET for name in _KEPT):
        numbers = [request.GET.get(name, "") for name in _KEPT]
        kept = [int(number) if _NUMBER.fullmatch(number) else None for number in numbers]
        return Ways(*(None if number == ticket.pk else number for number in kept))
    return Ways(*Worklist(request.GET, request.user, timezone.now()).neighbours(ticket))


def query_with(request: HttpRequest, ways: Ways | None) -> str:
    """The query of the address, with ``ways`` kept in it."""
    query = request.GET.copy()
    for name, number in zip(_KEPT, ways or (), strict=False):
        if number:
            query[name] = str(number)
    return query.urlencode()
