from django.db import migrations, models
from django.db.models import F, Q


def paid_when_noted(apps, schema_editor):
    """Of payments from before nothing else is known, and their limits count from there."""
    payments = apps.get_model("payments", "Payment").objects
    payments.filter(succeeded_at__isnull=False).update(paid_at=F("succeeded_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0046_two_of_finance_above_a_limit"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="paid_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(paid_when_noted, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=Q(paid_at=None, succeeded_at=None)
                | Q(
                    paid_at__isnull=False,
                    succeeded_at__isnull=False,
                    paid_at__lte=F("succeeded_at"),
                ),
                name="paid_before_we_heard_of_it",
            ),
        ),
    ]
