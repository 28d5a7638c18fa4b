"""The ends that divide what is held. Rooms above call them: a decision stands behind each."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from marketplace.common.lifecycle import BOTH
from payments.escrow import services as escrows
from payments.escrow.adjusting.services import lock_all
from payments.escrow.division import ends_released
from payments.escrow.facts import facts_of_each
from payments.escrow.rolling.services import lock_pair, roll
from payments.escrow.selectors import held_in
from projects.contracts.roles import Actor
from projects.milestones.amounts import checked_ending
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.rolling import judge_agreed_roll
from projects.milestones.rules import judge_step
from projects.milestones.services import (
    advance_milestone,
    close_milestones,
    lock_milestone,
)


@transaction.atomic
def resolve_milestone(
    *, milestone_id: int, by: Actor, to_freelancer: int, reason: str
) -> Milestone:
    """End a disputed milestone by a decision: ``to_freelancer`` of its price, the rest of
    what is held back.
    """
    milestone = _lock_with_money(milestone_id)
    outcome = _outcome(milestone, to_freelancer, unpaid=Milestone.Status.REFUNDED)
    milestone = advance_milestone(milestone_id, "resolve", by=by, to=outcome)
    close_milestones(milestone)
    escrows.split(escrow_id=milestone.escrow_id, to_payee=to_freelancer, reason=reason)
    return milestone


@transaction.atomic
def cancel_by_agreement(
    *, milestone_id: int, to_freelancer: int, with_contract: bool = False
) -> Milestone:
    """End it as both sides want it: ``to_freelancer`` of its price, the rest back to the client.

    Called by the rooms that have the word of both. All of what is held can go only
    ``with_contract``, where the other milestones end as well: alone, that is an approval. Raises
    InvalidInput for a part that cannot be agreed on, WrongState where the milestone has ended.
    """
    milestone = _lock_with_money(milestone_id)
    judge_step(milestone, "cancel_agreed", BOTH)
    if not with_contract:
        checked_ending(to_freelancer, milestone)
    outcome = _outcome(milestone, to_freelancer, unpaid=Milestone.Status.CANCELLED)
    LIFECYCLE.advance(milestone, "cancel_agreed", role=BOTH, to=outcome)
    close_milestones(milestone)
    if to_freelancer:
        escrows.split(escrow_id=milestone.escrow_id, to_payee=to_freelancer, reason="agreed")
    else:
        escrows.give_back(escrow_id=milestone.escrow_id, reason="agreed")
    return milestone


def _lock_with_money(milestone_id: int) -> Milestone:
    """The money too, before anything is judged: banks come from below."""
    milestone = lock_milestone(milestone_id)
    milestone.escrow = lock_all([milestone.escrow_id])[milestone.escrow_id]
    return milestone


def _outcome(milestone: Milestone, to_freelancer: int, *, unpaid: str) -> str:
    if not to_freelancer:
        return unpaid
    escrow = milestone.escrow
    is_all = ends_released(to_freelancer, escrow, held=held_in(escrow))
    return Milestone.Status.RELEASED if is_all else Milestone.Status.SPLIT


@transaction.atomic
def roll_rest(
    *,
    milestone_id: int,
    into_id: int,
    to_freelancer: int,
    rolled: int,
    limit_at: datetime | None = None,
) -> Milestone:
    """End it as both sides want it: ``to_freelancer`` of its price, and the rest into another one.

    Called by the agreements room, which has the word of both on ``rolled`` of the price, and on a
    money that is held until ``limit_at``. Raises WrongState where that is not what is left any
    more, where the provider's limit has come nearer, or either cannot be changed any more.
    """
    milestone, into = lock_milestones(milestone_id, into_id)
    # The money too, before anything is judged: banks and the provider's limit come from below.
    milestone.escrow, into.escrow = lock_pair(milestone.escrow_id, into.escrow_id)
    judge_agreed_roll(
        milestone,
        into,
        to_freelancer=to_freelancer,
        rolled=rolled,
        limit_at=limit_at,
        facts=facts_of_each([milestone.escrow, into.escrow]),
    )
    LIFECYCLE.advance(milestone, "roll", role=BOTH)
    LIFECYCLE.advance(into, "roll_in", role=BOTH)
    roll(escrow_id=milestone.escrow_id, into_id=into.escrow_id, part=to_freelancer)
    milestone.amount -= rolled
    into.amount += rolled
    into.save(update_fields=["amount"])
    milestone.save(update_fields=["amount"])
    close_milestones(milestone)
    return milestone


def lock_news(contract_id: int) -> list[Milestone]:
    """Those of its milestones whose end was not followed up: locked before their contract, as all
    milestones are.
    """
    news = Milestone.objects.select_for_update(of=("self",), no_key=True).filter(
        contract=contract_id, end_is_news=True
    )
    return list(news.select_related("escrow").order_by("pk"))


def note_followed(milestones: Sequence[Milestone]) -> None:
    """Their contract was looked at; the caller holds their locks."""
    ended = [milestone.pk for milestone in milestones]
    Milestone.objects.filter(pk__in=ended).update(end_is_news=False)


def lock_milestones(milestone_id: int, other_id: int) -> tuple[Milestone, Milestone]:
    """Both, in one order whoever asks: two who take their locks in turns wait in a circle."""
    locked = {pk: lock_milestone(pk) for pk in sorted({milestone_id, other_id})}
    return locked[milestone_id], locked[other_id]
