"""The times of a dispute, one after the other, and how they fit before the provider's limit."""

from datetime import datetime, timedelta

from marketplace.common.clock import now
from payments.policies.models import Policy
from projects.milestones.models import Milestone
from projects.milestones.rules import part_of_time

ANSWER, TALKS, RULING, APPEAL, HEARING = "answer", "talks", "ruling", "appeal", "hearing"
# In their order: the field of the policy that both signed which has the days of each.
_DAYS = {
    ANSWER: "dispute_answer_days",
    TALKS: "negotiation_days",
    RULING: "ruling_days",
    APPEAL: "appeal_days",
    # Of another mediator, on appeal.
    HEARING: "ruling_days",
}


def _days_from(stage: str, milestone: Milestone) -> list[int]:
    """Of this one and of all that may follow it."""
    policy, stages = milestone.contract.policy, list(_DAYS)
    return [getattr(policy, _DAYS[each]) for each in stages[stages.index(stage) :]]


def end_of(stage: str, milestone: Milestone, *, at: datetime | None = None) -> datetime:
    """When this stage ends that begins then, or now. The provider's limit is to find no dispute
    undecided: where it comes before all stages can end, each has the same part of its time
    (decision 40).
    """
    days, *before = _days_from(stage, milestone)
    return part_of_time(milestone, days, before=sum(before), at=at or now())


def reply_days(policy: Policy) -> float:
    """How long the other side of an appeal is waited for: the time that whoever appeals had, but
    half of what the mediator has at most.
    """
    return min(policy.appeal_days, policy.ruling_days / 2)


def reply_until(milestone: Milestone) -> datetime:
    """Until when the other side of an appeal that is made now is waited for."""
    policy = milestone.contract.policy
    days = reply_days(policy)
    return part_of_time(milestone, days, before=policy.ruling_days - days, at=now())


def are_short_on(milestone: Milestone) -> bool:
    """Whether the stages of a dispute that begins now are shorter than the policy says."""
    at, days = now(), sum(_days_from(ANSWER, milestone))
    return part_of_time(milestone, days, before=0, at=at) < at + timedelta(days=days)
