from django.db import migrations, models

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [("projects", "0061_work_is_warned_of")]

    operations = [
        migrations.AlterField(
            model_name="proposal",
            name="status",
            field=models.CharField(
                choices=[
                    ("proposed", "Waiting for an answer"),
                    ("accepted", "Accepted"),
                    ("declined", "Declined"),
                    ("countered", "Answered by another division"),
                    ("withdrawn", "Withdrawn"),
                    ("lapsed", "Lapsed"),
                ],
                default="proposed",
                max_length=9,
            ),
        ),
        keep_lifecycle(
            "projects_proposal",
            begins=("proposed",),
            moves={
                "proposed": ("accepted", "countered", "declined", "lapsed", "withdrawn"),
            },
        ),
    ]
