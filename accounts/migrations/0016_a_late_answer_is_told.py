"""Who waits for an answer to an appeal against a hold is told once that it is late."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_notices_have_fewer_indexes")]

    operations = [
        migrations.AddField(
            model_name="hold", name="ruling_late_at", field=models.DateTimeField(null=True)
        )
    ]
