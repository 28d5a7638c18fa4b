"""What can be changed, as whoever proposes a change has read it."""

from collections.abc import Iterable

from marketplace.common.errors import WrongState
from marketplace.common.etags import etag_of
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.rules import due_of

CHANGED = (
    "What was agreed has changed since you read it. "
    "Look at what stands now before you propose a change of it."
)


def changeable(milestones: Iterable[Milestone]) -> list[Milestone]:
    """Those of a contract that a change can name, by their place."""
    found = [one for one in milestones if one.status in LIFECYCLE.steps["adjust"].source]
    return sorted(found, key=lambda one: one.place)


def tag_of(milestones: Iterable[Milestone]) -> str:
    """Another one for anything else that a change can be of; of all milestones of a contract."""
    return etag_of(
        [
            [
                one.public_id,
                one.amount,
                due_of(one).timestamp(),
                one.criteria,
                one.revisions,
                one.place,
            ]
            for one in changeable(milestones)
        ]
    )


def refuse_if_changed(milestones: Iterable[Milestone], seen: str) -> None:
    """Raises WrongState where ``seen`` is the tag of something else; "" is of anything."""
    if seen and seen != tag_of(milestones):
        raise WrongState(CHANGED, code="changed_meanwhile")
