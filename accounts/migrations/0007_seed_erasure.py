from django.db import migrations

from accounts.seed import make_permissions, seed_erasure


def seed_privacy(apps, schema_editor):
    make_permissions(apps, "accounts")
    seed_erasure(apps)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_erasure_request")]
    operations = [migrations.RunPython(seed_privacy, migrations.RunPython.noop)]
