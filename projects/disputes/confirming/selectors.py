"""Whether a decision needs a second mediator, and who that may be."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.people.models import User
from marketplace.common.lifecycle import MEDIATOR
from payments.escrow.division import Shares, price_held
from payments.escrow.selectors import held_in
from projects.contracts.roles import Actor, role_in
from projects.disputes.assigning.selectors import why_kept_from
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.rulings.selectors import HAD_A_HAND, had_a_hand
from projects.disputes.selectors import desk_disputes, effect_of


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


def why_not_confirmed_by(
    proposed: ProposedRuling,
    by: Actor,
    *,
    able: list[User] | None = None,
    held: int | None = None,
) -> str:
    """What is told to a mediator who cannot confirm it, or nothing. ``able`` and ``held`` as
    below.
    """
    if not isinstance(by, User) or by.pk == proposed.by_id:
        return "You wrote this decision: another mediator confirms it."
    if role_in(proposed.dispute.milestone.contract, proposed.by) != MEDIATOR:
        return "Whoever wrote it may not decide this case any more. Return it, and write your own."
    return why_not_answered_by(proposed, by, able=able, held=held)


def why_not_answered_by(
    proposed: ProposedRuling,
    by: Actor,
    *,
    able: list[User] | None = None,
    held: int | None = None,
) -> str:
    """What is told to a mediator who has no business with it or is kept for an appeal, or nothing.
    ``able`` where the caller knows who may decide it, ``held`` where it knows what is held.
    """
    if had_a_hand(proposed.dispute, by):
        return HAD_A_HAND
    return why_kept_from(proposed.dispute, by, but=proposed.by_id, able=able, held=held)
