from datetime import timedelta

from django.db import migrations, models

# To the second, and no longer in days that were rounded up.
AS_TIME = """
ALTER TABLE projects_milestone DROP CONSTRAINT projects_milestone_allowance_days_check;
ALTER TABLE projects_milestone
    ALTER COLUMN allowance_days TYPE interval USING make_interval(days => allowance_days);
ALTER TABLE projects_milestone RENAME COLUMN allowance_days TO allowance
"""
AS_DAYS = """
ALTER TABLE projects_milestone RENAME COLUMN allowance TO allowance_days;
ALTER TABLE projects_milestone ALTER COLUMN allowance_days
    TYPE smallint USING greatest(1, ceil(extract(epoch FROM allowance_days) / 86400));
ALTER TABLE projects_milestone
    ADD CONSTRAINT projects_milestone_allowance_days_check CHECK (allowance_days >= 0)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0053_a_hold_has_a_clock"),
    ]

    operations = [
        migrations.RunSQL(
            AS_TIME,
            AS_DAYS,
            state_operations=[
                migrations.RenameField("milestone", "allowance_days", "allowance"),
                migrations.AlterField("milestone", "allowance", models.DurationField()),
            ],
        ),
        migrations.AddField(
            model_name="milestone",
            name="leeway",
            field=models.DurationField(default=timedelta),
        ),
    ]
