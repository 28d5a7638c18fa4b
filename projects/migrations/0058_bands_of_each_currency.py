from django.db import migrations, models

# What is published says what it said: the same bounds, in numbers.
RENAMED = {
    "under_100": "0-100",
    "under_1000": "100-1000",
    "under_10000": "1000-10000",
    "more": "10000-",
}
TO_NUMBERS = [
    ("UPDATE projects_registerentry SET band = %s WHERE band = %s", [new, old])
    for old, new in RENAMED.items()
]
TO_NAMES = [
    ("UPDATE projects_registerentry SET band = %s WHERE band = %s", [old, new])
    for old, new in RENAMED.items()
]


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0057_replies_to_appeals_are_waited_for"),
    ]

    operations = [
        migrations.AlterField(
            model_name="registerentry",
            name="band",
            field=models.CharField(blank=True, max_length=24),
        ),
        migrations.RunSQL(TO_NUMBERS, TO_NAMES),
    ]
