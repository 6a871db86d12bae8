"""Rows into tables by the thousand: COPY on PostgreSQL, plain inserts elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.core.management.color import no_style
from django.db import connection, models, transaction

BATCH = 500
# What a load may use; the time limits of the application are for pages.
ROOM = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "maintenance_work_mem": "'1GB'",
    "synchronous_commit": "off",
}
CONSTRAINTS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u')
    ORDER BY contype DESC, conname
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'u')
    ORDER BY 1
"""


class Sheet:
    """A table to be filled with tuples of the fields ``names``; every other has its default.

    JSON stands in the tuples as text.
    """

    def __init__(self, model: type[models.Model], names: Sequence[str]) -> None:
        self.model, self.names = model, names
        fields = {field.attname: field for field in model._meta.concrete_fields}
        self.fields = [fields.pop(name) for name in names]
        fields.pop("id", None)  # the database's own
        self.rest = [
            field.get_db_prep_save(field.get_default(), connection) for field in fields.values()
        ]
        columns = [field.column for field in (*self.fields, *fields.values())]
        self.copy = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"

    def put(self, rows: Iterable[tuple]) -> None:
        if connection.vendor != "postgresql":
            self.model._base_manager.bulk_create(map(self._instance, rows), batch_size=BATCH)
            return
        with connection.cursor() as cursor, cursor.copy(self.copy) as copy:
            for row in rows:
                copy.write_row((*row, *self.rest))

    def _instance(self, row: tuple) -> models.Model:
        values = {
            field.attname: json.loads(value) if isinstance(field, models.JSONField) else value
            for field, value in zip(self.fields, row, strict=True)
        }
        return self.model(**values)


def last_id(model: type[models.Model]) -> int:
    return model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0


def catch_up(tables: list[type[models.Model]]) -> None:
    """Let the next rows get numbers after those that are there."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)


@contextmanager
def loading(
    tables: list[type[models.Model]], sequences: list[type[models.Model]]
) -> Iterator[None]:
    """One transaction without the indexes and foreign keys of ``tables``, made anew at its end.

    Whatever stops it, even a power cut, leaves the schema and the rows as they were.
    """
    with transaction.atomic():
        if connection.vendor != "postgresql":
            yield
            return
        names = [model._meta.db_table for model in tables]
        with connection.cursor() as cursor:
            for name, value in ROOM.items():
                cursor.execute(f"SET LOCAL {name} = {value}")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(CONSTRAINTS, [names])
            constraints = cursor.fetchall()
            cursor.execute(INDEXES, [names])
            indexes = cursor.fetchall()
            for table, name, _definition in reversed(constraints):
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            for name, _definition in indexes:
                cursor.execute(f"DROP INDEX {name}")
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for _name, definition in indexes:
                cursor.execute(definition)
            for table, name, definition in constraints:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
            catch_up(sequences)
            for name in ROOM:
                cursor.execute(f"SET LOCAL {name} TO DEFAULT")


def analyze(tables: list[type[models.Model]]) -> None:
    """Let the planner know what is there, as autovacuum does in a running house."""
    if connection.vendor != "postgresql":
        return
    names = ", ".join(model._meta.db_table for model in tables)
    with connection.cursor() as cursor:
        cursor.execute(GIN)
        for (name,) in cursor.fetchall():
            cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [name])
        cursor.execute("SET statement_timeout = 0")
        try:
            # VACUUM cannot run inside a transaction, where tests are.
            cursor.execute(
                f"{'ANALYZE' if connection.in_atomic_block else 'VACUUM ANALYZE'} {names}"
            )
        finally:
            cursor.execute("SET statement_timeout TO DEFAULT")


GIN = """
    SELECT index.indexrelid::regclass::text FROM pg_index index
    JOIN pg_class ON pg_class.oid = index.indexrelid JOIN pg_am ON pg_am.oid = pg_class.relam
    WHERE pg_am.amname = 'gin'
"""
