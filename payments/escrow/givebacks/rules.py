"""How much of a released price can still be given back, and what it means to everybody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.money import checked_amount, in_words
from marketplace.common.words import said_moment
from payments.escrow.clawback import cost, net
from payments.escrow.models import Escrow
from payments.escrow.selectors import origins_of_each
from payments.fundings.models import Payment
from payments.policies.fees import check_carried


@dataclass(frozen=True)
class GivenBack:
    """In minor units: the payee's part, both fees (ours), and the payer's, which is their sum."""

    payee: int
    payee_fee: int
    payer_fee: int

    @property
    def payer(self) -> int:
        return self.payee + self.fees

    @property
    def fees(self) -> int:
        return self.payee_fee + self.payer_fee


def given_back_by(amount: int, escrow: Escrow) -> GivenBack:
    """What giving back ``amount`` of the price brings: both fees are those on what stays.

    So several, one after another, sum to what one would have been.
    """
    policy, before, after = escrow.policy, escrow.kept, escrow.kept - amount
    payee = net(before, policy) - net(after, policy)
    payer = cost(before, policy) - cost(after, policy)
    return GivenBack(payee=payee, payee_fee=amount - payee, payer_fee=payer - amount)


def key_of(escrow: Escrow, deed: str) -> str:
    """Under which key its movements stand in the books."""
    return f"{escrow.public_id}:given_back:{deed}"


def window_of(escrow: Escrow) -> datetime | None:
    """Until when it can be given back; None while the work goes on."""
    if escrow.closed_at is None:
        return None
    return escrow.closed_at + timedelta(days=escrow.policy.giveback_days)


def judge_giving_back(escrow: Escrow) -> None:
    """Pass in silence, or raise WrongState: it goes on, nothing is left, too late, or its payer's
    bank takes the money itself.
    """
    until = window_of(escrow)
    if until is None:
        raise WrongState(
            "This work goes on. What was released can be given back once it has ended."
        )
    if not escrow.kept:
        raise WrongState("Nothing of this is released any more: there is nothing to give back.")
    if now() > until:
        raise WrongState(
            f"What was released could be given back until {said_moment(until)}.", code="too_late"
        )
    paid_for = origins_of_each([escrow.public_id])[escrow.public_id]
    frozen = Payment.objects.filter(paid_for__in=paid_for, charged_back_at__isnull=False)
    if escrow.clawed_back or frozen.exists():
        raise WrongState(
            "The client's bank takes a payment for this back by itself: nothing is refunded beside "
            "that.",
            code="charge_disputed",
        )


def checked_amount_back(amount: object, escrow: Escrow, *, param: str = "amount") -> int:
    """The part of the released price that can be given back, in minor units, before fees. Raises
    InvalidInput.
    """
    part = checked_amount(amount, param=param)
    if part > escrow.kept:
        words = in_words(escrow.kept, escrow.currency)
        raise InvalidInput(f"{words} of its price is released, not more.", param=param)

    def amounts(n: int) -> tuple[int, int]:
        back = given_back_by(n, escrow)
        return back.payee, back.payer

    check_carried(part, amounts, currency=escrow.currency, param=param)
    return part
