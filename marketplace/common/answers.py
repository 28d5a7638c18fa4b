"""What the lifecycle tables of proposals leave open: whose answer it is.

Asked by the deeds (which refuse in its words) and by the pages (which then show no button).
"""

from typing import Protocol

from marketplace.common.errors import NotAllowed
from marketplace.common.lifecycle import Lifecycle


class Proposed(Protocol):
    """What one of two sides proposes. ``state`` is what people see: time closes it at once."""

    status: str
    proposed_by_role: str

    @property
    def state(self) -> str: ...


def refusal_of(proposal: Proposed, step: str, role: str | None) -> str:
    """Why this side cannot make the step, whatever the state; or nothing."""
    is_proposer = role == proposal.proposed_by_role
    if step in {"accept", "decline", "counter"} and is_proposer:
        return "You made this proposal: the answer is for the other side to give."
    if step == "withdraw" and not is_proposer:
        return "The other side made this proposal: you can accept or decline it."
    return ""


def open_answers(law: Lifecycle, proposal: Proposed, role: str | None) -> list[str]:
    """What somebody of this role can do right now, in the table's order."""
    steps = law.open_to(role, proposal.state)
    return [step for step in steps if not refusal_of(proposal, step, role)]


def judge_answer(law: Lifecycle, proposal: Proposed, step: str, role: str | None) -> None:
    """Refuse what this side cannot answer, or pass in silence. Raises NotAllowed or WrongState."""
    if role in law.steps[step].by and (refusal := refusal_of(proposal, step, role)):
        raise NotAllowed(refusal)
    proposal.status = proposal.state
    law.judge(proposal, step, role=role)
