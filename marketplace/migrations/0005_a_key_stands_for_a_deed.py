from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0004_outages")]

    operations = [
        # Claimed before the deed, of which it said nothing: free again.
        migrations.RunSQL(
            "DELETE FROM marketplace_idempotencyrecord WHERE status IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.AddField("idempotencyrecord", "begun", models.JSONField(null=True)),
        migrations.AddField("idempotencyrecord", "busy_until", models.DateTimeField(null=True)),
        migrations.AddConstraint(
            "idempotencyrecord",
            models.CheckConstraint(
                condition=models.Q(
                    ("status__isnull", False), ("begun__isnull", False), _connector="OR"
                ),
                name="an_idempotency_key_stands_for_a_deed",
            ),
        ),
    ]
