"""When a payment's page was first asked for under its present key."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_refund_failures")]

    operations = [
        migrations.AddField(
            model_name="payment", name="asked_at", field=models.DateTimeField(null=True)
        ),
    ]
