from django.db import migrations

from accounts.seed import make_permissions, seed


def seed_accounts(apps, schema_editor):
    make_permissions(apps, "accounts")
    seed(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(seed_accounts, migrations.RunPython.noop)]
