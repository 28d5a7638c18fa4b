"""The rest of an escrow goes on into another; banks find a payment's money wherever it went."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from marketplace.common.clock import now
from marketplace.common.money import AmountField

PROTECT = django.db.models.deletion.PROTECT


def _id():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("payments", "0026_pages_of_movements")]

    operations = [
        migrations.CreateModel(
            name="Roll",
            fields=[
                ("id", _id()),
                ("price", AmountField()),
                ("money", AmountField()),
                ("taken_back", AmountField(default=0)),
                ("created_at", models.DateTimeField(default=now)),
                (
                    "source",
                    models.OneToOneField(
                        on_delete=PROTECT, related_name="rolled_out", to="payments.escrow"
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=PROTECT, related_name="rolled_in", to="payments.escrow"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(price__gt=0, money__gte=F("price")), name="a_roll_moves_a_price"
                    ),
                    models.CheckConstraint(
                        condition=Q(taken_back__gte=0, taken_back__lte=F("money")),
                        name="banks_take_at_most_what_was_rolled",
                    ),
                    models.CheckConstraint(
                        condition=~Q(source=F("target")), name="a_roll_goes_elsewhere"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChargebackShare",
            fields=[
                ("id", _id()),
                ("held", models.BigIntegerField(default=0)),
                ("released", models.BigIntegerField(default=0)),
                ("owed", models.BigIntegerField(default=0)),
                (
                    "movement",
                    models.ForeignKey(
                        on_delete=PROTECT, related_name="shares", to="payments.chargebackmovement"
                    ),
                ),
                (
                    "escrow",
                    models.ForeignKey(on_delete=PROTECT, related_name="+", to="payments.escrow"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["movement", "escrow"], name="a_movement_touches_an_escrow_once"
                    )
                ],
            },
        ),
    ]
