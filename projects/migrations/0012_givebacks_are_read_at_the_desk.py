"""The desk reads all that was asked or given back, the newest first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0011_a_roll_says_until_when_money_is_held")]

    operations = [
        migrations.AddIndex(
            "giveback",
            models.Index(fields=["-created_at", "-id"], name="all_givebacks_newest_first"),
        ),
    ]
