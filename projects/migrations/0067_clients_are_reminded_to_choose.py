"""Of which end of the time to choose its client was reminded last."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0066_rulings_are_final")]

    operations = [
        migrations.AddField(
            model_name="posting",
            name="choice_told_for",
            field=models.DateTimeField(null=True),
        ),
    ]
