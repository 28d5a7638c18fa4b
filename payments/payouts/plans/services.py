"""A payee chooses how often they are paid out."""

from django.db import transaction

from accounts.parties.selectors import acts_for
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed
from payments.payouts.plans.models import PayoutPlan


@transaction.atomic
def choose_payout_plan(*, party_id: int, every: str, by: User) -> PayoutPlan:
    """Hold to it from now on; a payout under way goes on. Raises InvalidInput or NotAllowed."""
    if not acts_for(by, party_id):
        raise NotAllowed("You cannot choose this for somebody else.")
    if every not in PayoutPlan.Every.values:
        raise InvalidInput("Choose one of the offered ways.", param="every")
    plan, _ = PayoutPlan.objects.update_or_create(
        party_id=party_id, defaults={"every": every, "chosen_at": now()}
    )
    return plan
