import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0009_seed_desk'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportedTicket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('old_number', models.CharField(max_length=64, unique=True)),
                ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='imported', to='tickets.ticket')),
            ],
        ),
    ]
