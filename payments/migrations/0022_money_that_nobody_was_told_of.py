"""Money that came in is news until whoever asked for it has told of it: an index finds it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0021_held_payouts_are_called_back")]

    operations = [
        migrations.AddField("escrow", "untold_since", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "escrow",
            models.Index(
                fields=["untold_since"],
                condition=models.Q(untold_since__isnull=False),
                name="escrows_with_news",
            ),
        ),
    ]
