from django.db import migrations, models

# Whoever has bid before is reminded, too: a little late where less than that is left.
REMIND = """
    UPDATE projects_bid SET remind_at = valid_until - interval '3 days'
        WHERE status IN ('submitted', 'shortlisted', 'offered');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0027_offers_are_declined_for_a_reason"),
    ]

    operations = [
        migrations.AddField(
            model_name="bid",
            name="remind_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="bid",
            name="renewed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(REMIND, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="bid",
            index=models.Index(
                condition=models.Q(
                    ("remind_at__isnull", False), ("status__in", ["submitted", "shortlisted"])
                ),
                fields=["remind_at"],
                name="bids_to_remind_of",
            ),
        ),
    ]
