"""What the lifecycle table leaves open: whose answer it is, and which clock has struck.

Asked by the deeds (which refuse in its words) and by the pages (which then show no form).
"""

from datetime import datetime

from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import BOTH, CLIENT, FREELANCER
from marketplace.common.outages.rules import judge_struck
from marketplace.common.words import said_moment
from projects.disputes.models import LIFECYCLE, Dispute
from projects.milestones.criteria import checked_not_met
from projects.milestones.models import Milestone

# Of one side, to each mediator: enough for a long argument, few enough to be read.
MOST_STATEMENTS = 20
_UNHEARD = "The time to decide on the appeal is over: the first decision stands."
_STANDS = "The time to appeal is over: the decision stands."
# The other side of a contract.
OTHER = {CLIENT: FREELANCER, FREELANCER: CLIENT}


def checked_grounds(numbers: object, milestone: Milestone, reason: str) -> list[int]:
    """The numbers (from 1) of the criteria that the opener names as not met, in order.

    One at least where the work is said to be not as agreed, and criteria were agreed on; with any
    other reason as many as there are, or none. Raises InvalidInput.
    """
    return checked_not_met(
        numbers,
        milestone.criteria,
        is_needed=reason == Dispute.Reason.NOT_AS_AGREED,
        why="what is not as agreed is judged by what was agreed",
    )


def refusal_of(dispute: Dispute, step: str, role: str | None) -> str:
    """Why this role cannot make the step now, or nothing. The lifecycle table is judged apart."""
    is_opener = role == dispute.opened_by_role
    if step == "answer" and is_opener:
        return "You opened this dispute: the answer is for the other side to give."
    if step == "state" and not is_opener and dispute.status == Dispute.Status.OPENED:
        return "Answer the dispute first; after that you can add to it."
    if step == "state" and _stated(dispute, role) >= MOST_STATEMENTS:
        return f"You have made {MOST_STATEMENTS} statements: a mediator reads on."
    if step in {"escalate", "decide_by_rule"} and not _is_over(dispute.answer_due_at):
        return "The time to answer is not over yet."
    if step in {"escalate", "decide_by_rule"} and _has_struck_first(dispute):
        return "The provider's limit came before the time to answer was over."
    if step == "ask_mediator" and role == dispute.mediator_asked_by:
        return "You have asked for a mediator already; the other side has been told."
    if step == "hand_over" and not _is_over(dispute.negotiation_ends_at):
        return "The time to negotiate is not over yet."
    if step in {"decide", "assign", "accept", "appeal"}:
        return _why_it_stands(dispute, step, role)
    if step == "carry_out":
        return _why_not_yet(dispute)
    if step in {"chase", "own_up"}:
        return _why_not_late(dispute, step)
    return ""


def is_reply(dispute: Dispute, role: str) -> bool:
    """Whether what this side says now is its answer to an appeal of the other's."""
    return dispute.waits_for_reply and role != dispute.appealed_by


def _stated(dispute: Dispute, role: str | None) -> int:
    """How many statements of this side are for the mediator whose turn it is."""
    decided = [ruling.created_at for ruling in dispute.rulings.all()]
    since = decided[0] if decided and dispute.status == Dispute.Status.APPEALED else None
    return sum(
        one.role == role and (since is None or one.created_at > since)
        for one in dispute.statements.all()
    )


def _why_it_stands(dispute: Dispute, step: str, role: str | None) -> str:
    if step in {"decide", "assign"}:
        # Both were told that the first one stands from then on, whoever writes it down when.
        if _is_unheard(dispute):
            return _UNHEARD
        return _why_not_heard(dispute) if step == "decide" else ""
    if dispute.appealed_by:
        return "This decision is the last one."
    if dispute.accepted_by == BOTH:
        return "Both sides have accepted this decision: it stands."
    if _is_over(dispute.appeal_ends_at):
        return _STANDS
    if role != dispute.accepted_by:
        return ""
    if step == "accept":
        return "You have accepted this decision already; the other side has been told."
    return "You have accepted this decision: it is too late to appeal."


def _why_not_heard(dispute: Dispute) -> str:
    """The last word is not spoken before the other side had its time to reply to the appeal."""
    if not dispute.waits_for_reply:
        return ""
    assert dispute.reply_until
    side = OTHER[dispute.appealed_by]
    until = said_moment(dispute.reply_until)
    return f"The {side} can reply to the appeal until {until}: decide then."


def _why_not_late(dispute: Dispute, step: str) -> str:
    if _is_unheard(dispute):
        return _UNHEARD
    if step == "own_up":
        if dispute.ruling_missed_at:
            return "Everybody knows already that nobody has decided in time."
        return "" if _is_over(dispute.ruling_due_at) else "There is time to decide yet."
    if dispute.ruling_late_at:
        return "Everybody knows already that the ruling is late."
    return "" if _is_over(dispute.ruling_expected_at) else "The ruling is not late yet."


def _why_not_yet(dispute: Dispute) -> str:
    """An appeal that no other mediator has decided in time leaves the first decision as it is."""
    if dispute.status != Dispute.Status.APPEALED:
        return "" if _is_over(dispute.appeal_ends_at) else "The time to appeal is not over yet."
    return "" if _is_over(dispute.ruling_due_at) else "Another mediator has time to decide yet."


def _has_struck_first(dispute: Dispute) -> bool:
    limit_at, due_at = dispute.milestone.escrow.limit_at, dispute.answer_due_at
    return limit_at is not None and due_at is not None and limit_at < due_at and limit_at <= now()


def _is_unheard(dispute: Dispute) -> bool:
    return dispute.status == Dispute.Status.APPEALED and _is_over(dispute.ruling_due_at)


def _is_over(at: datetime | None) -> bool:
    return at is not None and at <= now()


def judge_step(dispute: Dispute, step: str, role: str | None) -> None:
    """Refuse a step that cannot be made now, or pass in silence: NotAllowed or WrongState."""
    dispute.status = dispute.state
    LIFECYCLE.judge(dispute, step, role=role)
    if refusal := refusal_of(dispute, step, role):
        # Nobody is told that a time is over for good which an outage of ours has cut.
        if refusal in {_STANDS, _UNHEARD}:
            judge_struck()
        raise NotAllowed(refusal) if step == "answer" else WrongState(refusal)


def open_steps(dispute: Dispute, role: str | None) -> list[str]:
    """What somebody of this role can do right now, in the table's order."""
    return [
        step
        for step in LIFECYCLE.open_to(role, dispute.state)
        if not refusal_of(dispute, step, role)
    ]
