"""What is owed when released money is taken back, to the minor unit. Pure functions.

Both fees are computed anew on what stays released, by the one formula. The payee owes the net
difference and our fees bear the rest, so that the two sum to what was taken. Where no price costs
exactly what is left, the price above it stays: the odd unit is ours to bear, never the payee's.
"""

from dataclasses import dataclass

from payments.policies.fees import fee_on, price_covering
from payments.policies.models import Policy


@dataclass(frozen=True)
class Elsewhere:
    """The part of it that was found in another escrow, into which the payment's was rolled."""

    escrow_id: int
    held: int = 0
    released: int = 0
    owed: int = 0


@dataclass(frozen=True)
class Taken:
    """Where a bank's money came from, in minor units: refunds that were waiting, held money,
    released money (of which ``owed`` by the payee), and what nobody had any more.

    ``elsewhere`` says how much of the held and released of it was not in the escrow that was paid
    for, in the order of the way that the money went on.
    """

    refunds: int = 0
    held: int = 0
    released: int = 0
    owed: int = 0
    lost: int = 0
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def amount(self) -> int:
        return self.refunds + self.held + self.released + self.lost

    @property
    def turned(self) -> "Taken":
        """The same with the other sign: given up, not taken."""
        return Taken(
            refunds=-self.refunds,
            held=-self.held,
            released=-self.released,
            owed=-self.owed,
            lost=-self.lost,
            elsewhere=tuple(
                Elsewhere(one.escrow_id, -one.held, -one.released, -one.owed)
                for one in self.elsewhere
            ),
        )


def part_of(standing: Taken, amount: int) -> Taken:
    """What of it is given up when the bank gives up ``amount``: what hurts the payee first."""
    released = min(amount, standing.released)
    held = min(amount - released, standing.held)
    lost = min(amount - released - held, standing.lost)
    return Taken(
        refunds=amount - released - held - lost,
        held=held,
        released=released,
        lost=lost,
        elsewhere=elsewhere_in(standing, held=held, released=released),
    )


def elsewhere_in(standing: Taken, *, held: int, released: int) -> tuple[Elsewhere, ...]:
    """The farthest on the way first: the escrow that was paid for gets the rest."""
    found = []
    for one in reversed(standing.elsewhere):
        part = Elsewhere(one.escrow_id, min(held, one.held), min(released, one.released))
        held, released = held - part.held, released - part.released
        found.append(part)
    return tuple(part for part in reversed(found) if part.held or part.released)


def stays_released(released: int, taken: int, policy: Policy) -> int:
    """The part of the price that stays released once ``taken`` of what ``released`` of it had cost
    the payer was taken back, the payer's fee included.
    """
    points = policy.client_fee_basis_points
    return price_covering(cost(released, policy) - taken, basis_points=points)


def owed_for(released: int, taken: int, policy: Policy) -> int:
    """What the payee owes of it: the difference of what they got and what they keep, net."""
    return net(released, policy) - net(stays_released(released, taken, policy), policy)


def cost(price: int, policy: Policy) -> int:
    """What so much of the price costs the payer."""
    return price + fee_on(price, policy.client_fee_basis_points)


def net(price: int, policy: Policy) -> int:
    """What so much of the price brings the payee."""
    return price - fee_on(price, policy.freelancer_fee_basis_points)
