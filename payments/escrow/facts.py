"""What the money of a piece of work amounts to, for both sides, to the minor unit."""

from collections.abc import Iterable
from dataclasses import dataclass

from payments.escrow.division import cost_of, missing_of, price_held
from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.selectors import balance_of, balances_of
from payments.policies.fees import fee_on, quote


@dataclass(frozen=True)
class MoneyFacts:
    """All in minor units of one currency. Facts of several escrows may be added up.

    ``held`` is what the ledger holds right now, the payer's fee included, and ``price_held`` the
    part of the price that it pays for. ``released`` is the part of the price that went to the
    payee and stays with them, before their fee; ``received`` is what they got of it, and ``spent``
    is what it cost the payer. ``refunded`` went back to the payer, or is on its way, also because
    the payee gave ``given_back`` of a released price back; ``to_fund`` is still to be paid
    in, and ``dropped`` never will be. ``charged_back`` is what the payer's bank has of it, and
    ``owed_back`` the part of that which the payee owes, or has given back.
    """

    price: int = 0
    payer_fee: int = 0
    payee_fee: int = 0
    held: int = 0
    price_held: int = 0
    released: int = 0
    received: int = 0
    spent: int = 0
    refunded: int = 0
    given_back: int = 0
    to_fund: int = 0
    dropped: int = 0
    charged_back: int = 0
    owed_back: int = 0

    @property
    def payer_pays(self) -> int:
        """The price with the payer's fee: what is held for it."""
        return self.price + self.payer_fee

    @property
    def payee_gets(self) -> int:
        """What a full release brings the payee."""
        return self.price - self.payee_fee

    @property
    def payee_still_gets(self) -> int:
        """What the release of all that is not yet released brings the payee."""
        return self.payee_gets - self.received

    @property
    def fees_left(self) -> int:
        """Both fees on what is not yet released."""
        return self.payer_fee + self.payee_fee - (self.spent - self.received)

    @property
    def price_to_fund(self) -> int:
        """The part of the price that is still to be paid in."""
        return self.price - self.released - self.price_held if self.to_fund else 0

    @property
    def is_fully_held(self) -> bool:
        """Whether all that is agreed and not yet released is held, with the payer's fee."""
        return self.held > 0 and self.to_fund == 0

    def __add__(self, other: "MoneyFacts") -> "MoneyFacts":
        return MoneyFacts(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )


def facts_of(escrow: Escrow, *, held: int) -> MoneyFacts:
    """The facts of one escrow. ``held`` is the balance of its ledger account."""
    policy, agreed = escrow.policy, quote([escrow.amount], escrow.policy)
    spent, is_live = cost_of(escrow.kept, escrow), escrow.status in Escrow.LIVE
    return MoneyFacts(
        price=escrow.amount,
        payer_fee=agreed.client_fee,
        payee_fee=agreed.freelancer_fee,
        held=held,
        price_held=price_held(escrow, held=held),
        released=escrow.kept,
        received=escrow.kept - fee_on(escrow.kept, policy.freelancer_fee_basis_points),
        spent=spent,
        refunded=escrow.refunded,
        given_back=escrow.given_back,
        to_fund=missing_of(escrow, held=held),
        dropped=0
        if is_live
        else max(0, agreed.client_pays - spent - escrow.refunded - escrow.taken_back),
        charged_back=escrow.taken_back + escrow.clawed_back,
        owed_back=escrow.owed_back,
    )


def facts_now(escrow: Escrow) -> MoneyFacts:
    """The facts of one escrow, by one look into the books."""
    return facts_of(escrow, held=balance_of(chart.escrow(escrow.public_id)))


def facts_of_each(escrows: Iterable[Escrow]) -> dict[int, MoneyFacts]:
    """The facts of many escrows by their primary key, in one query. Policies are at hand."""
    escrows = list(escrows)
    held = balances_of(chart.escrow(escrow.public_id) for escrow in escrows)
    return {
        escrow.pk: facts_of(escrow, held=held.get(chart.escrow(escrow.public_id), 0))
        for escrow in escrows
    }
