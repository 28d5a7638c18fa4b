import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.money
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0030_news_of_chargebacks"),
    ]

    operations = [
        migrations.AddField(
            model_name="escrow",
            name="adjusted",
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("before", marketplace.common.money.AmountField()),
                ("after", marketplace.common.money.AmountField()),
                ("returned", marketplace.common.money.AmountField(default=0)),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                (
                    "escrow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to="payments.escrow",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("escrow", "number"), name="adjustments_are_numbered"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("after__gt", 0),
                            ("before__gt", 0),
                            ("returned__gte", 0),
                            models.Q(("before", models.F("after")), _negated=True),
                        ),
                        name="an_adjustment_changes_a_price",
                    ),
                ],
            },
        ),
    ]
