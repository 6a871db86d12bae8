from django.db import migrations

from accounts.seed import make_permissions
from chat.seed import seed


def seed_chat(apps, schema_editor):
    make_permissions(apps, "chat")
    seed(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0001_initial"),
        ("accounts", "0002_seed"),
    ]
    operations = [migrations.RunPython(seed_chat, migrations.RunPython.noop)]
