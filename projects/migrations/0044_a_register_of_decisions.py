import marketplace.common.clock
import marketplace.common.money
import marketplace.common.public_ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0043_decisions_stand"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RegisterEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="rg")),
                ("quarter", models.PositiveIntegerField()),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("not_delivered", "Nothing was delivered"),
                            ("not_as_agreed", "The work is not as agreed"),
                            ("late", "The work is late"),
                            ("unfair_return", "Changes beyond what was agreed"),
                            ("no_response", "The other side does not answer"),
                            ("other", "Something else"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("freelancer", "All of it to the freelancer"),
                            ("divided", "Divided"),
                            ("client", "All of it back to the client"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "decided_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("mediator", "A mediator"),
                            ("appeal", "Another mediator, on appeal"),
                            ("rule", "The rules for silence"),
                        ],
                        max_length=8,
                    ),
                ),
                ("ground", models.CharField(blank=True, max_length=20)),
                (
                    "delivery",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("delivered", "A delivery was on file"),
                            ("nothing", "No delivery was on file"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "missed",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("none", "No criterion was named as not met"),
                            ("some", "Some criteria were named as not met"),
                            ("all", "Every criterion was named as not met"),
                            ("not_agreed", "No criteria were agreed on"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "opened_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("client", "The client opened it"),
                            ("freelancer", "The freelancer opened it"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("fixed", "Fixed price"), ("hourly", "Hourly")],
                        max_length=6,
                    ),
                ),
                ("currency", marketplace.common.money.CurrencyField(blank=True)),
                (
                    "band",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("under_100", "Under 100"),
                            ("under_1000", "100 to 1,000"),
                            ("under_10000", "1,000 to 10,000"),
                            ("more", "10,000 and more"),
                        ],
                        max_length=11,
                    ),
                ),
                ("decisions", models.PositiveIntegerField()),
                ("days_median", models.PositiveIntegerField()),
                ("days_total", models.PositiveIntegerField()),
                ("share_median", models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="RegisterQuarter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(unique=True)),
                ("published_at", models.DateTimeField(default=marketplace.common.clock.now)),
            ],
        ),
        migrations.AddField(
            model_name="ruling",
            name="ground",
            field=models.CharField(blank=True, max_length=20),
        ),
        # Of what the house has decided, the row is in its words.
        migrations.RunSQL(
            "UPDATE projects_ruling SET ground = 'silence_' || substring(rule FROM '^Row (\\d+) of') "
            "WHERE by_id IS NULL AND rule ~ '^Row \\d+ of the rules for silence'",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="ruling",
            index=models.Index(
                condition=models.Q(("carried_out_at__isnull", False)),
                fields=["carried_out_at"],
                name="rulings_by_when_carried_out",
            ),
        ),
        migrations.AddIndex(
            model_name="registerentry",
            index=models.Index(fields=["quarter", "id"], name="register_in_order"),
        ),
        migrations.AddConstraint(
            model_name="registerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("decisions__gte", 5)), name="an_entry_stands_for_five_at_least"
            ),
        ),
        migrations.AddConstraint(
            model_name="registerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("share_median__lte", 1000)), name="a_share_is_of_a_thousand"
            ),
        ),
    ]
