"""Sums that stay cheap: a snapshot of each account that keeps no balance, and what has moved since.

A transfer notes the transaction that wrote it. Every transaction below a snapshot's horizon is over,
so nothing can still appear there, however late somebody commits.
"""

import django.db.models.deletion
from django.db import migrations, models

import payments.ledger.models


class Migration(migrations.Migration):
    dependencies = [("payments", "0019_bonuses_are_not_held")]

    operations = [
        # Two steps: the transfers that are there already belong below every horizon, and a
        # constant rewrites no table.
        migrations.RunSQL(
            """
            ALTER TABLE payments_transfer ADD COLUMN written_in bigint NOT NULL DEFAULT 0;
            ALTER TABLE payments_transfer ALTER COLUMN written_in
                SET DEFAULT (pg_current_xact_id()::text::bigint);
            """,
            "ALTER TABLE payments_transfer DROP COLUMN written_in",
            state_operations=[
                migrations.AddField(
                    model_name="transfer",
                    name="written_in",
                    field=models.BigIntegerField(
                        db_default=payments.ledger.models.PresentTransaction()
                    ),
                ),
            ],
        ),
        migrations.AlterField(
            model_name="transfer",
            name="source",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="outgoing",
                to="payments.ledgeraccount",
            ),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="target",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="incoming",
                to="payments.ledgeraccount",
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["source", "written_in"], name="transfers_out_of"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["target", "written_in"], name="transfers_into"),
        ),
        migrations.CreateModel(
            name="AccountSnapshot",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="snapshot",
                        serialize=False,
                        to="payments.ledgeraccount",
                    ),
                ),
                ("horizon", models.BigIntegerField()),
                ("balance", models.BigIntegerField()),
                ("taken_at", models.DateTimeField()),
            ],
        ),
    ]
