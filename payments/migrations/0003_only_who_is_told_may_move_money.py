"""A role that may read the books may not move money by calling the function that does.

PostgreSQL lets everybody execute a new function, and this one acts with its owner's rights.
"""

from django.db import migrations

FUNCTION = "payments_move_money(text, text, timestamptz, jsonb)"


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_ledger_in_sql")]

    operations = [
        migrations.RunSQL(
            f"REVOKE EXECUTE ON FUNCTION {FUNCTION} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO PUBLIC",
        ),
    ]
