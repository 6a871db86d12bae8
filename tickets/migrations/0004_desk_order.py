from django.db import migrations, models


class Migration(migrations.Migration):
    """The work list begins with "open", the last of the statuses by the alphabet."""

    dependencies = [("tickets", "0003_seed")]
    operations = [
        migrations.RemoveIndex("ticket", "ticket_desk"),
        migrations.AddIndex(
            "ticket",
            models.Index(fields=["-status", "waiting_since", "id"], name="ticket_desk"),
        ),
    ]
