"""The one formula for fees. Everything that shows or charges a fee comes here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from marketplace.common.currencies import step
from marketplace.common.errors import InvalidInput
from marketplace.common.money import MAX_AMOUNT, in_words
from payments.policies.models import Policy

WHOLE = 10_000  # basis points
# Among so many prices one is payable, whatever the fee is.
_SEARCHED = 10_000


def fee_on(released: int, basis_points: int) -> int:
    """The fee due once ``released`` minor units have been released in all: rounded half-even.

    Whole numbers only: a float would round 0.005 as it happens to be stored.
    """
    quotient, rest = divmod(released * basis_points, WHOLE)
    twice = 2 * rest
    if twice > WHOLE or (twice == WHOLE and quotient % 2 == 1):
        quotient += 1
    return quotient


def fee_on_part(released_before: int, part: int, basis_points: int) -> int:
    """What a release of ``part`` is charged: the difference that it makes.

    So the parts of a milestone always sum to its fee, however it is cut.
    """
    return fee_on(released_before + part, basis_points) - fee_on(released_before, basis_points)


@dataclass(frozen=True)
class Quote:
    """What a price means for both sides, in minor units."""

    price: int
    client_fee: int
    freelancer_fee: int

    @property
    def client_pays(self) -> int:
        return self.price + self.client_fee

    @property
    def freelancer_gets(self) -> int:
        return self.price - self.freelancer_fee

    def __add__(self, other: "Quote") -> "Quote":
        return Quote(
            self.price + other.price,
            self.client_fee + other.client_fee,
            self.freelancer_fee + other.freelancer_fee,
        )


def quote(prices: list[int], policy: Policy) -> Quote:
    """Both nets of milestones with these prices, to the unit that the ledger will book."""
    total = Quote(0, 0, 0)
    for price in prices:
        total += Quote(
            price,
            fee_on(price, policy.client_fee_basis_points),
            fee_on(price, policy.freelancer_fee_basis_points),
        )
    return total


def price_within(money: int, *, released: int, basis_points: int) -> int:
    """The most of the price that ``money`` pays for, fee included, after ``released`` of it.

    The inverse of the formula, which skips some amounts: what is left over is less than one step.
    """
    price = money * WHOLE // (WHOLE + basis_points) + 1
    while price and price + fee_on_part(released, price, basis_points) > money:
        price -= 1
    return price


def price_covering(cost: int, *, basis_points: int) -> int:
    """The least price that costs its payer at least ``cost``, fee included.

    The inverse of the formula from above: what no price costs to the unit is not the payee's.
    """
    price = max(0, cost * WHOLE // (WHOLE + basis_points) - 1)
    while price + fee_on(price, basis_points) < cost:
        price += 1
    while price and price - 1 + fee_on(price - 1, basis_points) >= cost:
        price -= 1
    return price


def check_payable(price: int, *, currency: str, policy: Policy, param: str) -> None:
    """Refuse a price that cannot be charged, or paid out, to the unit that the provider knows.

    Where amounts are multiples of ten (KWD) the fees decide which prices are possible; the refusal
    names the nearest below. Raises InvalidInput.
    """
    if quote([price], policy).client_pays > MAX_AMOUNT:
        raise InvalidInput("With the fee that is larger than anything we can carry.", param=param)

    def amounts(price: int) -> tuple[int, int]:
        total = quote([price], policy)
        return total.client_pays, total.freelancer_gets

    check_carried(price, amounts, currency=currency, param=param)


def check_carried(
    part: int, amounts: Callable[[int], Iterable[int]], *, currency: str, param: str
) -> None:
    """Refuse a part whose ``amounts`` (what it brings or costs people) no card or bank carries.

    The refusal names the nearest below that would do. Raises InvalidInput.
    """
    nearest = most_carried(part, amounts, currency=currency)
    if nearest == part:
        return
    hint = f" {in_words(nearest, currency)} would do." if nearest else ""
    raise InvalidInput(
        f"With the fees this leaves parts of {in_words(step(currency), currency)}, which no card "
        f"or bank carries.{hint}",
        param=param,
        code="not_payable",
    )


def most_carried(part: int, amounts: Callable[[int], Iterable[int]], *, currency: str) -> int:
    """The most, up to ``part``, whose amounts are all carried; 0 where none is near."""
    least = step(currency)
    if least == 1 or all(amount % least == 0 for amount in amounts(part)):
        return part
    start = part - part % least
    below = range(start, max(0, start - _SEARCHED * least), -least)
    return next((n for n in below if all(amount % least == 0 for amount in amounts(n))), 0)
