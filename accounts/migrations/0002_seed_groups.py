from django.contrib.auth.management import create_permissions
from django.db import migrations

from accounts.seed import seed


def seed_groups(apps, schema_editor):
    # Permissions are made after all migrations; on a fresh database they do not exist yet.
    config = apps.get_app_config("accounts")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    seed(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(seed_groups, migrations.RunPython.noop)]
