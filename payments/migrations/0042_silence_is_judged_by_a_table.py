"""A table that versions of before did not have: nobody signed it, so nobody is judged by it.

Where nobody has an account yet nobody has signed anything, and the first version has the newest
table from the beginning. Everywhere else one comes with the next version: ``manage.py add_policy
silence_table=2``. A newer table changes what is written here for a new house, and nothing else: a
version is never updated.
"""

from django.conf import settings
from django.db import migrations, models

NO_TABLE, NEWEST = 0, 2


def add_column(apps, schema_editor):
    # The value comes with the column: a version is never updated, not even here.
    is_new = not apps.get_model(settings.AUTH_USER_MODEL).objects.exists()
    field = models.PositiveIntegerField(default=NEWEST if is_new else NO_TABLE)
    field.set_attributes_from_name("silence_table")
    schema_editor.add_field(apps.get_model("payments", "Policy"), field)


def drop_column(apps, schema_editor):
    policies = apps.get_model("payments", "Policy")
    field = models.PositiveIntegerField(default=NEWEST)
    field.set_attributes_from_name("silence_table")
    field.model = policies
    schema_editor.remove_field(policies, field)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("payments", "0041_a_time_to_negotiate"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add_column, drop_column)],
            state_operations=[
                migrations.AddField(
                    model_name="policy",
                    name="silence_table",
                    field=models.PositiveIntegerField(default=NEWEST),
                )
            ],
        )
    ]
