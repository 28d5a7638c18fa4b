"""What a refund that was made behind our back would take of what is held, and what it leaves."""

from dataclasses import dataclass

from payments.escrow.backing.selectors import backing_of, within
from payments.escrow.selectors import heir_of
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.selectors import balance_of


@dataclass(frozen=True)
class Effect:
    """``takes`` is how much of it can come out of what is held: as far as this payment's money went
    there and was not taken back. ``can_be_borne`` says whether all that is held could still be
    given back if the platform bore the whole refund instead.
    """

    takes: int
    can_be_borne: bool


def effect_of(payment: Payment, amount: int) -> Effect:
    """Of a refund of so much of a payment, in minor units, where its money is by now."""
    heir = heir_of(payment.paid_for)
    held, backing = balance_of(chart.escrow(heir)), backing_of(heir)
    came = within(backing.origins[payment.paid_for].way, amount)
    return Effect(takes=min(came, held), can_be_borne=backing.total - came >= held)
