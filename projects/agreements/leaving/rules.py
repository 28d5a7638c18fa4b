"""What one side of a contract can end by itself, in one step.

Everything that is still to be worked on ends, each milestone on the ground on which this side could
end it alone; if there is none for one of them, none ends. What is submitted or disputed keeps its
own course.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.etags import etag_of
from marketplace.common.lifecycle import CLIENT, FREELANCER
from payments.escrow.facts import MoneyFacts
from payments.escrow.models import Escrow
from payments.fundings.selectors import is_with_a_bank
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.rules import refusal_of

S = Milestone.Status
_GROUNDS = {
    FREELANCER: {"cancel_unfunded", "cancel"},
    CLIENT: {"drop", "cancel_late", "cancel_idle"},
}


@dataclass(frozen=True)
class Ended:
    """A milestone, the step by which it ends, and what of its money goes back, in minor units."""

    milestone: Milestone
    ground: str
    returned: int


@dataclass(frozen=True)
class Leaving:
    """What ends, and what keeps its own course."""

    ended: list[Ended]
    left: list[Milestone]

    @property
    def returned(self) -> int:
        return sum(one.returned for one in self.ended)

    @property
    def is_unfunded(self) -> bool:
        """Whether it ends because the client did not fund it in time: then nothing is held."""
        return all(one.ground == "cancel_unfunded" for one in self.ended)

    @property
    def tag(self) -> str:
        """Another one for another end: whoever leaves says by it which they have read."""
        said = sorted((one.milestone.public_id, one.ground, one.returned) for one in self.ended)
        return etag_of(said)


def judged_leaving(
    milestones: Iterable[Milestone], facts: Mapping[int, MoneyFacts], role: str
) -> Leaving:
    """What would end if this side left now. ``facts`` are those of their escrows, by primary key.

    Raises WrongState where nothing can end, or one of them cannot.
    """
    ended, left = [], []
    still_open = [one for one in milestones if one.closed_at is None]
    grounds = _GROUNDS[role]
    # Its clock is that of the whole contract, and who has paid is not late while a bank is at it.
    if any(one.escrow.status != Escrow.Status.AWAITING for one in still_open) or (
        _is_time_to_fund_over(still_open)
        and is_with_a_bank([one.escrow.public_id for one in still_open])
    ):
        grounds = grounds - {"cancel_unfunded"}
    for one in still_open:
        if one.status not in {S.PLANNED, S.RETURNED}:
            left.append(one)
            continue
        money = facts[one.escrow_id]
        steps = [step for step in LIFECYCLE.open_to(role, one.status) if step in grounds]
        ground = next((step for step in steps if not refusal_of(one, step, money)), "")
        if not ground:
            reason = refusal_of(one, "cancel_late" if money.is_fully_held else "drop", money)
            raise WrongState(f"You cannot end “{one.title}” by yourself now. {reason}")
        ended.append(Ended(one, ground, money.held))
    if not ended:
        raise WrongState("What is submitted or disputed keeps its own course: nothing is left.")
    return Leaving(ended, left)


def _is_time_to_fund_over(milestones: list[Milestone]) -> bool:
    due_at = milestones[0].contract.funding_due_at if milestones else None
    return due_at is not None and due_at <= now()
