"""An escrow is paid in and out in parts: what went back of it is a running total, as what was released."""

from django.db import migrations, models
from django.db.models import Q

from marketplace.common.money import AmountField

FROM_THE_BOOKS = """
UPDATE payments_escrow SET refunded = given_back.total
FROM (
    SELECT account.key, sum(transfer.amount) AS total
    FROM payments_transfer transfer JOIN payments_ledgeraccount account
      ON account.id = transfer.source_id
    WHERE transfer.kind = 'refund'
    GROUP BY account.key
) given_back
WHERE given_back.key = 'escrow:' || payments_escrow.public_id;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_the_books_have_one_writer")]

    operations = [
        migrations.AddField("escrow", "refunded", AmountField(default=0)),
        migrations.RunSQL(FROM_THE_BOOKS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "escrow",
            models.CheckConstraint(condition=Q(refunded__gte=0), name="refunds_take_nothing_back"),
        ),
    ]
