"""A limit that versions of before did not have: what was signed under them one mediator decides.

Where nobody has an account yet nobody has signed anything, and the first version has it from the
beginning. Everywhere else it comes with the next version: ``manage.py add_policy
second_mediator_units=5000``.
"""

from django.conf import settings
from django.db import migrations, models

import payments.policies.models

UNITS, BY_CURRENCY = "second_mediator_units", "second_mediator_units_by_currency"


def columns(*, is_new):
    by_currency = payments.policies.models.second_mediator_units_by_currency if is_new else dict
    return {
        UNITS: models.PositiveIntegerField(default=5_000 if is_new else 0),
        BY_CURRENCY: models.JSONField(default=by_currency),
    }


def add_columns(apps, schema_editor):
    # The values come with the columns: a version is never updated, not even here.
    is_new = not apps.get_model(settings.AUTH_USER_MODEL).objects.exists()
    for name, field in columns(is_new=is_new).items():
        field.set_attributes_from_name(name)
        schema_editor.add_field(apps.get_model("payments", "Policy"), field)


def drop_columns(apps, schema_editor):
    policies = apps.get_model("payments", "Policy")
    for name, field in columns(is_new=True).items():
        field.set_attributes_from_name(name)
        field.model = policies
        schema_editor.remove_field(policies, field)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("payments", "0042_silence_is_judged_by_a_table"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add_columns, drop_columns)],
            state_operations=[
                migrations.AddField(model_name="policy", name=name, field=field)
                for name, field in columns(is_new=True).items()
            ],
        )
    ]
