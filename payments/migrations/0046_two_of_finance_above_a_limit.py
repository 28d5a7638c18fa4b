"""Above the limit of the rules finance moves no money alone."""

import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.money
import marketplace.common.public_ids
from django.conf import settings
from django.db import migrations, models

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0045_debits_that_banks_return"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ProposedDeed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="pd")),
                ("deed", models.CharField(max_length=20)),
                ("amount", marketplace.common.money.AmountField()),
                ("currency", marketplace.common.money.CurrencyField()),
                ("reason", models.TextField(max_length=2000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "Waiting for another person"),
                            ("confirmed", "Confirmed"),
                            ("returned", "Returned"),
                        ],
                        default="proposed",
                        max_length=9,
                    ),
                ),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                ("returned_for", models.TextField(blank=True, max_length=2000)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "difference",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposed_deeds",
                        to="payments.difference",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.refund",
                    ),
                ),
            ],
            options={
                "verbose_name": "proposed deed",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "proposed")),
                        fields=("refund",),
                        name="one_proposed_deed_per_refund",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "proposed")),
                        fields=("difference",),
                        name="one_proposed_deed_per_difference",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("difference__isnull", False), ("refund__isnull", True)),
                            models.Q(("difference__isnull", True), ("refund__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_proposed_deed_is_of_one_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "confirmed"), _negated=True),
                            models.Q(
                                ("answered_by__isnull", False),
                                models.Q(("answered_by", models.F("by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="nobody_confirms_what_they_wish",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "returned"), _negated=True),
                            models.Q(
                                ("answered_by__isnull", False),
                                models.Q(("returned_for", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="who_returns_a_deed_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("status", "proposed")),
                            models.Q(
                                ("closed_at__isnull", False),
                                models.Q(("status", "proposed"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_proposed_deed_is_closed_when_answered",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)),
                        name="a_proposed_deed_moves_something",
                    ),
                ],
            },
        ),
        keep_lifecycle(
            "payments_proposeddeed",
            begins=("proposed",),
            moves={"proposed": ("confirmed", "returned")},
        ),
    ]
