from django.db import migrations

from accounts.seed import make_permissions, seed_audit


def seed_log(apps, schema_editor):
    make_permissions(apps, "accounts")
    seed_audit(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_audit_entry"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(seed_log, migrations.RunPython.noop)]
