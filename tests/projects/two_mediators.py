"""Cases above the limit at which two mediators decide."""

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.confirming.services import confirm_ruling
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import decide_dispute
from tests.world import person, reviewed_dispute, why

# Of what is held of the price, in minor units: one cent above the limit of the first version.
ABOVE = 500_001


def mediator(name: str) -> User:
    return grant_staff_roles(user_id=person(name).pk, roles={"mediator"}, by=SYSTEM)


def proposed_on(dispute: Dispute, by: User, part: int = 200_000) -> ProposedRuling:
    decide_dispute(dispute_id=dispute.pk, by=by, to_freelancer=part, **why())
    return ProposedRuling.objects.get(dispute=dispute, status="proposed")


def proposed(ada: User, ben: User, by: User, *, amount: int = ABOVE) -> ProposedRuling:
    return proposed_on(reviewed_dispute(ada, ben, amount), by)


def confirmed(dispute: Dispute, by: User, second: User, part: int = 200_000) -> Dispute:
    return confirm_ruling(proposed_id=proposed_on(dispute, by, part).pk, by=second)
