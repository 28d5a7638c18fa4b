"""Work that was released, and whose freelancer can be paid out."""

from marketplace.common.clock import now
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Earning
from projects.milestones.models import Milestone
from projects.milestones.services import release_milestone
from tests.world import funded_milestone

PRICE = 100_001


def released(ada, ben, amount: int = PRICE) -> Milestone:
    milestone = funded_milestone(ada, ben, amount)
    release_milestone(milestone_id=milestone.pk, by=ada)
    return Milestone.objects.select_related("contract__freelancer", "escrow__policy").get(
        pk=milestone.pk
    )


def on(milestone: Milestone) -> dict[str, int]:
    return {"contract_id": milestone.contract_id, "escrow_id": milestone.escrow_id}


def payable(milestone: Milestone) -> int:
    """The freelancer's account stands, and what they earned has cleared."""
    Earning.objects.update(clears_at=now())
    party = milestone.contract.freelancer
    ConnectedAccount.objects.create(
        party=party, country="US", remote_id="acct_ben", status="active"
    )
    return party.pk
