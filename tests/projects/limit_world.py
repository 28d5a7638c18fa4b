"""Money whose provider holds it for less long than was thought when the clocks began."""

from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from payments.chargebacks.limits.services import note_country
from payments.payees.models import ConnectedAccount
from projects.milestones.models import Milestone
from projects.milestones.services import submit_work
from tests.world import funded_milestone

NOTHING, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}


def to_thailand(payee) -> None:
    """Ten days are the longest there."""
    party = own_party_of(payee)
    ConnectedAccount.objects.update_or_create(
        party=party, defaults={"country": "TH", "country_due_at": now()}
    )
    note_country(party_id=party.pk)


def fresh(milestone: Milestone) -> Milestone:
    return Milestone.objects.select_related("escrow__policy", "contract").get(pk=milestone.pk)


def submitted_on_day_8(ada, ben, later) -> Milestone:
    milestone = funded_milestone(ada, ben, review_days=7)
    later(days=8)
    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
    return fresh(milestone)
