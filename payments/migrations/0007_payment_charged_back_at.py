"""While the payer's bank wants a payment back, nothing is released by silence and nothing refunded."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_another_account_after_a_closed_one")]

    operations = [
        migrations.AddField(
            model_name="payment", name="charged_back_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                fields=["paid_for"],
                condition=Q(charged_back_at__isnull=False),
                name="payments_charged_back",
            ),
        ),
    ]
