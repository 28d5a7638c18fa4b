"""How held money can be divided, to the minor unit: what previews it is what books it."""

from dataclasses import dataclass

from marketplace.common.errors import InvalidInput
from marketplace.common.money import checked_amount, in_words
from payments.escrow.models import Escrow
from payments.policies.fees import (
    check_carried,
    fee_on,
    fee_on_part,
    most_carried,
    price_within,
    quote,
)
from payments.policies.selectors import minimum_milestone


@dataclass(frozen=True)
class Shares:
    """Who gets what of the held money, in minor units; the four sum to what is divided."""

    payee: int
    payee_fee: int
    payer_fee: int
    payer: int


def cost_of(price: int, escrow: Escrow) -> int:
    """What so much of its price costs the payer, fee included."""
    return price + fee_on(price, escrow.policy.client_fee_basis_points)


def shares_of(escrow: Escrow, *, held: int, to_payee: int) -> Shares:
    """What releasing ``to_payee`` of the price brings, and giving back the rest of ``held``."""
    payee_fee = fee_on_part(escrow.released, to_payee, escrow.policy.freelancer_fee_basis_points)
    payer_fee = fee_on_part(escrow.released, to_payee, escrow.policy.client_fee_basis_points)
    return Shares(
        payee=to_payee - payee_fee,
        payee_fee=payee_fee,
        payer_fee=payer_fee,
        payer=held - to_payee - payer_fee,
    )


def shares_given(escrow: Escrow, *, to_payee: int) -> Shares:
    """What closing it with ``to_payee`` of the price has brought: the last word of a closed one."""
    before = escrow.released - to_payee
    payee_fee = fee_on_part(before, to_payee, escrow.policy.freelancer_fee_basis_points)
    payer_fee = fee_on_part(before, to_payee, escrow.policy.client_fee_basis_points)
    return Shares(to_payee - payee_fee, payee_fee, payer_fee, escrow.refunded)


def price_held(escrow: Escrow, *, held: int) -> int:
    """The part of the price that ``held`` pays for: the most that can go to the payee.

    What was funded as agreed goes out whole. Where somebody else has cut into it (a bank), a crumb
    may be left that no price and its fee sum to: it goes back to the payer.
    """
    left = escrow.amount - escrow.released
    if held == cost_of(escrow.amount, escrow) - cost_of(escrow.released, escrow):
        return left
    points = escrow.policy.client_fee_basis_points
    most = min(left, price_within(held, released=escrow.released, basis_points=points))
    return most_carried(most, lambda n: _to_people(escrow, held, n), currency=escrow.currency)


def checked_division(to_payee: object, escrow: Escrow, *, held: int, param: str) -> int:
    """A part of the price that can be released while the rest of ``held`` goes back or stays.

    From nothing to all of it, in minor units. Raises InvalidInput.
    """
    part, most = checked_amount(to_payee, param=param, least=0), price_held(escrow, held=held)
    if part > most:
        words = in_words(most, escrow.currency)
        raise InvalidInput(
            f"The part of the price that is held is {words}, not more."
            if most
            else "No money is held for it, so nothing of it can go to the payee.",
            param=param,
        )
    if part != most:
        check_carried(
            part,
            lambda n: _to_people(escrow, held, n),
            currency=escrow.currency,
            param=param,
        )
    return part


def checked_part(part: object, escrow: Escrow, *, held: int, param: str) -> int:
    """A part of the price that can be released while the rest stays held. Raises InvalidInput."""
    checked_amount(part, param=param)
    amount = checked_division(part, escrow, held=held, param=param)
    if amount == price_held(escrow, held=held):
        raise InvalidInput("That is all that is held. Release it whole instead.", param=param)
    return amount


def charge_for(escrow: Escrow, *, held: int, part: int) -> int:
    """What the payer is charged to have ``part`` more of the price held."""
    covered = escrow.released + price_held(escrow, held=held)
    return cost_of(covered + part, escrow) - cost_of(escrow.released, escrow) - held


def checked_funding(part: object, escrow: Escrow, *, held: int, param: str) -> int:
    """A part of the price that the payer can fund now, in minor units. Raises InvalidInput.

    It is at least what a milestone is, and so is what it leaves to be funded, unless that is
    nothing: less than that, no card could pay.
    """
    least = minimum_milestone(escrow.policy, escrow.currency)
    missing = escrow.amount - escrow.released - price_held(escrow, held=held)
    amount, currency = checked_amount(part, param=param), escrow.currency
    if amount > missing:
        words = in_words(missing, currency)
        raise InvalidInput(f"Of the price, {words} is still to be funded, not more.", param=param)
    if amount == missing:
        return amount
    if amount < least or missing - amount < least:
        words = in_words(least, currency)
        raise InvalidInput(
            f"A part is at least {words}, and so is what it leaves to be funded.", param=param
        )

    def amounts(n: int) -> tuple[int, int]:
        charge = charge_for(escrow, held=held, part=n)
        covered = price_held(escrow, held=held) + n
        return charge, shares_of(escrow, held=0, to_payee=covered).payee

    check_carried(amount, amounts, currency=currency, param=param)
    return amount


def _to_people(escrow: Escrow, held: int, to_payee: int) -> tuple[int, int]:
    """What cards and banks have to carry: what our fees make of it is nobody's business."""
    shares = shares_of(escrow, held=held, to_payee=to_payee)
    return shares.payee, shares.payer


def missing_of(escrow: Escrow, *, held: int) -> int:
    """What is agreed and not yet paid in, the payer's fee included; nothing once it is closed."""
    if escrow.status not in Escrow.LIVE:
        return 0
    agreed = quote([escrow.amount], escrow.policy).client_pays
    return max(0, agreed - cost_of(escrow.released, escrow) - held)
