"""Work that is under review is warned of what comes after that, too: that its review is over, and
too little is held for silence to approve it.
"""

from django.db import migrations

KIND = "review_over_unpaid"


def plan_them(apps, schema_editor) -> None:
    """Of a review that is over by now it is told at once: nobody has heard it yet. Where nothing is
    missing it is dropped as its time comes.
    """
    reviewed = apps.get_model("projects", "Milestone").objects.filter(
        contract__status="active", status="submitted", review_ends_at__isnull=False
    )
    model = apps.get_model("projects", "Reminder")
    found = [
        model(milestone=one, kind=KIND, due_at=one.review_ends_at)
        for one in reviewed.order_by("pk").iterator()
    ]
    model.objects.bulk_create(found, batch_size=1_000, ignore_conflicts=True)


def forget_them(apps, schema_editor) -> None:
    apps.get_model("projects", "Reminder").objects.filter(kind=KIND, told_at=None).delete()


class Migration(migrations.Migration):
    dependencies = [("projects", "0063_rulings_are_urged")]

    operations = [migrations.RunPython(plan_them, forget_them)]
