"""Each side of a dispute may seal the figure at which it would settle."""

import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.money
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0025_a_posting_may_be_for_the_invited_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SealedOffer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=12)),
                ("amount", marketplace.common.money.AmountField(null=True)),
                ("held", marketplace.common.money.AmountField(null=True)),
                ("figures", models.PositiveSmallIntegerField(default=0)),
                ("sealed_at", models.DateTimeField(default=marketplace.common.clock.now)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sealed_offers",
                        to="projects.dispute",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dispute", "role"), name="one_sealed_figure_for_each_side"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["client", "freelancer"])),
                        name="a_figure_is_sealed_by_a_side",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__isnull", True), ("held__isnull", True)),
                            models.Q(
                                ("amount__gte", 0),
                                ("held__gt", models.F("amount")),
                                ("held__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_sealed_figure_divides_what_is_held",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("figures__gte", 1), ("figures__lte", 5)),
                        name="figures_are_not_moved_without_end",
                    ),
                ],
            },
        ),
    ]
