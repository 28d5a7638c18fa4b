"""What the lifecycle tables of proposals and change orders leave open: whose answer it is.

Asked by the deeds (which refuse in its words) and by the pages (which then show no button).
"""

from marketplace.common.errors import NotAllowed, WrongState
from projects.agreements.changes.models import LIFECYCLE as CHANGES
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import LIFECYCLE, Proposal


def refusal_of(proposal: Proposal | ChangeOrder, step: str, role: str | None) -> str:
    """Why this side cannot make the step, whatever the state; or nothing."""
    is_proposer = role == proposal.proposed_by_role
    if step in {"accept", "decline", "counter"} and is_proposer:
        return "You made this proposal: the answer is for the other side to give."
    if step == "withdraw" and not is_proposer:
        return "The other side made this proposal: you can accept or decline it."
    return ""


def open_steps(proposal: Proposal, role: str | None) -> list[str]:
    """What somebody of this role can do right now, in the table's order."""
    return [
        step
        for step in LIFECYCLE.open_to(role, proposal.state)
        if not refusal_of(proposal, step, role)
    ]


def judge_room(standing: Proposal | None) -> None:
    """One proposal at a time: refuse another while ``standing`` waits for its answer."""
    if standing is not None and standing.state == Proposal.Status.PROPOSED:
        raise WrongState(
            "Another proposal to end this milestone is open: it is answered or withdrawn first."
        )


def judge_answer(standing: Proposal | ChangeOrder, step: str, role: str | None) -> None:
    """Refuse what this side cannot answer, or pass in silence. Raises NotAllowed or WrongState."""
    law = CHANGES if isinstance(standing, ChangeOrder) else LIFECYCLE
    if role in law.steps[step].by and (refusal := refusal_of(standing, step, str(role))):
        raise NotAllowed(refusal)
    standing.status = standing.state
    law.judge(standing, step, role=role)
