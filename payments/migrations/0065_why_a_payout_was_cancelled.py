"""Why finance had a payout cancelled, for its payee to read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0050_two_of_finance_say_what_became_of_a_payout")]

    operations = [
        migrations.AddField(
            model_name="payout", name="cancel_reason", field=models.TextField(blank=True)
        )
    ]
