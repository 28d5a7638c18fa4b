"""Whether money can be agreed on anew, and what that brings back: asked by deed and pages alike."""

from dataclasses import dataclass

from marketplace.common.errors import InvalidInput
from marketplace.common.money import checked_amount, in_words
from payments.escrow.division import cost_of, price_held
from payments.escrow.models import Escrow
from payments.policies.fees import check_carried, check_payable
from payments.policies.selectors import minimum_milestone


@dataclass(frozen=True)
class NewPrice:
    """What another price means, in minor units: ``returned`` goes back to the payer at once, or
    ``missing`` has to be paid in; both with the payer's fee.
    """

    price: int
    returned: int
    missing: int


def checked_price(price: object, escrow: Escrow, *, held: int, param: str) -> NewPrice:
    """Another price for the same work. Raises InvalidInput.

    It is more than what was released of it, no less than a milestone may cost, and what it brings
    back or costs is carried by a card: to the unit, and not less than one can be charged.
    """
    amount, currency = checked_amount(price, param=param), escrow.currency
    if amount == escrow.amount:
        raise InvalidInput("That is what is agreed already.", param=param)
    least = minimum_milestone(escrow.policy, currency)
    if amount < least:
        raise InvalidInput(f"A milestone costs at least {in_words(least, currency)}.", param=param)
    if amount - escrow.released < (least if escrow.released else 0):
        raise InvalidInput(
            f"{in_words(escrow.released, currency)} of it are released: at least "
            f"{in_words(escrow.released + least, currency)} must be agreed, or end it by consent.",
            param=param,
        )
    check_payable(amount, currency=currency, policy=escrow.policy, param=param)
    check_carried(amount, lambda n: _moved(n, escrow, held=held), currency=currency, param=param)
    returned, missing = _moved(amount, escrow, held=held)
    covered = escrow.released + price_held(escrow, held=held)
    if missing and amount < covered + least:
        raise InvalidInput(
            f"{in_words(covered, currency)} of it are paid: agree on no more than that, or on at "
            f"least {in_words(covered + least, currency)}, since no card can be charged for less.",
            param=param,
        )
    return NewPrice(amount, returned, missing)


def _moved(price: int, escrow: Escrow, *, held: int) -> tuple[int, int]:
    wanted = cost_of(price, escrow) - cost_of(escrow.released, escrow)
    return max(0, held - wanted), max(0, wanted - held)
