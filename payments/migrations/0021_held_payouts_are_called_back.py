"""A held payout is called back, too, when its payee owes what a bank has taken."""

from django.db import migrations

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [("payments", "0020_snapshots_of_summed_accounts")]

    operations = [
        keep_lifecycle(
            "payments_payout",
            begins=("scheduled",),
            moves={
                "failed": ("cancelled", "scheduled", "sending"),
                "held": ("cancelled", "scheduled", "sending"),
                "in_transit": ("failed", "paid"),
                "paid": ("failed",),
                "scheduled": ("cancelled", "failed", "held", "sending"),
                "sending": ("failed", "in_transit", "paid", "scheduled"),
            },
        ),
    ]
