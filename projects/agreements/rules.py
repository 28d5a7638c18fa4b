"""What the lifecycle table of proposals leaves open."""

from marketplace.common.errors import WrongState
from projects.agreements.models import Proposal


def judge_room(standing: Proposal | None) -> None:
    """One proposal at a time: refuse another while ``standing`` waits for its answer."""
    if standing is not None and standing.state == Proposal.Status.PROPOSED:
        raise WrongState(
            "Another proposal to end this milestone is open: it is answered or withdrawn first."
        )
