"""What came in and was not told of yet is said by the escrow, a part of the money as well."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0022_money_that_nobody_was_told_of"),
        ("projects", "0007_refund_submitted_work_at_the_limit"),
    ]

    operations = [
        migrations.RunSQL(
            """
            UPDATE payments_escrow e SET untold_since = e.held_at
            FROM projects_milestone m
            WHERE m.escrow_id = e.id AND e.status = 'held' AND e.held_at IS NOT NULL
              AND (m.funding_told_at IS NULL OR m.funding_told_at < e.held_at)
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RemoveIndex("milestone", "fundings_to_tell"),
        migrations.RemoveField("milestone", "funding_told_at"),
    ]
