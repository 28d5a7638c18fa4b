"""A sweep looks through what is held for what the provider holds not much longer."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("payments", "0056_payouts_that_wait_for_their_payees")]

    operations = [
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                fields=["party", "currency"], condition=Q(status="held"), name="payouts_held"
            ),
        )
    ]
