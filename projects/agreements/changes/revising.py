"""How often changes may be asked for on one milestone, once both agree on another number."""

from marketplace.common.errors import InvalidInput
from projects.agreements.terms import MOST_REVISIONS
from projects.milestones.models import Milestone


def other_revisions(
    milestone: Milestone, wanted: int | None, *, param: str
) -> dict[str, dict[str, int | None]]:
    """The difference as a change has it; nothing where that many are included already.

    Raises InvalidInput for fewer than are used, for more than can be agreed on, or where the
    agreement does not count them.
    """
    included, used = milestone.revisions, milestone.revisions_used
    if wanted is None or wanted == included:
        return {}
    if included is None:
        raise InvalidInput("This agreement does not limit the revisions.", param=param)
    if not used <= wanted <= MOST_REVISIONS:
        raise InvalidInput(
            f"From {used}, so many are used, to {MOST_REVISIONS} revisions.", param=param
        )
    return {"revisions": {"from": included, "to": wanted}}
