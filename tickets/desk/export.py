"""Tickets as a table for a spreadsheet."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

from accounts.audit import record
from accounts.models import AuditEntry, Rank

from ..models import Ticket
from ..worklist import Worklist

LIMIT, CHUNK = 10_000, 500  # rows
COLUMNS = [
    *("number", "title", "status", "language", "rank"),
    *("topic", "assignee", "opened", "waiting since", "closed"),
]
_FORMULA = ("=", "+", "-", "@")
_UNSEEN = {"Cc", "Cf", "Mn", "Zl", "Zp", "Zs"}  # signs, spaces and marks that a program may drop
# Where a spreadsheet may begin another cell: Czech and Slovenian ones divide lines at semicolons.
_CELL_END = re.compile("([;\uff1b\t\n\x0b\x0c\r\x85\u2028\u2029])")


def tickets_export(request: HttpRequest, work: Worklist, chosen: list[int]) -> HttpResponse:
    """Answer the ``chosen`` tickets, or all of the view if there are none, as CSV in UTF-8.

    Names of columns, codes and times (UTC) are the same in every language. The table is whole
    before it leaves: two megabytes at most, and an export that fails is never half a file.
    """
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"tickets-{work.now.astimezone(UTC):%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write("\ufeff")
    table, count = csv.writer(response), 0
    table.writerow(COLUMNS)
    for tickets in [work.named(chosen)] if chosen else work.chunks(CHUNK, LIMIT):
        table.writerows(map(_cells, tickets))
        count += len(tickets)
    record(request, AuditEntry.Action.EXPORT, "tickets", count=count)
    return response


def _cells(ticket: Ticket) -> Iterable[str]:
    values = [
        ticket.number,
        ticket.title,
        ticket.status,
        ticket.language,
        Rank(ticket.member.rank).code,
        ticket.topic.name if ticket.topic else "",
        ticket.assignee.display_name if ticket.assignee else "",
        _moment(ticket.created_at),
        "" if ticket.is_closed else _moment(ticket.waiting_since),
        _moment(ticket.closed_at) if ticket.closed_at else "",
    ]
    return map(inert, values)


def inert(text: str) -> str:
    """``text`` as a cell that no spreadsheet takes for a formula."""
    parts = _CELL_END.split(text)
    parts[::2] = [f"'{part}" if _begins_formula(part) else part for part in parts[::2]]
    lead = "'" if text[:1] in ("\t", "\r", "\n") else ""
    return lead + "".join(parts)


def _begins_formula(text: str) -> bool:
    """Whether ``text`` could be one once wide letters are narrow and what is not seen is gone."""
    for letter in unicodedata.normalize("NFKC", text):
        if letter not in "\"'" and unicodedata.category(letter) not in _UNSEEN:
            return letter in _FORMULA
    return False


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
