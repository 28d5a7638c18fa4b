"""In which currencies a payee earns is known without reading all that they earned."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0032_rolls_count_nothing_twice")]

    operations = [
        migrations.AddIndex(
            model_name="earning",
            index=models.Index(fields=["party", "currency"], name="earnings_by_currency"),
        ),
        migrations.AlterField(
            model_name="earning",
            name="party",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="earnings",
                to="accounts.party",
            ),
        ),
    ]
