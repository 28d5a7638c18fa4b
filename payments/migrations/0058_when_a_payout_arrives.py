"""When the provider expects a payout at its bank."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0057_held_payouts_near_their_limit")]

    operations = [
        migrations.AddField(
            model_name="payout", name="arrives_at", field=models.DateTimeField(null=True)
        )
    ]
