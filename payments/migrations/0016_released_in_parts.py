"""Parts of a price that were released while the rest stayed held; what each escrow brought its payee."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.money import AmountField
from marketplace.common.public_ids import PublicIdField


class Migration(migrations.Migration):
    dependencies = [("payments", "0015_money_moves_in_fewer_steps")]

    operations = [
        migrations.CreateModel(
            name="Part",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", PublicIdField(prefix="rp")),
                ("number", models.PositiveSmallIntegerField()),
                ("amount", AmountField()),
                ("once", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=now)),
                (
                    "escrow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="payments.escrow",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(amount__gt=0), name="a_part_releases_something"
                    ),
                    models.UniqueConstraint(fields=["escrow", "number"], name="parts_are_numbered"),
                    models.UniqueConstraint(
                        fields=["escrow", "once"],
                        condition=~Q(once=""),
                        name="a_part_is_asked_for_once",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            "earning", models.Index(fields=["earned_by"], name="earnings_by_origin")
        ),
    ]
