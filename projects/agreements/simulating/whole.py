"""Stories of a whole contract of two milestones: how it ends with all that is still open of it."""

from marketplace.common.lifecycle import BOTH, CLIENT, FREELANCER
from payments.escrow import division
from projects.agreements.changes.ending import checked_as_an_end, ended_parts, total_of
from projects.agreements.simulating.scenes import (
    Wish,
    bring_to,
    division_of,
    let_strike,
    worded,
)
from projects.agreements.simulating.trial import Trial
from projects.milestones.models import Milestone

S = Milestone.Status


def never_funded(trial: Trial, wish: Wish) -> None:
    """The client's time to fund it is over, and the freelancer ends the contract for that."""
    strike = trial.strike("may_leave_unfunded")
    assert strike.at is not None
    trial.beside(wish.second)
    trial.wait(strike.at)
    _leave(trial, FREELANCER, strike.text[:1].upper() + strike.text[1:])


def agreed(trial: Trial, wish: Wish) -> None:
    """Both end the contract: a part of the one is released, its rest and the other go back."""
    other = _two(trial, wish)
    parts = {1: division_of(trial, wish), 2: 0}
    milestones = [one.milestone for one in trial.whole]
    changes = [
        {"position": position, "end": {"to_freelancer": part, "held": one.held}}
        for one, (position, part) in zip(trial.whole, parts.items(), strict=True)
    ]
    checked_as_an_end(milestones, changes)
    shares = total_of(ended_parts(milestones, changes))
    for one in (trial, other):
        part = parts[one.milestone.position]
        is_all = part > 0 and division.ends_released(part, one.escrow, held=one.held)
        to = S.RELEASED if is_all else S.SPLIT if part else S.CANCELLED
        one.end("cancel_agreed", BOTH, to_payee=part, to=to)
    text = (
        f"Both end the contract, all of it in one step: {worded(trial, shares.payee)} goes to "
        f"the freelancer, {worded(trial, shares.payer)} back to the client."
    )
    trial.note("cancel_agreed", BOTH, text)


def left_by_freelancer(trial: Trial, wish: Wish) -> None:
    """The freelancer leaves alone; what is delivered keeps its own course: silence approves it."""
    _two(trial, wish)
    _leave(trial, FREELANCER, "The freelancer ends alone what is still to be worked on.")
    if trial.milestone.status == S.SUBMITTED:
        let_strike(trial, "approved", to_payee=None)


def left_by_client(trial: Trial, wish: Wish) -> None:
    """Nothing is begun; the client leaves alone as soon as each milestone gives a reason."""
    _two(trial, wish, stage="funded")
    clocks = ("may_cancel_late", "may_cancel_idle")
    first = [min(filter(None, (one.strike(it).at for it in clocks))) for one in trial.whole]
    trial.wait(max(first))
    _leave(trial, CLIENT, "Nothing was begun or delivered in time: the client ends the contract.")


def _two(trial: Trial, wish: Wish, *, stage: str = "") -> Trial:
    """The one as it stands then, and the other that is funded with it."""
    stage, other = stage or wish.stage, trial.beside(wish.second)
    if stage != "unfunded":
        other.fund(CLIENT)
        text = f"The client funds the other milestone: {worded(other, other.held)} is held."
        other.note("fund", CLIENT, text)
    bring_to(stage, trial)
    return other


def _leave(trial: Trial, role: str, text: str) -> None:
    ended = trial.leaving(role)
    back = sum(one.returned for _, one in ended)
    for one, end in ended:
        one.end(end.ground, role, to_payee=0)
    if back:
        text += f" {worded(trial, back)} goes back to the client."
    trial.note("leave", role, text)
