"""A table that versions of before did not have: nobody signed it, so nobody is judged by it.

Where nobody has an account yet nobody has signed anything, and the first version has it from the
beginning. Everywhere else it comes with the next version: ``manage.py add_policy silence_table=1``.
"""

from django.conf import settings
from django.db import migrations, models

NO_TABLE, FIRST = 0, 1


def add_column(apps, schema_editor):
    # The value comes with the column: a version is never updated, not even here.
    is_new = not apps.get_model(settings.AUTH_USER_MODEL).objects.exists()
    field = models.PositiveIntegerField(default=FIRST if is_new else NO_TABLE)
    field.set_attributes_from_name("silence_table")
    schema_editor.add_field(apps.get_model("payments", "Policy"), field)


def drop_column(apps, schema_editor):
    policies = apps.get_model("payments", "Policy")
    field = models.PositiveIntegerField(default=FIRST)
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
                    field=models.PositiveIntegerField(default=FIRST),
                )
            ],
        )
    ]
