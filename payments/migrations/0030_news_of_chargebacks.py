"""What banks do is kept as news until it stands in the timeline of its contract."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import marketplace.common.clock


class Migration(migrations.Migration):
    dependencies = [("payments", "0029_the_card_of_a_payment")]

    operations = [
        migrations.CreateModel(
            "ChargebackNews",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("status", models.CharField(blank=True, max_length=10)),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                ("told_at", models.DateTimeField(null=True)),
                (
                    "chargeback",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="news",
                        to="payments.chargeback",
                    ),
                ),
                (
                    "movement",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.chargebackmovement",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "chargeback news",
                "indexes": [
                    models.Index("id", condition=Q(told_at=None), name="chargeback_news_to_tell")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(status="", movement__isnull=False)
                        | ~Q(status="") & Q(movement__isnull=True),
                        name="news_is_of_a_state_or_of_money",
                    )
                ],
            },
        ),
    ]
