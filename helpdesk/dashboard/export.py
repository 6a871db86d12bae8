"""The numbers of a figure as a table for a spreadsheet."""

from __future__ import annotations

import csv

from django.http import HttpRequest, HttpResponse

from accounts.audit import record
from accounts.models import AuditEntry
from tickets.desk.export import inert

from .shapes import Figure, raw_text


def figure_export(request: HttpRequest, figure: Figure, name: str) -> HttpResponse:
    """Answer the rows of ``figure`` as CSV in UTF-8: the table's, with raw numbers.

    The head says what they are where they are no counts: ``[s]`` seconds, ``[%]`` percent.
    """
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write("\ufeff")
    table = csv.writer(response)
    units = figure.units or [""] * len(figure.columns)
    heads = zip(figure.columns, units, strict=True)
    table.writerow(inert(f"{head} [{unit}]" if unit else head) for head, unit in heads)
    table.writerows([_cell(cell) for cell in row] for row in figure.rows)
    record(request, AuditEntry.Action.EXPORT, f"figures {figure.key}", count=len(figure.rows))
    return response


def _cell(cell: object) -> str:
    """A cell in which words, unlike numbers, may not begin as a formula does."""
    return inert(cell) if isinstance(cell, str) else raw_text(cell)
