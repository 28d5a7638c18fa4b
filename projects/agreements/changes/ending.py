"""How a whole contract ends by consent: every open milestone at once, each with its division."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.common.errors import InvalidInput
from payments.escrow.division import Shares, shares_of
from projects.milestones.models import Milestone


@dataclass(frozen=True)
class EndedPart:
    """One milestone as it would end. ``to_freelancer`` of its price is released; ``shares`` say who
    gets what of the ``held`` money, in minor units.
    """

    milestone: Milestone
    held: int
    to_freelancer: int
    shares: Shares


def ended_parts(
    milestones: Iterable[Milestone], changes: Sequence[dict[str, Any]]
) -> list[EndedPart]:
    """Each milestone that these changes end, in the contract's order; without asking the books.

    What was held when it was proposed is what is held when it is accepted, or it is refused then.
    """
    ends = {change["position"]: change["end"] for change in changes if "end" in change}
    return [
        EndedPart(one, end["held"], end["to_freelancer"], share_of(one, end))
        for one in milestones
        if (end := ends.get(one.position))
    ]


def total_of(parts: Sequence[EndedPart]) -> Shares:
    """The sums of both sides and of their fees."""
    return Shares(
        payee=sum(one.shares.payee for one in parts),
        payee_fee=sum(one.shares.payee_fee for one in parts),
        payer_fee=sum(one.shares.payer_fee for one in parts),
        payer=sum(one.shares.payer for one in parts),
    )


def share_of(milestone: Milestone, end: dict[str, int]) -> Shares:
    """Who gets what of its money by an ``end``, as a change of the agreement holds it."""
    return shares_of(milestone.escrow, held=end["held"], to_payee=end["to_freelancer"])


def checked_as_an_end(milestones: Iterable[Milestone], changes: Sequence[dict[str, Any]]) -> None:
    """Refuse an end that leaves a milestone out, or changes something besides: InvalidInput."""
    ended = [change["position"] for change in changes if "end" in change]
    still_open = {one.position for one in milestones if one.closed_at is None}
    if len(ended) != len(changes) or set(ended) != still_open:
        raise InvalidInput(
            "A contract ends with every milestone that is open: name each of them, and change "
            "nothing else.",
            param="changes",
        )
