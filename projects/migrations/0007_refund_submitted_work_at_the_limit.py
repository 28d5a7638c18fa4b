"""Work that silence cannot approve is refunded at the provider's limit, submitted or not."""

from django.db import migrations

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [("projects", "0006_bonuses")]

    operations = [
        keep_lifecycle(
            "projects_milestone",
            begins=("planned",),
            moves={
                "disputed": ("cancelled", "refunded", "released", "split"),
                "planned": ("cancelled", "disputed", "refunded", "released", "split", "submitted"),
                "returned": ("cancelled", "disputed", "refunded", "released", "split", "submitted"),
                "submitted": (
                    "cancelled",
                    "disputed",
                    "refunded",
                    "released",
                    "returned",
                    "split",
                ),
            },
        ),
    ]
