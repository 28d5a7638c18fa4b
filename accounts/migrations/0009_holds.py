"""What stands still by a deed of staff: reason, evidence, end and appeal."""

import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.public_ids
from django.conf import settings
from django.db import migrations, models

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_notices_in_any_language"),
        ("marketplace", "0003_lifecycles_are_kept_by_the_database"),
    ]

    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="hd")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("person", "Person"),
                            ("posting", "Posting"),
                            ("payouts", "Payouts"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("placed", "In force"),
                            ("appealed", "Appealed"),
                            ("upheld", "Upheld"),
                            ("lifted", "Lifted"),
                            ("ended", "Ended"),
                        ],
                        default="placed",
                        max_length=8,
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("title", models.CharField(max_length=200)),
                ("reason", models.TextField()),
                ("evidence", models.TextField()),
                ("links", models.JSONField(blank=True, default=list)),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                ("ends_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                ("appeal_until", models.DateTimeField()),
                ("ruling_working_days", models.PositiveIntegerField(default=2)),
                ("ruling_days", models.PositiveIntegerField(default=10)),
                ("appeal", models.TextField(blank=True)),
                ("appealed_at", models.DateTimeField(null=True)),
                ("ruling_expected_at", models.DateTimeField(null=True)),
                ("ruling_due_at", models.DateTimeField(null=True)),
                ("ruling", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="accounts.party",
                    ),
                ),
                (
                    "placed_by",
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
                        condition=models.Q(("status__in", ("placed", "appealed", "upheld"))),
                        fields=["closes_at"],
                        name="holds_that_end",
                    ),
                    models.Index(fields=["-created_at", "-id"], name="every_hold_newest_first"),
                    models.Index(fields=["party", "-created_at", "-id"], name="holds_of_a_party"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("placed", "appealed", "upheld"))),
                        fields=("kind", "subject"),
                        name="one_hold_stands_on_a_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closes_at__lte", models.F("ends_at")),
                            ("ends_at__gt", models.F("created_at")),
                        ),
                        name="every_hold_has_an_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_at", None),
                                ("status__in", ("placed", "appealed", "upheld")),
                            ),
                            models.Q(
                                ("closed_at__isnull", False), ("status__in", ["lifted", "ended"])
                            ),
                            _connector="OR",
                        ),
                        name="a_hold_is_closed_when_it_is_over",
                    ),
                ],
            },
        ),
        keep_lifecycle(
            "accounts_hold",
            begins=("placed",),
            moves={
                "appealed": ("ended", "lifted", "upheld"),
                "placed": ("appealed", "ended", "lifted"),
                "upheld": ("ended", "lifted"),
            },
        ),
    ]
