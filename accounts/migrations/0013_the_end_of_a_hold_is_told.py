"""Finance is reminded before a hold ends by itself, once for each end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_what_counts_as_unread")]

    operations = [
        migrations.AddField(
            model_name="hold", name="end_told_at", field=models.DateTimeField(null=True)
        )
    ]
