"""Which card paid, so that one whose bank takes money back pays nothing more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0028_given_back_after_release")]

    operations = [
        migrations.AddField(
            "payment",
            "card",
            models.CharField(blank=True, max_length=64, default=""),
            preserve_default=False,
        ),
    ]
