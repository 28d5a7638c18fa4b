"""Why finance had a payout cancelled, for its payee to read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0051_what_is_not_taken_back")]

    operations = [
        migrations.AddField(
            model_name="payout", name="cancel_reason", field=models.TextField(blank=True)
        )
    ]
