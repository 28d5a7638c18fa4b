"""Earned money is held by the provider no longer than held money: each earning says until when."""

from django.db import migrations, models
from django.db.models import Q

# What a release brought has the limit of its escrow, and what a bank gave back that of what had been
# paid for. Where none was noted then, it counts from the first payment, by the shorter rule.
FROM_THE_ESCROWS = """
UPDATE payments_earning SET limit_at = coalesce(
    (SELECT coalesce(e.limit_at, min(p.paid_at) + interval '90 days')
     FROM payments_escrow e LEFT JOIN payments_payment p ON p.paid_for = e.public_id
     WHERE e.public_id = coalesce(
         (SELECT paid.paid_for FROM payments_chargeback c
          JOIN payments_payment paid ON paid.id = c.payment_id
          WHERE c.public_id = payments_earning.earned_by),
         payments_earning.earned_by)
     GROUP BY e.limit_at),
    earned_at)
"""

# An account may have got its country after the release: the sweep counts what waits anew by it.
BY_COUNTRY = """
UPDATE payments_connectedaccount a SET country_due_at = now()
WHERE country <> '' AND country_due_at IS NULL AND EXISTS (
    SELECT 1 FROM payments_earning e WHERE e.party_id = a.party_id AND e.recovery_id IS NULL
    AND (e.payout_id IS NULL
         OR e.payout_id IN (SELECT id FROM payments_payout WHERE status = 'failed')))
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0048_a_refund_that_is_settled_is_not_sent")]

    operations = [
        migrations.AddField("earning", "limit_at", models.DateTimeField(null=True)),
        migrations.RunSQL([FROM_THE_ESCROWS, BY_COUNTRY], migrations.RunSQL.noop),
        migrations.AlterField("earning", "limit_at", models.DateTimeField()),
        migrations.AddIndex(
            "earning",
            models.Index(
                fields=["limit_at"],
                condition=Q(payout__isnull=True, recovery__isnull=True),
                name="earnings_near_their_limit",
            ),
        ),
    ]
