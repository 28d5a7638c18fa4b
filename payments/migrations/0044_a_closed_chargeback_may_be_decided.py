"""A bank may demand after its question was closed, and what we first hear of that may be its end."""

from django.db import migrations

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [("payments", "0043_two_mediators_decide_above_a_limit")]

    operations = [
        keep_lifecycle(
            "payments_chargeback",
            begins=("closed", "inquiry", "lost", "open", "review", "won"),
            moves={
                "closed": ("lost", "open", "review", "won"),
                "inquiry": ("closed", "lost", "open", "review", "won"),
                "lost": ("open", "review", "won"),
                "open": ("closed", "lost", "review", "won"),
                "review": ("closed", "lost", "open", "won"),
                "won": ("lost", "open", "review"),
            },
        ),
    ]
