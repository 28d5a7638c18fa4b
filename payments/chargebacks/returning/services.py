"""A debit that its bank returned after it had paid. Nobody asks and nobody is answered: it is a
chargeback that is lost from the beginning, and goes the way of one.
"""

from marketplace.common.errors import InvalidInput
from payments.chargebacks.models import RETURNED_DEBIT, Chargeback
from payments.chargebacks.services import record_chargeback
from payments.fundings.models import Payment
from payments.gateway import books
from payments.gateway.base import RemoteCharge, RemoteMovement
from payments.gateway.chargebacks import ChargebackState, RemoteChargeback, RemoteWithdrawal
from payments.gateway.stripe import gateway


def note_failed_charge(*, charge_id: str) -> None:
    """Look what became of a charge that has failed: of one that was never paid its payment tells.
    Not atomic; raises GatewayRefused, GatewayUnknown or InvalidInput.
    """
    charge = gateway().charge(charge_id)
    if charge.failed_by and Payment.objects.filter(charge_id=charge_id).exists():
        record_returned_debit(movement=books.movement(charge.failed_by))


def record_returned_debit(*, movement: RemoteMovement) -> Chargeback:
    """Book what the provider took from our balance because a bank did not leave it there.

    By the movement, which happens once: safe to call again. Raises Payment.DoesNotExist where the
    charge is none that was paid to us, InvalidInput where nothing was taken.
    """
    charge, taken = movement.of, -(movement.net + movement.fee)
    if not isinstance(charge, RemoteCharge) or taken <= 0 or movement.currency != charge.currency:
        raise InvalidInput(f"{movement.remote_id} takes nothing back of a charge.")
    return record_chargeback(
        remote=RemoteChargeback(
            remote_id=movement.remote_id,
            charge_id=charge.remote_id,
            amount=taken,
            currency=movement.currency,
            reason=RETURNED_DEBIT,
            state=ChargebackState.LOST,
            due_at=None,
            is_answered=False,
            withdrawals=(
                RemoteWithdrawal(movement.remote_id, taken, movement.currency, movement.fee),
            ),
        )
    )
