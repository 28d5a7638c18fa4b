"""Why finance had a payout cancelled, for its payee to read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0048_a_refund_that_is_settled_is_not_sent")]

    operations = [
        migrations.AddField(
            model_name="payout", name="cancel_reason", field=models.TextField(blank=True)
        )
    ]
