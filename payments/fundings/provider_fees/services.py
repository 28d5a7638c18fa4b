"""What the provider keeps of a payment: our cost, booked once it is known."""

from datetime import timedelta

from django.db import transaction

from marketplace.common.clock import now
from payments.fundings.models import Payment
from payments.fundings.services import FEE_WAIT, LONGEST_WAIT
from payments.ledger import chart
from payments.ledger.services import Move, move_money

# Then it is left to the reconciliation, which lists what has no fee.
FEE_PATIENCE = timedelta(days=5)


@transaction.atomic
def record_provider_fee(*, payment_id: int, fee: int, currency: str) -> Payment:
    """Book what the provider kept of a payment: our cost, once. ``fee`` in minor units."""
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if payment.provider_fee is not None:
        return payment
    if fee:
        move_money(
            Move(
                "provider_fee",
                chart.provider_costs(currency),
                chart.provider(currency),
                fee,
                currency,
            ),
            key=f"{payment.public_id}:provider_fee",
        )
    payment.provider_fee, payment.next_check_at = fee, None
    payment.save(update_fields=["provider_fee", "next_check_at"])
    return payment


@transaction.atomic
def wait_for_fee(*, payment_id: int) -> Payment:
    """The provider has not booked its fee yet: ask again, for some days."""
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if payment.provider_fee is None and payment.succeeded_at is not None:
        age = now() - payment.succeeded_at
        wait = min(max(FEE_WAIT, age), LONGEST_WAIT)
        payment.next_check_at = now() + wait if age < FEE_PATIENCE else None
        payment.save(update_fields=["next_check_at"])
    return payment
