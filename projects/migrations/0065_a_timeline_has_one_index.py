"""Each deed writes into a timeline: its order begins with the contract, which needs no index more."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0064_reviews_that_ran_are_told_of")]

    operations = [
        migrations.AlterField(
            model_name="event",
            name="contract",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="projects.contract",
            ),
        ),
    ]
