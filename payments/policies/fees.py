"""The one formula for fees. Everything that shows or charges a fee comes here."""

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


def check_payable(
    part: int, *, price: int | None = None, currency: str, policy: Policy, param: str
) -> None:
    """Refuse what cannot be charged, or paid to both sides, to the unit that the provider knows.

    ``part`` of the price goes to the payee, all of it where no ``price`` is given, in minor units.
    Where amounts are multiples of ten (KWD) the fees decide which prices are possible; the refusal
    names the nearest below. Raises InvalidInput.
    """
    whole = part if price is None else price
    if quote([whole], policy).client_pays > MAX_AMOUNT:
        raise InvalidInput("With the fee that is larger than anything we can carry.", param=param)
    least = step(currency)
    if least == 1 or _is_payable(part, whole, currency, policy):
        return
    start = part - part % least
    below = range(start, max(0, start - _SEARCHED * least), -least)
    nearest = next(
        (n for n in below if _is_payable(n, n if price is None else price, currency, policy)), None
    )
    hint = f" {in_words(nearest, currency)} would do." if nearest else ""
    raise InvalidInput(
        f"With the fees this leaves parts of {in_words(least, currency)}, which no card or bank "
        f"carries.{hint}",
        param=param,
        code="not_payable",
    )


def _is_payable(part: int, price: int, currency: str, policy: Policy) -> bool:
    total, given = quote([price], policy), quote([part], policy)
    amounts = (total.client_pays, given.freelancer_gets, total.client_pays - given.client_pays)
    return all(amount % step(currency) == 0 for amount in amounts)
