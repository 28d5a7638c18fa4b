"""Finance is reminded before a hold ends by itself, once for each end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_unread_notices_have_one_index")]

    operations = [
        migrations.AddField(
            model_name="hold", name="end_told_at", field=models.DateTimeField(null=True)
        )
    ]
