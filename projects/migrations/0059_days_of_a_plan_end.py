from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0058_bands_of_each_currency"),
    ]

    operations = [
        migrations.AddField(
            model_name="milestone",
            name="days_end_in",
            field=models.CharField(blank=True, max_length=40),
        ),
    ]
