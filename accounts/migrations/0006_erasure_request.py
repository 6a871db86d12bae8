import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_seed_audit'),
    ]

    operations = [
        migrations.CreateModel(
            name='ErasureRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('requested_at', models.DateTimeField(verbose_name='asked on')),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='erasure_request', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'request for erasure',
                'verbose_name_plural': 'requests for erasure',
                'ordering': ['requested_at', 'pk'],
                'permissions': [('export_member', 'Can download everything about a member'), ('erase_member', 'Can erase a member')],
                'default_permissions': ['view'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='auditentry',
            name='auditentry_action_known',
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('sign_in', 'Signed in'), ('sign_in_failed', 'Sign-in failed'), ('denied', 'Access denied'), ('picture', 'Picture opened'), ('export', 'List exported'), ('export_member', 'Data of a member downloaded'), ('erase_member', 'Member erased')], max_length=20, verbose_name='Action'),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['sign_in', 'sign_in_failed', 'denied', 'picture', 'export', 'export_member', 'erase_member'])), name='auditentry_action_known'),
        ),
    ]
