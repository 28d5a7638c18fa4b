"""Waits for cover are no failures: those are counted by themselves."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_only_who_is_told_may_move_money")]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="failures",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
