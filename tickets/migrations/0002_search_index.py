from django.db import migrations

FIELDS = ("search_text", "notes_text")


def create_index(apps, schema_editor):
    """Trigram indexes on PostgreSQL; SQLite scans, and has no more than a desk's demo to scan."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for field in FIELDS:
        schema_editor.execute(
            f"CREATE INDEX ticket_{field}_trigrams ON tickets_ticket"
            f" USING gin ({field} gin_trgm_ops)"
        )


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for field in FIELDS:
            schema_editor.execute(f"DROP INDEX IF EXISTS ticket_{field}_trigrams")


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [migrations.RunPython(create_index, drop_index)]
