import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.money
import marketplace.common.public_ids
from django.conf import settings
from django.db import migrations, models

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0019_agreements_are_sealed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CounterOffer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="cn")),
                ("proposed_by_role", models.CharField(max_length=12)),
                ("against", models.PositiveIntegerField()),
                ("became", models.PositiveIntegerField(null=True)),
                ("price", marketplace.common.money.AmountField()),
                ("days", models.PositiveIntegerField()),
                ("plan", models.JSONField()),
                ("note", models.TextField(blank=True, max_length=2000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "Waiting for an answer"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("countered", "Answered by other terms"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="proposed",
                        max_length=9,
                    ),
                ),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                ("answer_due_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "bid",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counter_offers",
                        to="projects.bid",
                    ),
                ),
                (
                    "counters",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="countered_by",
                        to="projects.counteroffer",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "proposed")),
                        fields=["answer_due_at"],
                        name="counters_that_lapse",
                    ),
                    models.Index(fields=["bid", "-created_at", "-id"], name="counters_of_a_bid"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "proposed")),
                        fields=("bid",),
                        name="one_open_counter_per_bid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("proposed_by_role__in", ["client", "freelancer"])),
                        name="a_counter_is_proposed_by_a_side",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("status", "proposed")),
                            models.Q(
                                models.Q(("status", "proposed"), _negated=True),
                                ("closed_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_counter_ends_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("became__isnull", False), ("status", "accepted")),
                            models.Q(
                                models.Q(("status", "accepted"), _negated=True),
                                ("became__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="an_accepted_counter_is_a_wording",
                    ),
                ],
            },
        ),
        keep_lifecycle(
            "projects_counteroffer",
            begins=("proposed",),
            moves={
                "proposed": ("accepted", "countered", "declined", "lapsed", "withdrawn"),
            },
        ),
    ]
