"""The country of a payee says how long money is held for them: a sweep sees that it is applied."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0022_money_that_nobody_was_told_of")]

    operations = [
        migrations.AddField("connectedaccount", "country_due_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "connectedaccount",
            models.Index(
                fields=["country_due_at"],
                condition=models.Q(country_due_at__isnull=False),
                name="payees_of_a_new_country",
            ),
        ),
    ]
