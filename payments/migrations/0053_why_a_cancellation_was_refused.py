"""Why the provider did not take a transfer back, for its payee and for finance to read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0052_why_a_payout_was_cancelled")]

    operations = [
        migrations.AddField(
            model_name="payout",
            name="reversal_refusal",
            field=models.CharField(blank=True, max_length=80),
        )
    ]
