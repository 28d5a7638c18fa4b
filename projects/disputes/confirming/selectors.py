"""Whether a decision needs a second mediator, and who that may be."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.people.models import User
from marketplace.common.lifecycle import MEDIATOR
from payments.escrow.division import Shares, price_held
from payments.escrow.selectors import held_in
from payments.policies.selectors import second_mediator_above
from projects.contracts.roles import Actor, role_in
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.models import Dispute
from projects.disputes.rulings.selectors import HAD_A_HAND, had_a_hand
from projects.disputes.selectors import desk_disputes, effect_of


def limit_of(dispute: Dispute) -> int | None:
    """Where more of the price is held than that, in minor units, two mediators decide; or None."""
    milestone = dispute.milestone
    return second_mediator_above(milestone.contract.policy, milestone.currency)


def needs_second(dispute: Dispute, *, held: int | None = None) -> bool:
    """Whether one mediator alone cannot divide what is held of the price now. ``held`` where the
    caller knows what is held in all.
    """
    limit, escrow = limit_of(dispute), dispute.milestone.escrow
    held = held_in(escrow) if held is None else held
    return limit is not None and price_held(escrow, held=held) > limit


def proposed_rulings(user: User | AnonymousUser) -> QuerySet[ProposedRuling]:
    """Those on disputes that this person of the staff may read."""
    return ProposedRuling.objects.filter(dispute__in=desk_disputes(user).order_by())


def effect_now(proposed: ProposedRuling, *, held: int | None = None) -> Shares | None:
    """Who would get what if it stood now, to the minor unit; None where it waits no longer, or
    another amount is held than it was written about. ``held`` where the caller knows what is held.
    """
    if not proposed.waits:
        return None
    milestone = proposed.dispute.milestone
    held = held_in(milestone.escrow) if held is None else held
    if price_held(milestone.escrow, held=held) != proposed.held:
        return None
    return effect_of(milestone, proposed.to_freelancer, held=held)


def why_not_confirmed_by(proposed: ProposedRuling, by: Actor) -> str:
    """What is told to a mediator who cannot confirm it, or nothing."""
    if not isinstance(by, User) or by.pk == proposed.by_id:
        return "You wrote this decision: another mediator confirms it."
    if role_in(proposed.dispute.milestone.contract, proposed.by) != MEDIATOR:
        return "Whoever wrote it may not decide this case any more. Return it, and write your own."
    return why_not_answered_by(proposed, by)


def why_not_answered_by(proposed: ProposedRuling, by: Actor) -> str:
    """What is told to a mediator who has no business with it, or nothing."""
    return HAD_A_HAND if had_a_hand(proposed.dispute, by) else ""
