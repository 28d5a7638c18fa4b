"""The one formula for fees. Everything that shows or charges a fee comes here."""

from dataclasses import dataclass

from payments.policies.models import Policy

WHOLE = 10_000  # basis points


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
