import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.public_ids
from django.conf import settings
from marketplace.common.lifecycle_sql import keep_lifecycle
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0013_messages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="co")),
                ("proposed_by_role", models.CharField(max_length=12)),
                ("changes", models.JSONField()),
                ("note", models.TextField(blank=True, max_length=2000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "Waiting for an answer"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("countered", "Answered by another proposal"),
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
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="change_orders",
                        to="projects.contract",
                    ),
                ),
                (
                    "counters",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="countered_by",
                        to="projects.changeorder",
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
                        name="changes_that_lapse",
                    ),
                    models.Index(
                        fields=["contract", "-created_at", "-id"], name="changes_of_a_contract"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "proposed")),
                        fields=("contract",),
                        name="one_open_change_per_contract",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("proposed_by_role__in", ["client", "freelancer"])),
                        name="a_change_is_proposed_by_a_side",
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
                        name="a_change_ends_once",
                    ),
                ],
            },
        ),
        keep_lifecycle(
            "projects_changeorder",
            begins=("proposed",),
            moves={
                "proposed": ("accepted", "countered", "declined", "lapsed", "withdrawn"),
            },
        ),
    ]
