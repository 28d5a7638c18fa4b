"""A transfer that the provider does not take back from a closed account is said to be lost."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0050_two_of_finance_say_what_became_of_a_payout"),
    ]

    operations = [
        migrations.AddField(
            model_name="payout",
            name="lost_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="payout",
            name="reversal_refused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("lost_at", None),
                    models.Q(("reversal_id", ""), ("status", "cancelled")),
                    _connector="OR",
                ),
                name="what_is_lost_was_not_taken_back",
            ),
        ),
    ]
