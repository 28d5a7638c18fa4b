"""When the staff was last told that nobody has decided in time."""

from django.db import migrations, models
from django.db.models import F, Q


def count_from_when_it_was_missed(apps, schema_editor) -> None:
    disputes = apps.get_model("projects", "Dispute").objects
    disputes.filter(ruling_missed_at__isnull=False).update(ruling_urged_at=F("ruling_missed_at"))


class Migration(migrations.Migration):
    dependencies = [("projects", "0062_proposals_are_countered")]

    operations = [
        migrations.AddField(
            model_name="dispute",
            name="ruling_urged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(count_from_when_it_was_missed, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                fields=["ruling_urged_at"],
                condition=Q(("ruling_missed_at__isnull", False), ("status", "under_review")),
                name="rulings_that_are_missed",
            ),
        ),
    ]
