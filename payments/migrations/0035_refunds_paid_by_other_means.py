"""A refund that the provider cannot make is paid by other means; PostgreSQL keeps the new states."""

from django.db import migrations, models

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0034_a_deed_of_no_book_waits_for_itself"),
    ]

    operations = [
        migrations.AlterField(
            model_name="refund",
            name="status",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("sending", "Being sent"),
                    ("succeeded", "Refunded"),
                    ("failed", "Failed"),
                    ("covered", "Taken by the card's bank"),
                    ("settled", "Paid by other means"),
                ],
                default="requested",
                max_length=10,
            ),
        ),
        keep_lifecycle(
            "payments_refund",
            begins=("requested",),
            moves={
                "covered": ("requested",),
                "failed": ("covered", "requested", "sending", "settled", "succeeded"),
                "requested": ("covered", "failed", "sending", "settled", "succeeded"),
                "sending": ("failed", "requested", "succeeded"),
                "succeeded": ("failed",),
            },
        ),
    ]
