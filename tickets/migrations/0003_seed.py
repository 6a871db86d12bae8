from django.db import migrations

from accounts.seed import make_permissions
from tickets.seed import seed


def seed_tickets(apps, schema_editor):
    make_permissions(apps, "tickets")
    seed(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0002_search_index"),
        ("accounts", "0002_seed"),
    ]
    operations = [migrations.RunPython(seed_tickets, migrations.RunPython.noop)]
