from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0030_several_awards_on_a_posting"),
    ]

    operations = [
        migrations.AddField(
            model_name="posting",
            name="promised_choose_by",
            field=models.DateTimeField(null=True),
        ),
    ]
