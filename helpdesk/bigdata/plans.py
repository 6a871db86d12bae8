"""What a page asks the database, and whether a big table is read from end to end for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

BIG_TABLES = (
    *("tickets_ticket", "tickets_reply", "tickets_ticketevent", "tickets_screenshot"),
    *("tickets_readmark", "accounts_user", "chat_conversation", "chat_message"),
)


class Look(NamedTuple):
    """One visit: ``scans`` are the statements that read a big table from end to end."""

    status: int
    queries: list[str]
    slowest: float  # milliseconds of the slowest statement
    scans: list[str]


def look(visit: Callable[[], HttpResponse]) -> Look:
    with CaptureQueriesContext(connection) as asked:
        response = visit()
    queries = [entry["sql"] for entry in asked]
    slowest = max((float(entry["time"]) * 1000 for entry in asked), default=0.0)
    return Look(response.status_code, queries, slowest, list(_scans(queries)))


def median(visit: Callable[[], HttpResponse], times: int) -> float:
    """Milliseconds of the visit in the middle."""
    taken = []
    for _each in range(times):
        began = time.perf_counter()
        visit()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[times // 2]


def _scans(queries: list[str]) -> Iterator[str]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for query in queries:
            verb = query.lstrip("( ").partition(" ")[0]
            if verb not in {"SELECT", "UPDATE", "INSERT", "DELETE"}:
                continue
            if not any(table in query for table in BIG_TABLES):
                continue
            cursor.execute(f"EXPLAIN (FORMAT JSON) {query}")
            (found,) = cursor.fetchone()
            plan = json.loads(found) if isinstance(found, str) else found
            for table in _read_whole(plan[0]["Plan"]):
                yield f"{table}: {query}"


def _read_whole(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG_TABLES:
        yield node["Relation Name"]
    for child in node.get("Plans", []):
        yield from _read_whole(child)
