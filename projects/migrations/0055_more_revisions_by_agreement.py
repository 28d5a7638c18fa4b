from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0054_the_time_from_the_money_on"),
    ]

    operations = [
        migrations.AddField(
            model_name="milestone",
            name="revisions_agreed",
            field=models.PositiveSmallIntegerField(null=True),
        ),
    ]
