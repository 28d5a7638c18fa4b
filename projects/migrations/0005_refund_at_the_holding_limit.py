"""What the provider can hold no longer is refunded, whatever became of the work."""

from django.db import migrations

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [("projects", "0004_lifecycles_are_kept_by_the_database")]

    operations = [
        keep_lifecycle(
            "projects_milestone",
            begins=("planned",),
            moves={
                "disputed": ("cancelled", "refunded", "released", "split"),
                "planned": ("cancelled", "disputed", "refunded", "released", "split", "submitted"),
                "returned": ("cancelled", "disputed", "refunded", "released", "split", "submitted"),
                "submitted": ("cancelled", "disputed", "released", "returned", "split"),
            },
        ),
    ]
