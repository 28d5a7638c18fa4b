"""What the lifecycle table leaves open: is the money held, has the clock struck.

One function a step, asked by the deeds (which refuse in its words) and by the pages (which then
show no button). Each returns the refusal, or nothing where the step may be made.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from marketplace.common.clock import after_days, now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import FREELANCER
from marketplace.common.money import in_words
from marketplace.common.outages.rules import judge_struck
from marketplace.common.words import said_moment
from payments.chargebacks.selectors import has_open_chargeback
from payments.escrow.facts import MoneyFacts, facts_now
from payments.escrow.models import Escrow
from projects.contracts.models import Contract
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.selectors import is_being_funded, is_funded
from projects.milestones.words import LOST_BY_A_DISPUTE, NO_TIME_LEFT, no_revision_left

# So long at least the client has to review what is submitted once the limit has come nearer, or
# silence pays that did not before: nobody is to lose their say within the hour.
LEAST_REVIEW = timedelta(hours=12)


def untold_since(milestone: Milestone) -> datetime | None:
    """Since when all of its money is held, where nobody was told of that yet."""
    held_at, news = milestone.escrow.held_at, milestone.escrow.untold_since
    return held_at if held_at and news and news <= held_at else None


def due_of(milestone: Milestone) -> datetime:
    """When the delivery is due: a late funding moves it, even before anybody has told so."""
    held_at = untold_since(milestone)
    return milestone.due_at if held_at is None else due_if_held(milestone, held_at)


def due_if_held(milestone: Milestone, held_at: datetime) -> datetime:
    """When the delivery is due where all of its money is held from then on."""
    due_at = after_days(held_at, milestone.allowance, milestone.days_end_in)
    return due_at if due_at - milestone.due_at > milestone.leeway else milestone.due_at


def review_end_of(milestone: Milestone, submitted_at: datetime) -> datetime:
    """When silence approves what is submitted then: before the provider's limit, always.

    A day before it, so that sweeps have their time; where less than two days are left, in the
    middle of them.
    """
    period = timedelta(days=milestone.contract.review_days)
    return within_limit(milestone, submitted_at + period, at=submitted_at)


def within_limit(milestone: Milestone, review_ends_at: datetime, *, at: datetime) -> datetime:
    """The same end, or one that is well before the provider's limit, seen from then (``at``)."""
    if milestone.escrow.limit_at is None:
        return review_ends_at
    left = milestone.escrow.limit_at - at
    return min(review_ends_at, at + max(left - timedelta(days=1), left / 2))


def part_of_time(milestone: Milestone, days: float, *, before: float, at: datetime) -> datetime:
    """When a clock of so many days ends that begins then (``at``), and that others of ``before``
    days follow until money moves.

    Where the provider holds the money for less long than all of them take, each gets the same part
    of what is left: whoever begins late takes no time from what comes after.
    """
    if not days:
        return at
    all_of_them = timedelta(days=days + before)
    left = max(within_limit(milestone, at + all_of_them, at=at) - at, timedelta(0))
    return at + left * days / (days + before)


def late_from(milestone: Milestone) -> datetime:
    """From when on the client may cancel for lateness."""
    grace = timedelta(days=milestone.contract.policy.lateness_grace_days)
    return due_of(milestone) + grace + milestone.grace_extension


def idle_from(milestone: Milestone) -> datetime | None:
    """From when on the client may cancel because nobody started; None where that clock rests."""
    if milestone.escrow.held_at is None or milestone.started_at is not None:
        return None
    time = timedelta(days=milestone.contract.policy.never_started_days)
    return milestone.escrow.held_at + time + milestone.start_extension


def unfunded_from(milestone: Milestone) -> datetime | None:
    """From when on the freelancer may end it for want of money; None where that clock rests.

    It is a clock of the contract: while nothing at all is held.
    """
    is_awaited = milestone.escrow.status == Escrow.Status.AWAITING
    return milestone.contract.funding_due_at if is_awaited else None


