"""Deliveries answer the criteria, and the agreement says how often changes may be asked for."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0015_questions_on_postings")]

    operations = [
        migrations.AddField("contract", "revisions", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField(
            "milestone", "revisions_used", models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddField("submission", "criteria", models.JSONField(default=list)),
        migrations.AddField(
            "submission",
            "not_met",
            ArrayField(models.CharField(max_length=300), default=list, size=None),
        ),
    ]
