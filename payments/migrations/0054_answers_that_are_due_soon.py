"""Of which time for an answer to a bank finance was reminded last."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0053_why_a_cancellation_was_refused")]

    operations = [
        migrations.AddField(
            model_name="chargeback",
            name="reminded_of",
            field=models.DateTimeField(null=True),
        )
    ]
