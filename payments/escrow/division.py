"""How held money can be divided, to the minor unit: what previews it is what books it."""

from dataclasses import dataclass

from marketplace.common.currencies import step
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.money import checked_amount, in_words
from payments.escrow.models import Escrow
from payments.policies.fees import (
    check_carried,
    check_payable,
    fee_on,
    fee_on_part,
    most_carried,
    price_within,
    quote,
)
from payments.policies.selectors import minimum_milestone

# Among so many parts one meets the other fee to the unit, whatever the fees are.
_NEAR = 10_000


@dataclass(frozen=True)
class Shares:
    """Who gets what of the held money, in minor units; the four sum to what is divided."""

    payee: int
    payee_fee: int
    payer_fee: int
    payer: int

    @property
    def price(self) -> int:
        """The part of the price that the payee gets, before their fee."""
        return self.payee + self.payee_fee

    @property
    def fees(self) -> int:
        """Of both sides together."""
        return self.payee_fee + self.payer_fee

    @property
    def total(self) -> int:
        """What is divided."""
        return self.payee + self.fees + self.payer


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


def ends_released(to_payee: int, escrow: Escrow, *, held: int) -> bool:
    """Whether so much of its price ends it as released, not as split: it is all that will come.

    While a bank has some of it, all that is held is not all: what the bank brings again is not of
    the part that was decided on, and goes back to the payer.
    """
    if escrow.taken_back:
        return to_payee == escrow.amount - escrow.released
    return to_payee == price_held(escrow, held=held)


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


def nearest_division(part: int, escrow: Escrow, *, held: int) -> int:
    """The most, up to ``part`` of the price, that cards and banks carry while the rest of ``held``
    goes back; 0 where none is near. In most currencies that is the part itself.
    """
    return most_carried(part, lambda n: _to_people(escrow, held, n), currency=escrow.currency)


def checked_part(part: object, escrow: Escrow, *, held: int, param: str) -> int:
    """A part of the price that can be released while the rest stays held. Raises InvalidInput."""
    checked_amount(part, param=param)
    amount = checked_division(part, escrow, held=held, param=param)
    if amount == price_held(escrow, held=held):
        raise InvalidInput("That is all that is held. Release it whole instead.", param=param)
    return amount


@dataclass(frozen=True)
class Rest:
    """What is left of an escrow: so much of its price, and the money that is held for that."""

    price: int
    money: int


def rest_of(escrow: Escrow, *, part: int) -> Rest:
    """What stays of a whole escrow once ``part`` more of its price is released."""
    released = escrow.released + part
    return Rest(
        escrow.amount - released, cost_of(escrow.amount, escrow) - cost_of(released, escrow)
    )


def checked_rest(part: object, escrow: Escrow, target: Escrow, *, held: int, param: str) -> Rest:
    """What goes into the ``target`` when ``part`` more is released first; 0 only after a release.

    The money has to be what the target's own fee asks for its price more, to the unit: nothing is
    left over and nothing is missing. Raises InvalidInput, which names the nearest part that does;
    WrongState where not all of what is agreed is held.
    """
    amount = checked_amount(part, param=param, least=0)
    left, least = escrow.amount - escrow.released, 0 if escrow.released else 1
    if held != rest_of(escrow, part=0).money:
        raise WrongState("The rest can go to another milestone only while all of it is held.")
    if amount < least:
        raise InvalidInput("A part of it is released first; the rest can go on.", param=param)
    if amount >= left:
        raise InvalidInput("That leaves nothing to go on.", param=param)
    if not _meets(escrow, target, held, amount):
        near = [
            next((n for n in numbers if _meets(escrow, target, held, n)), None)
            for numbers in (
                range(amount - 1, max(least, amount - _NEAR) - 1, -1),
                range(amount + 1, min(left, amount + _NEAR)),
            )
        ]
        found = next((n for n in near if n is not None), None)
        hint = "" if found is None else f" {in_words(found, escrow.currency)} would do."
        raise InvalidInput(
            "With the fees, what is left of this is not to the unit what the other milestone "
            f"would cost more.{hint}",
            param=param,
            code="not_payable",
        )
    rest = rest_of(escrow, part=amount)
    price = target.amount + rest.price
    check_payable(price, currency=escrow.currency, policy=escrow.policy, param=param)
    return rest


def _meets(escrow: Escrow, target: Escrow, held: int, part: int) -> bool:
    rest, unit = rest_of(escrow, part=part), step(escrow.currency)
    grown = quote([target.amount + rest.price], target.policy)
    payee = shares_of(escrow, held=held, to_payee=part).payee
    carried = (payee, rest.money, grown.client_pays, grown.freelancer_gets)
    is_exact = grown.client_pays - cost_of(target.amount, target) == rest.money
    return is_exact and all(amount % unit == 0 for amount in carried)


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
