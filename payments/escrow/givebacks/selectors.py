"""Which way released money went that was given back."""

from dataclasses import dataclass

from django.db.models import QuerySet

from payments.escrow.givebacks.rules import key_of
from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.payouts.recovering.selectors import owed_by
from payments.refunds.models import Refund


@dataclass(frozen=True)
class WayBack:
    """What the books say of one deed, in minor units: the payee's part and both fees came together
    (``came``), and went into ``refunds``. ``owed`` is what the payee owes us right now.
    """

    came: list[Transfer]
    refunds: list[Refund]
    owed: int

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    @property
    def is_there(self) -> bool:
        """Whether all of it is with the payer, by the provider, the card's bank or ours."""
        there = {Refund.Status.SUCCEEDED, Refund.Status.COVERED, Refund.Status.SETTLED}
        return bool(self.refunds) and all(refund.status in there for refund in self.refunds)


def way_back_of(escrow: Escrow, deed: str) -> WayBack:
    """Of one giving back of this escrow, by the name of its deed; empty where nothing moved."""
    lines = _lines_of(escrow, deed)
    leaving = chart.leaving("")
    names = [line.target.key.removeprefix(leaving) for line in lines if line.kind == "refund"]
    refunds = Refund.objects.filter(public_id__in=names).select_related("payment")
    return WayBack(
        came=[line for line in lines if line.kind != "refund"],
        refunds=list(refunds.order_by("pk")),
        owed=owed_by(escrow.payee, escrow.currency),
    )


def _lines_of(escrow: Escrow, deed: str) -> QuerySet[Transfer]:
    lines = Transfer.objects.filter(key=key_of(escrow, deed)).select_related("source", "target")
    return lines.order_by("position")
