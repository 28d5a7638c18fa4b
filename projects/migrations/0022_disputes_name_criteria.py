"""Whoever opens a dispute names the criteria that are not met."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0021_a_posting_may_be_unlisted")]

    operations = [
        migrations.AddField(
            "dispute",
            "not_met",
            ArrayField(models.CharField(max_length=300), default=list, size=None),
        ),
    ]
