"""Money that has arrived for a milestone is told of: a part of it, or all."""

from django.db import transaction

from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import in_words
from marketplace.common.words import Money, Words
from payments.escrow.facts import facts_now
from payments.escrow.telling.services import note_told
from projects.contracts.services import lock_contract, record, tell_other_side
from projects.milestones import reminders
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of, untold_since
from projects.milestones.services import lock_milestone
from projects.milestones.unfunded.services import stop_funding_time


@transaction.atomic
def tell_funding(*, milestone_id: int) -> Milestone:
    """Money has arrived below: say so. Once all of it is there the delivery time starts, at the
    earliest.

    Found by a sweep, since the payments floor has never heard of a milestone.
    """
    milestone = lock_milestone(milestone_id)
    # Whoever starts its time to fund looks at the money under this lock.
    contract = lock_contract(milestone.contract_id)
    milestone.escrow = note_told(escrow_id=milestone.escrow_id)
    if milestone.escrow.untold_since is None:
        return milestone
    stop_funding_time(contract)
    facts, currency = facts_now(milestone.escrow), milestone.currency
    if untold_since(milestone) is None or not facts.is_fully_held:
        kind, detail = "part_funded", {"terms": in_words(facts.held, currency)}
        text = Words(
            "%(held)s of what the client pays for “%(title)s” is held; %(missing)s is missing.",
            held=Money(facts.held, currency),
            title=milestone.title,
            missing=Money(facts.to_fund, currency),
        )
    else:
        _start_delivery_time(milestone)
        kind, detail = "milestone_funded", {}
        text = Words(
            "%(held)s is held for “%(title)s”. It is due on %(due)s.",
            held=Money(facts.price_held, currency),
            title=milestone.title,
            due=milestone.due_at,
        )
    record(milestone.contract, kind, by=SYSTEM, about=milestone, **detail)
    tell_other_side(milestone.contract, kind, text, by=SYSTEM)
    return milestone


def _start_delivery_time(milestone: Milestone) -> None:
    milestone.due_at = due_of(milestone)
    milestone.save(update_fields=["due_at"])
    if milestone.status in {Milestone.Status.PLANNED, Milestone.Status.RETURNED}:
        reminders.remind_of_work(milestone)