def _may_fund(milestone: Milestone, facts: MoneyFacts) -> str:
    return "" if facts.to_fund else "This milestone is already funded."


def _may_start(milestone: Milestone, facts: MoneyFacts) -> str:
    if milestone.started_at is not None:
        return "The work has already been started."
    return _fully_held(milestone, facts)


def _fully_held(milestone: Milestone, facts: MoneyFacts) -> str:
    if facts.is_fully_held:
        return ""
    if facts.held:
        missing = in_words(facts.to_fund, milestone.currency)
        return f"The client has not funded all of this milestone: {missing} is missing."
    return "The client has not funded this milestone yet."


def _money_held(milestone: Milestone, facts: MoneyFacts) -> str:
    return "" if facts.held else "No money is held for this milestone."


def _may_drop(milestone: Milestone, facts: MoneyFacts) -> str:
    # What a bank has taken for good is as free as what was never paid for.
    was_held = milestone.escrow.status != Escrow.Status.AWAITING
    if not facts.held and was_held and has_open_chargeback(milestone.escrow):
        return "The bank has not decided yet who has the money: nothing is cancelled before."
    if not facts.held:
        return ""
    ways = "or you once it is late" if facts.is_fully_held else "or both of you by agreement"
    return f"Money is held for this milestone: only the freelancer can cancel it now, {ways}."


def _may_cancel_late(milestone: Milestone, facts: MoneyFacts) -> str:
    if not facts.is_fully_held:
        return "The work need not start before it is funded, so it cannot be late."
    if now() < late_from(milestone):
        return f"It can be cancelled for lateness from {said_moment(late_from(milestone))} on."
    return ""


def _may_cancel_idle(milestone: Milestone, facts: MoneyFacts) -> str:
    idle = idle_from(milestone)
    if idle is None or not facts.is_fully_held:
        return "That is only possible while funded work has not been started."
    if now() < idle:
        return f"If the work is never started, it can be cancelled from {said_moment(idle)} on."
    return ""


def _may_cancel_unfunded(milestone: Milestone, facts: MoneyFacts) -> str:
    due_at = unfunded_from(milestone)
    if due_at is None:
        return "That is only possible while the time to fund a contract runs, and nothing is held."
    if now() < due_at:
        return f"If nothing is funded, it can be ended for that from {said_moment(due_at)} on."
    return ""


def _may_release_silent(milestone: Milestone, facts: MoneyFacts) -> str:
    if milestone.review_ends_at is None or now() < milestone.review_ends_at:
        return "The review period is not over yet."
    return what_keeps_silence_from(milestone, facts)


def what_keeps_silence_from(milestone: Milestone, facts: MoneyFacts) -> str:
    """Why silence releases nothing of its money, however long it lasts."""
    if refusal := _fully_held(milestone, facts):
        return refusal
    if has_open_chargeback(milestone.escrow):
        return "The client's bank has taken the money back, or wants to: silence releases nothing."
    return ""


def is_over_limit(milestone: Milestone) -> bool:
    """Whether the provider holds its money no longer: then it goes back, whatever else happens."""
    limit_at = milestone.escrow.limit_at
    return limit_at is not None and limit_at <= now()


def _may_submit(milestone: Milestone, facts: MoneyFacts) -> str:
    return _within_limit(milestone, facts) or _fully_held(milestone, facts)


def _within_limit(milestone: Milestone, facts: MoneyFacts) -> str:
    if facts.held and is_over_limit(milestone):
        return "The payment provider holds this money no longer: it goes back to the client."
    return ""


def _may_refund_limit(milestone: Milestone, facts: MoneyFacts) -> str:
    if not is_over_limit(milestone):
        return "The provider still holds the money."
    is_submitted = milestone.status == Milestone.Status.SUBMITTED
    if is_submitted and not what_keeps_silence_from(milestone, facts):
        return "The work is submitted: its review decides."
    return _money_held(milestone, facts)


