"""A part of the price is released while the rest stays held."""

from django.db import transaction

from marketplace.common.money import in_words
from marketplace.common.words import Money, Words
from payments.escrow import services as escrows
from projects.contracts.roles import Actor
from projects.contracts.services import record, tell_other_side
from projects.milestones.models import Milestone
from projects.milestones.services import advance_milestone


@transaction.atomic
def release_part(*, milestone_id: int, by: Actor, amount: int, once: str = "") -> Milestone:
    """Pay the freelancer ``amount`` of the price, in minor units, before fees; the work goes on.

    ``once`` names the wish: the same one sent again is done once. Raises InvalidInput for a part
    that is all of it or cannot be paid to the unit, WrongState where nothing is held.
    """
    milestone = advance_milestone(milestone_id, "release_part", by=by)
    part, is_new = escrows.release_part(escrow_id=milestone.escrow_id, amount=amount, once=once)
    if not is_new:
        return milestone
    words = in_words(part.amount, milestone.currency)
    record(milestone.contract, "part_released", by=by, about=milestone, terms=words)
    text = Words(
        "%(part)s of the price of “%(title)s” is released. The rest stays held.",
        part=Money(part.amount, milestone.currency),
        title=milestone.title,
    )
    tell_other_side(milestone.contract, "part_released", text, by=by)
    return milestone
