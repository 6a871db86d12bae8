from django.contrib.auth.management import create_permissions
from django.db import migrations

from tickets.seed import seed


def seed_desk(apps, schema_editor):
    # Permissions are made after all migrations; on a fresh database they do not exist yet.
    config = apps.get_app_config("tickets")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    seed(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0002_search_index"),
        ("accounts", "0002_seed_groups"),
    ]
    operations = [migrations.RunPython(seed_desk, migrations.RunPython.noop)]
