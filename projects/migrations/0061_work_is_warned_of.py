"""Funded work that waits to be handed in is warned of by all its clocks: also of the time to start,
and of the end of the grace after its date.
"""

from datetime import timedelta

from django.db import migrations

_BEFORE_START = {
    "start_in_7_days": timedelta(days=7),
    "start_in_1_day": timedelta(days=1),
    "start_over": timedelta(0),
}


def plan_them(apps, schema_editor) -> None:
    """Of a clock that has struck by now the last word is told: nobody has heard it yet."""
    at_work = apps.get_model("projects", "Milestone").objects.filter(
        contract__status="active",
        status__in=["planned", "returned"],
        escrow__held_at__isnull=False,
    )
    model = apps.get_model("projects", "Reminder")
    found = []
    for one in at_work.select_related("contract__policy", "escrow").order_by("pk").iterator():
        policy = one.contract.policy
        grace = timedelta(days=policy.lateness_grace_days) + one.grace_extension
        times = {"late_over": one.due_at + grace}
        if one.status == "planned" and one.started_at is None:
            time = timedelta(days=policy.never_started_days) + one.start_extension
            idle_at = one.escrow.held_at + time
            times |= {kind: idle_at - ahead for kind, ahead in _BEFORE_START.items()}
        found += [model(milestone=one, kind=kind, due_at=at) for kind, at in times.items()]
    model.objects.bulk_create(found, batch_size=1_000, ignore_conflicts=True)


def forget_them(apps, schema_editor) -> None:
    kinds = ["late_over", *_BEFORE_START]
    apps.get_model("projects", "Reminder").objects.filter(kind__in=kinds, told_at=None).delete()


class Migration(migrations.Migration):
    dependencies = [("projects", "0060_bids_and_postings_have_clocks")]

    operations = [migrations.RunPython(plan_them, forget_them)]