def _may_return(milestone: Milestone, facts: MoneyFacts) -> str:
    if _within_limit(milestone, facts):
        return NO_TIME_LEFT
    included = milestone.revisions
    if included is not None and milestone.revisions_used >= included:
        return no_revision_left(included)
    return _not_yet_silent(milestone, facts)


def _not_yet_silent(milestone: Milestone, facts: MoneyFacts) -> str:
    # What was promised to the freelancer holds from its minute on, however late the sweep is.
    if not _may_release_silent(milestone, facts):
        return "The review period is over: this work is approved by itself."
    return ""


def _may_dispute(milestone: Milestone, facts: MoneyFacts) -> str:
    return _money_held(milestone, facts) or _not_yet_silent(milestone, facts)


def _may_roll(milestone: Milestone, facts: MoneyFacts) -> str:
    return (
        _fully_held(milestone, facts)
        or _not_yet_silent(milestone, facts)
        or _may_roll_in(milestone, facts)
    )


def _may_roll_in(milestone: Milestone, facts: MoneyFacts) -> str:
    if refusal := _within_limit(milestone, facts):
        return refusal
    if has_open_chargeback(milestone.escrow):
        return "The client's bank has taken money of it back, or wants to: nothing is moved on."
    return _not_yet_silent(milestone, facts)


# What one side may do because time has passed in which the other might have acted.
_STRUCK_AGAINST_THE_OTHER = {"cancel_late", "cancel_idle", "cancel_unfunded"}

_RULES: dict[str, Callable[[Milestone, MoneyFacts], str]] = {
    "fund": _may_fund,
    "start": _may_start,
    "submit": _may_submit,
    "release": _money_held,
    "release_part": _money_held,
    "release_silent": _may_release_silent,
    "refund_limit": _may_refund_limit,
    "drop": _may_drop,
    "cancel_late": _may_cancel_late,
    "cancel_idle": _may_cancel_idle,
    "cancel_unfunded": _may_cancel_unfunded,
    "return": _may_return,
    "dispute": _may_dispute,
    "adjust": _may_roll_in,
    "roll": _may_roll,
    "roll_in": _may_roll_in,
}


def refusal_of(
    milestone: Milestone, step: str, facts: MoneyFacts | None = None, *, role: str | None = None
) -> str:
    """Why the step cannot be made now (by this role), or nothing. The table is judged apart.

    ``facts`` of its money where the caller has them at hand; without them the books are asked.
    """
    if milestone.contract.status != Contract.Status.ACTIVE:
        return f"The contract is {milestone.contract.get_status_display().lower()}."
    if step == "dispute" and role == FREELANCER and is_over_limit(milestone):
        return LOST_BY_A_DISPUTE
    rule = _RULES.get(step)
    return rule(milestone, facts or facts_now(milestone.escrow)) if rule else ""


def judge_step(
    milestone: Milestone, step: str, role: str | None, facts: MoneyFacts | None = None
) -> None:
    """Refuse a step that cannot be made now, or pass in silence: NotAllowed or WrongState."""
    LIFECYCLE.judge(milestone, step, role=role)
    if refusal := refusal_of(milestone, step, facts, role=role):
        raise WrongState(refusal)
    if step == "cancel_unfunded" and is_funded(milestone.contract):
        raise WrongState("Money has just come in for this contract: nothing is late any more.")
    if step == "cancel_unfunded" and is_being_funded(milestone.contract):
        raise WrongState("The client has paid, and their bank takes its time: nothing is late.")
    if step in _STRUCK_AGAINST_THE_OTHER:
        judge_struck()


def open_steps(
    milestone: Milestone, role: str | None, facts: MoneyFacts | None = None
) -> list[str]:
    """What somebody of this role can do right now, in the table's order."""
    facts = facts or facts_now(milestone.escrow)
    return [
        step
        for step in LIFECYCLE.open_to(role, milestone.status)
        if not refusal_of(milestone, step, facts, role=role)
    ]
