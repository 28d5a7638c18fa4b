"""Whose payout waits for them is told again, once a week."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("payments", "0055_payments_that_are_lost")]

    operations = [
        migrations.AddField(
            model_name="payout", name="reminded_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                fields=["created_at"],
                condition=Q(status="failed")
                | Q(
                    status="scheduled",
                    failure_code__in=("account_not_ready", "account_replaced"),
                ),
                name="payouts_that_wait_for_payees",
            ),
        ),
    ]
