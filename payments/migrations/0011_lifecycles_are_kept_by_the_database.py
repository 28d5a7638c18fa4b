"""PostgreSQL refuses the moves that no lifecycle lists: the tables as they stand today."""

from django.db import migrations

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0003_lifecycles_are_kept_by_the_database"),
        ("payments", "0010_payout_holds"),
    ]

    operations = [
        keep_lifecycle(
            "payments_escrow",
            begins=("awaiting",),
            moves={
                "awaiting": ("dropped", "held"),
                "held": ("refunded", "released", "split"),
            },
        ),
        keep_lifecycle(
            "payments_payment",
            begins=("cancelled", "pending"),
            moves={
                "cancelled": ("succeeded",),
                "expired": ("succeeded",),
                "partly_refunded": ("refunded",),
                "pending": ("cancelled", "expired", "requires_action", "succeeded"),
                "requires_action": ("cancelled", "expired", "pending", "succeeded"),
                "succeeded": ("partly_refunded", "refunded"),
            },
        ),
        keep_lifecycle(
            "payments_payout",
            begins=("scheduled",),
            moves={
                "failed": ("cancelled", "scheduled", "sending"),
                "held": ("scheduled", "sending"),
                "in_transit": ("failed", "paid"),
                "paid": ("failed",),
                "scheduled": ("cancelled", "failed", "held", "sending"),
                "sending": ("failed", "in_transit", "paid", "scheduled"),
            },
        ),
        keep_lifecycle(
            "payments_refund",
            begins=("requested",),
            moves={
                "failed": ("requested", "sending", "succeeded"),
                "requested": ("failed", "sending", "succeeded"),
                "sending": ("failed", "requested", "succeeded"),
                "succeeded": ("failed",),
            },
        ),
    ]
