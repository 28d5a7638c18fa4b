from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0028_bids_are_renewed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="bid",
            name="declined_for",
            field=models.CharField(
                blank=True,
                choices=[
                    ("price", "The price does not fit"),
                    ("timing", "The time does not fit"),
                    ("experience", "Other experience is needed"),
                    ("plan", "The plan does not fit"),
                    ("other_chosen", "Another bid was chosen"),
                    ("posting_changed", "What is wanted has changed"),
                    ("other", "Another reason"),
                    ("nobody_hired", "The posting has ended, and nobody was hired"),
                ],
                max_length=15,
            ),
        ),
    ]
