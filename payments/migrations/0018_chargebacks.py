"""A bank takes a payment back: the demand, its movements, what is owed and what is recovered."""

import django.db.models.deletion
import django.db.models.expressions
import marketplace.common.clock
import marketplace.common.money
import marketplace.common.public_ids
from django.conf import settings
from django.db import migrations, models

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_staff_groups"),
        ("payments", "0017_the_providers_holding_time"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Chargeback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="cb")),
                ("remote_id", models.CharField(max_length=255, unique=True)),
                ("amount", marketplace.common.money.AmountField()),
                ("currency", marketplace.common.money.CurrencyField()),
                ("reason", models.CharField(max_length=80)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("inquiry", "The bank asks"),
                            ("open", "To be answered"),
                            ("review", "The bank decides"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                            ("closed", "Closed without a loss"),
                        ],
                        max_length=10,
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(default=marketplace.common.clock.now)),
                ("closed_at", models.DateTimeField(null=True)),
                ("evidence", models.TextField(blank=True)),
                ("answer", models.CharField(blank=True, max_length=10)),
                ("answer_attempt", models.PositiveSmallIntegerField(default=0)),
                ("answer_wished_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("failure_code", models.CharField(blank=True, max_length=80)),
                (
                    "next_check_at",
                    models.DateTimeField(default=marketplace.common.clock.now, null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChargebackMovement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("remote_id", models.CharField(max_length=255, unique=True)),
                ("amount", models.BigIntegerField()),
                ("fee", models.BigIntegerField()),
                ("fee_currency", marketplace.common.money.CurrencyField()),
                ("refunds", models.BigIntegerField(default=0)),
                ("held", models.BigIntegerField(default=0)),
                ("released", models.BigIntegerField(default=0)),
                ("owed", models.BigIntegerField(default=0)),
                ("lost", models.BigIntegerField(default=0)),
                ("booked_at", models.DateTimeField(default=marketplace.common.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="Recovery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="rv")),
                ("amount", marketplace.common.money.AmountField()),
                ("currency", marketplace.common.money.CurrencyField()),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
            ],
        ),
        migrations.AddField(
            model_name="escrow",
            name="clawed_back",
            field=marketplace.common.money.AmountField(default=0),
        ),
        migrations.AddField(
            model_name="escrow",
            name="owed_back",
            field=marketplace.common.money.AmountField(default=0),
        ),
        migrations.AddField(
            model_name="escrow",
            name="taken_back",
            field=marketplace.common.money.AmountField(default=0),
        ),
        migrations.AddField(
            model_name="payment",
            name="charged_back",
            field=marketplace.common.money.AmountField(default=0),
        ),
        migrations.AddField(
            model_name="refund",
            name="covered_by",
            field=models.CharField(blank=True, max_length=30),
        ),
        migrations.AlterField(
            model_name="refund",
            name="status",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("sending", "Being sent"),
                    ("succeeded", "Refunded"),
                    ("failed", "Failed"),
                    ("covered", "Taken by the card's bank"),
                ],
                default="requested",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="escrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("clawed_back__gte", models.F("owed_back")),
                    ("owed_back__gte", 0),
                    ("taken_back__gte", 0),
                ),
                name="banks_give_back_at_most_what_they_took",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("charged_back__gte", 0),
                    (
                        "charged_back__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("amount"), "-", models.F("refunded")
                        ),
                    ),
                ),
                name="charged_back_at_most_what_is_left",
            ),
        ),
        migrations.AddField(
            model_name="chargeback",
            name="answered_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="chargeback",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="chargebacks",
                to="payments.payment",
            ),
        ),
        migrations.AddField(
            model_name="chargebackmovement",
            name="chargeback",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="movements",
                to="payments.chargeback",
            ),
        ),
        migrations.AddField(
            model_name="recovery",
            name="party",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="recoveries",
                to="accounts.party",
            ),
        ),
        migrations.AddField(
            model_name="earning",
            name="recovery",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="earnings",
                to="payments.recovery",
            ),
        ),
        migrations.AddIndex(
            model_name="chargeback",
            index=models.Index(
                condition=models.Q(("next_check_at__isnull", False)),
                fields=["next_check_at"],
                name="chargebacks_to_ask_about",
            ),
        ),
        migrations.AddIndex(
            model_name="chargeback",
            index=models.Index(
                condition=models.Q(("status__in", ["inquiry", "open"])),
                fields=["due_at"],
                name="chargebacks_to_answer",
            ),
        ),
        migrations.AddIndex(
            model_name="chargeback",
            index=models.Index(fields=["-opened_at", "-id"], name="chargebacks_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="chargeback",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="a_chargeback_wants_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="chargebackmovement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "amount",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("refunds"), "+", models.F("held")
                                ),
                                "+",
                                models.F("released"),
                            ),
                            "+",
                            models.F("lost"),
                        ),
                    )
                ),
                name="a_movement_is_the_sum_of_its_parts",
            ),
        ),
        migrations.AddIndex(
            model_name="recovery",
            index=models.Index(fields=["party", "-created_at"], name="recoveries_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="recovery",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="a_recovery_recovers_something"
            ),
        ),
        keep_lifecycle(
            "payments_chargeback",
            begins=("closed", "inquiry", "lost", "open", "review", "won"),
            moves={
                "closed": ("open",),
                "inquiry": ("closed", "lost", "open", "review", "won"),
                "lost": ("open", "review", "won"),
                "open": ("closed", "lost", "review", "won"),
                "review": ("closed", "lost", "open", "won"),
                "won": ("lost", "open", "review"),
            },
        ),
        keep_lifecycle(
            "payments_refund",
            begins=("requested",),
            moves={
                "covered": ("requested",),
                "failed": ("covered", "requested", "sending", "succeeded"),
                "requested": ("covered", "failed", "sending", "succeeded"),
                "sending": ("failed", "requested", "succeeded"),
                "succeeded": ("failed",),
            },
        ),
        migrations.AlterField(
            model_name="difference",
            name="kind",
            field=models.CharField(
                choices=[
                    ("payment_unnoted", "Payment we were not told of"),
                    ("charge_twice", "Second charge for one payment"),
                    ("charge_foreign", "Charge that is not ours"),
                    ("charge_amount", "Charge of another amount"),
                    ("fee", "Fee that differs"),
                    ("refund_foreign", "Refund nobody here asked for"),
                    ("refund_twice", "Second refund of one request"),
                    ("refund_amount", "Refund of another amount"),
                    ("refund_state", "Refund that stands differently"),
                    ("transfer_unnoted", "Transfer we were not told of"),
                    ("transfer_foreign", "Transfer nobody here asked for"),
                    ("transfer_amount", "Transfer of another amount"),
                    ("transfer_reversed", "Transfer taken back behind our back"),
                    ("payout_foreign", "Bank payout nobody here asked for"),
                    ("payout_amount", "Bank payout of another amount"),
                    ("payout_state", "Bank payout that stands differently"),
                    ("chargeback_unnoted", "Chargeback we were not told of"),
                    ("movement", "Movement that is in no book of ours"),
                    ("missing", "Something the provider does not know"),
                    ("silent", "Account of which the provider says nothing"),
                    ("sum", "Sum that no line explains"),
                ],
                max_length=20,
            ),
        ),
    ]
