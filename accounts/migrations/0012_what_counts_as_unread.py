import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_files_of_holds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="mailpreferences",
            name="uncounted",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="is_counted",
            field=models.BooleanField(default=True),
        ),
        migrations.RemoveIndex(model_name="notification", name="notices_unread"),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("is_counted", True), ("read_at__isnull", True)),
                fields=["recipient"],
                name="notices_unread",
            ),
        ),
    ]
