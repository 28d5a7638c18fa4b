"""The provider holds money for a time only: how long is in the policy, when it ends in the escrow."""

from django.db import migrations, models
from django.db.models import Q

import payments.policies.models

# What is held already: by the rule for most countries, which is the shorter one but for Thailand.
FROM_THE_PAYMENTS = """
UPDATE payments_escrow SET limit_at = first.paid_at + interval '90 days'
FROM (
    SELECT paid_for, min(succeeded_at) AS paid_at FROM payments_payment
    WHERE succeeded_at IS NOT NULL AND refunded < amount GROUP BY paid_for
) first
WHERE first.paid_for = payments_escrow.public_id AND payments_escrow.status = 'held';
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0016_released_in_parts")]

    operations = [
        migrations.AddField("policy", "holding_days", models.PositiveIntegerField(default=90)),
        migrations.AddField(
            "policy",
            "holding_days_by_country",
            models.JSONField(default=payments.policies.models.holding_days_by_country),
        ),
        migrations.AddField("escrow", "limit_at", models.DateTimeField(null=True)),
        migrations.RunSQL(FROM_THE_PAYMENTS, migrations.RunSQL.noop),
        migrations.AddIndex(
            "escrow",
            models.Index(
                fields=["limit_at"], condition=Q(status="held"), name="escrows_near_their_limit"
            ),
        ),
    ]
