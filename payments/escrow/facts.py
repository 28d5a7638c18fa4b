"""What the money of a piece of work amounts to, for both sides, to the minor unit."""

from collections.abc import Iterable
from dataclasses import dataclass

from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.selectors import balances_of
from payments.policies.fees import fee_on, quote


@dataclass(frozen=True)
class MoneyFacts:
    """All in minor units of one currency. Facts of several escrows may be added up.

    ``held`` is what the ledger holds right now, the payer's fee included. ``released`` is the part
    of the price that went to the payee, before their fee; ``received`` is what they got of it, and
    ``spent`` is what it cost the payer. ``refunded`` went back to the payer, or is on its way;
    ``dropped`` will never be paid in.
    """

    price: int = 0
    payer_fee: int = 0
    payee_fee: int = 0
    held: int = 0
    released: int = 0
    received: int = 0
    spent: int = 0
    refunded: int = 0
    dropped: int = 0

    @property
    def payer_pays(self) -> int:
        """The price with the payer's fee: what is held for it."""
        return self.price + self.payer_fee

    @property
    def payee_gets(self) -> int:
        """What a full release brings the payee."""
        return self.price - self.payee_fee

    @property
    def to_fund(self) -> int:
        """What is still to be paid in."""
        return self.payer_pays - self.held - self.spent - self.refunded - self.dropped

    def __add__(self, other: "MoneyFacts") -> "MoneyFacts":
        return MoneyFacts(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )


def facts_of(escrow: Escrow, *, held: int) -> MoneyFacts:
    """The facts of one escrow. ``held`` is the balance of its ledger account."""
    policy, agreed = escrow.policy, quote([escrow.amount], escrow.policy)
    spent = escrow.released + fee_on(escrow.released, policy.client_fee_basis_points)
    gave_back = escrow.status in {Escrow.Status.REFUNDED, Escrow.Status.SPLIT}
    return MoneyFacts(
        price=escrow.amount,
        payer_fee=agreed.client_fee,
        payee_fee=agreed.freelancer_fee,
        held=held,
        released=escrow.released,
        received=escrow.released - fee_on(escrow.released, policy.freelancer_fee_basis_points),
        spent=spent,
        refunded=agreed.client_pays - spent if gave_back else 0,
        dropped=agreed.client_pays if escrow.status == Escrow.Status.DROPPED else 0,
    )


def facts_of_each(escrows: Iterable[Escrow]) -> dict[int, MoneyFacts]:
    """The facts of many escrows by their primary key, in one query. Policies are at hand."""
    escrows = list(escrows)
    held = balances_of(chart.escrow(escrow.public_id) for escrow in escrows)
    return {
        escrow.pk: facts_of(escrow, held=held.get(chart.escrow(escrow.public_id), 0))
        for escrow in escrows
    }
