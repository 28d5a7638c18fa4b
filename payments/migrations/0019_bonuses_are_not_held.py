"""A bonus is an escrow of its own that goes to the payee the moment it is paid."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0018_chargebacks")]

    operations = [
        migrations.AddField(
            "escrow",
            "kind",
            models.CharField(
                choices=[("work", "Work"), ("bonus", "Bonus")], default="work", max_length=5
            ),
        ),
    ]
