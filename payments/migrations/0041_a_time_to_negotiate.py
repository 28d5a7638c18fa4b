from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0040_holds"),
    ]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="negotiation_days",
            field=models.PositiveIntegerField(default=7),
        ),
    ]
