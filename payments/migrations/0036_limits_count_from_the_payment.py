"""Until now a holding limit was counted from when a payment was noted, some milliseconds after it
had succeeded. The proof of the books counts from the payment itself.
"""

from django.db import migrations

COUNT_FROM_THE_PAYMENT = """
UPDATE payments_escrow e SET limit_at = p.succeeded_at + date_trunc('day', e.limit_at - p.succeeded_at)
FROM payments_payment p
WHERE e.status = 'held' AND p.paid_for = e.public_id AND p.succeeded_at IS NOT NULL
  AND e.limit_at > p.succeeded_at
  AND e.limit_at - p.succeeded_at <> date_trunc('day', e.limit_at - p.succeeded_at)
  AND (e.limit_at - p.succeeded_at) - date_trunc('day', e.limit_at - p.succeeded_at)
      < interval '1 minute'
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0035_refunds_paid_by_other_means")]

    operations = [migrations.RunSQL(COUNT_FROM_THE_PAYMENT, migrations.RunSQL.noop)]
