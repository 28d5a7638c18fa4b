"""A milestone that both sides have agreed on comes to life."""

from datetime import datetime, timedelta

from django.db import transaction

from payments.escrow import services as escrows
from projects.contracts.models import Contract
from projects.milestones.models import Milestone


@transaction.atomic
def plan_milestone(
    *,
    contract: Contract,
    position: int,
    title: str,
    amount: int,
    due_at: datetime,
    allowance: timedelta,
    criteria: list[str],
    leeway: timedelta = timedelta(),
    days_end_in: str = "",
) -> Milestone:
    """Set up one milestone that both sides have agreed on.

    It stands last. A money that comes later than agreed by more than the ``leeway`` moves the date:
    it has its ``allowance`` from then on, to the end of the day in the zone ``days_end_in`` where
    that is named. Nobody is reminded of its date yet: work need not start
    before the money is held.
    """
    return Milestone.objects.create(
        contract=contract,
        position=position,
        place=position,
        title=title,
        amount=amount,
        currency=contract.currency,
        criteria=criteria,
        allowance=allowance,
        leeway=leeway,
        days_end_in=days_end_in,
        due_at=due_at,
        escrow=escrows.open_escrow(
            payer=contract.client,
            payee=contract.freelancer,
            amount=amount,
            currency=contract.currency,
            policy=contract.policy,
            book=contract.public_id,
            title=title,
        ),
    )
