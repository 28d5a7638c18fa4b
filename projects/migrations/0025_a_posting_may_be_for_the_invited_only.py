"""A third answer to who sees a posting: only those whom its client invites."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0024_bids_are_declined_for_a_reason"),
    ]

    operations = [
        migrations.AlterField(
            model_name="posting",
            name="visibility",
            field=models.CharField(
                choices=[
                    ("public", "Public: everybody finds it"),
                    ("unlisted", "Unlisted: only whoever has its address"),
                    ("invite_only", "Invite-only: only those whom you invite"),
                ],
                default="public",
                max_length=11,
            ),
        ),
    ]
