"""Stories of a milestone that is disputed: its times and the table of silence are the real ones."""

from datetime import datetime

from marketplace.common.clock import imagined
from marketplace.common.lifecycle import CLIENT, FREELANCER, MEDIATOR, SYSTEM
from payments.escrow import division
from projects.agreements.simulating.scenes import Wish, bring_to, division_of, worded
from projects.agreements.simulating.trial import Trial
from projects.disputes import stages
from projects.disputes.silence.facts import Facts, payable
from projects.disputes.silence.table import judge
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of, late_from, review_end_of

S = Milestone.Status


def answered(trial: Trial, wish: Wish) -> None:
    """Both say what they have to say, nobody gives way, and each stage takes all of its time."""
    bring_to(wish.stage, trial)
    part = division_of(trial, wish)
    _open(trial, CLIENT, "The client opens a dispute: the money stays held.")
    for stage in (stages.ANSWER, stages.TALKS):
        _pass(stage, trial)
    _decided_by_mediator(trial, part)


def unanswered_by_freelancer(trial: Trial, wish: Wish) -> None:
    """The client asks for the rest, once the delivery is late where nothing is delivered yet."""
    bring_to(wish.stage, trial)
    if wish.stage == "funded":
        trial.wait(due_of(trial.milestone))
    _unanswered(trial, wish, CLIENT)


def unanswered_by_client(trial: Trial, wish: Wish) -> None:
    bring_to(wish.stage, trial)
    _unanswered(trial, wish, FREELANCER)


def _unanswered(trial: Trial, wish: Wish, opener: str) -> None:
    part = division_of(trial, wish)
    returned = int(trial.milestone.status == S.RETURNED)
    opened_at = trial.at
    text = f"The {opener} opens a dispute and asks that {worded(trial, part)} is released."
    _open(trial, opener, text)
    _pass(stages.ANSWER, trial)
    with imagined(trial.at):
        facts = Facts(
            at=trial.at,
            opened_by=opener,
            opened_at=opened_at,
            asked_for=payable(part, trial.escrow, trial.facts),
            price_held=trial.facts.price_held,
            held=trial.held,
            due_at=due_of(trial.milestone),
            late_from=late_from(trial.milestone),
            table=trial.policy.silence_table,
            is_fully_held=trial.facts.is_fully_held,
            delivered_at=trial.milestone.submitted_at,
            is_all_met=trial.milestone.submitted_at is not None,
            review_ends_at=_review_would_end(trial),
            returned=returned,
        )
    found = judge(facts)
    by_rule = f"Nobody answers. By row {found.row.number} of the rules for silence"
    if found.to_freelancer is None:
        trial.note("escalate", SYSTEM, f"{by_rule} a mediator looks at what is on file.")
        _decided_by_mediator(trial, part)
        return
    text = f"{by_rule} {worded(trial, found.to_freelancer)} is to be released."
    trial.note("decide_by_rule", SYSTEM, text)
    _carried_out(trial, found.to_freelancer)


def _review_would_end(trial: Trial) -> datetime | None:
    delivered_at = trial.milestone.submitted_at
    return review_end_of(trial.milestone, delivered_at) if delivered_at else None


def _open(trial: Trial, by: str, text: str) -> None:
    trial.dispute(by)
    trial.note("dispute", by, text)


def _pass(stage: str, trial: Trial) -> None:
    trial.wait(stages.end_of(stage, trial.milestone, at=trial.at))


def _decided_by_mediator(trial: Trial, part: int) -> None:
    _pass(stages.RULING, trial)
    text = f"At the latest now a mediator decides that {worded(trial, part)} is released."
    trial.note("decide", MEDIATOR, text)
    _carried_out(trial, part)


def _carried_out(trial: Trial, part: int) -> None:
    _pass(stages.APPEAL, trial)
    is_all = part == division.price_held(trial.escrow, held=trial.held)
    to = S.RELEASED if is_all else S.SPLIT if part else S.REFUNDED
    trial.end("resolve", SYSTEM, to_payee=part, to=to)
    text = f"Nobody appeals: {worded(trial, part)} of the price is released, the rest goes back."
    trial.note("resolve", SYSTEM, text)
