"""Holds of payouts move to where every hold is kept, with the longest times of both kinds."""

from datetime import timedelta

import django.db.models.deletion
from django.db import migrations, models

_APPEAL = timedelta(days=3)


def move_holds(apps, schema_editor) -> None:
    """What a payee answered was what an appeal is now. They end when they would have."""
    Hold = apps.get_model("accounts", "Hold")
    Payout = apps.get_model("payments", "Payout")
    for old in apps.get_model("payments", "PayoutHold").objects.order_by("pk"):
        # As it was placed, then as it stands: PostgreSQL lets a row begin and go no other way.
        new = Hold.objects.create(
            public_id=old.public_id,
            kind="payouts",
            party_id=old.party_id,
            subject=old.party.public_id,
            title=old.party.name,
            reason=old.reason,
            evidence=old.evidence,
            placed_by_id=old.placed_by_id,
            created_at=old.created_at,
            ends_at=old.ends_at,
            closes_at=old.ends_at,
            appeal_until=min(old.created_at + _APPEAL, old.ends_at),
        )
        if old.answered_at is not None:
            new.status, new.appeal, new.appealed_at = "appealed", old.answer, old.answered_at
            new.ruling_due_at = old.answered_at + timedelta(days=new.ruling_days)
            new.closes_at = min(new.ends_at, new.ruling_due_at)
            new.ruling_expected_at = new.closes_at
        if old.lifted_at is not None:
            new.status = "ended" if old.lifted_by_id is None else "lifted"
            new.closed_at, new.closed_by_id = old.lifted_at, old.lifted_by_id
        new.save()
        Payout.objects.filter(hold=old).update(moved_hold=new)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_holds"),
        ("payments", "0039_sent_by_a_bank"),
    ]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="appeal_days",
            field=models.PositiveIntegerField(default=3),
        ),
        migrations.AddField(
            model_name="policy",
            name="suspension_most_days",
            field=models.PositiveIntegerField(default=30),
        ),
        migrations.AddField(
            model_name="payout",
            name="moved_hold",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.hold",
            ),
        ),
        migrations.RunPython(move_holds),
        # What is checked at the end is checked now: a table with checks to come cannot be altered.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"),
        migrations.RemoveField(model_name="payout", name="hold"),
        migrations.RenameField(model_name="payout", old_name="moved_hold", new_name="hold"),
        migrations.AlterField(
            model_name="payout",
            name="hold",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payouts",
                to="accounts.hold",
            ),
        ),
        migrations.DeleteModel(name="PayoutHold"),
    ]
