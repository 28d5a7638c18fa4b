import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0001_initial"),
        ("projects", "0034_confidential_parts"),
    ]

    operations = [
        migrations.CreateModel(
            name="BidFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("added_in", models.PositiveIntegerField()),
                ("removed_in", models.PositiveIntegerField(null=True)),
                (
                    "bid",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="projects.bid",
                    ),
                ),
                (
                    "stored",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.storedfile",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("added_in__gte", 1),
                            models.Q(
                                ("removed_in__isnull", True),
                                ("removed_in__gt", models.F("added_in")),
                                _connector="OR",
                            ),
                        ),
                        name="a_file_of_a_bid_stands_in_a_wording",
                    )
                ],
            },
        ),
    ]
