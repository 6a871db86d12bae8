from django.db import migrations

from accounts.seed import make_permissions
from tickets.seed import seed_ticket_replies, seed_topics


def seed_desk(apps, schema_editor):
    make_permissions(apps, "tickets")
    seed_ticket_replies(apps)
    seed_topics(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0008_desk"),
        ("accounts", "0002_seed_groups"),
    ]
    operations = [migrations.RunPython(seed_desk, migrations.RunPython.noop)]
