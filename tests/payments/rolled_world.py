"""Escrows of one book that were rolled into each other, and what of their payments is left."""

from accounts.people.models import User
from payments.chargebacks.models import ChargebackMovement
from payments.escrow.givebacks.services import give_back_released
from payments.escrow.models import Escrow
from payments.escrow.outside.selectors import effect_of
from payments.escrow.outside.services import note_refunded
from payments.escrow.rolling.services import roll
from payments.fundings.models import Payment
from payments.gateway.base import RemoteRefund, State
from payments.refunds.models import Refund
from payments.refunds.services import record_refund
from tests.payments.world import asked, came_in, opened

PART, KEPT = 40_000, 41_200  # released of the source, and what that cost
REST = 61_800  # rolled on


def rolled_pair(ada: User, ben: User, *, target_first: bool) -> tuple[Escrow, Escrow]:
    """Of 100,000 a part of 40,000 was released, and the rest went into another one of 50,000."""
    source, target = opened(ada, ben), opened(ada, ben, amount=50_000)
    for escrow in (target, source) if target_first else (source, target):
        came_in(asked(escrow))
    roll(escrow_id=source.pk, into_id=target.pk, part=PART)
    return fresh(source), fresh(target)


def fresh(escrow: Escrow) -> Escrow:
    return Escrow.objects.select_related("policy", "payer", "payee").get(pk=escrow.pk)


def left(*escrows: Escrow) -> list[int]:
    """What is left of the payment for each of them."""
    return [Payment.objects.get(paid_for=escrow.public_id).left for escrow in escrows]


def goes_back(escrow: Escrow, amount: int, *, deed: str = "1") -> None:
    """The payee gives so much of the released price back, out of what they have earned."""
    give_back_released(escrow_id=escrow.pk, amount=amount, deed=deed)


def refunded_at_the_desk(payment: Payment, amount: int) -> Refund:
    """As finance books it: out of what is held, or borne, as far as each can be."""
    effect = effect_of(payment, amount)
    borne = amount if effect.can_be_borne else amount - effect.takes
    refund = note_refunded(
        payment_id=payment.pk, amount=amount, borne=0 if effect.takes == amount else borne
    )
    return arrived(refund)


def arrived(refund: Refund) -> Refund:
    """The provider says that the payer has it."""
    return record_refund(
        remote=RemoteRefund(
            remote_id=f"re_{refund.public_id}",
            refund=refund.public_id,
            attempt=refund.attempt,
            charge_id=refund.payment.charge_id,
            state=State.DONE,
            amount=refund.amount,
            currency=refund.currency,
            booked=True,
        )
    )


def lost() -> int:
    """What banks took that nobody had any more."""
    return sum(ChargebackMovement.objects.values_list("lost", flat=True))
