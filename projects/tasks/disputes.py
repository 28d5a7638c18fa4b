"""What happens to disputes because time has passed."""

from celery import shared_task

from marketplace.common.outages.selectors import may_strike
from marketplace.common.sweeps import sweep
from projects.disputes import selectors as disputes_due
from projects.disputes import services as disputes
from projects.disputes.lateness import selectors as lateness_due
from projects.disputes.lateness import services as lateness
from projects.disputes.limits import selectors as limits_due
from projects.disputes.limits import services as limits
from projects.disputes.models import Dispute
from projects.disputes.negotiating import services as negotiating
from projects.disputes.register import selectors as register_due
from projects.disputes.register import services as register
from projects.disputes.reminding import selectors as reminders_due
from projects.disputes.reminding import services as reminding
from projects.disputes.rulings import selectors as rulings_due
from projects.disputes.rulings import services as rulings
from projects.disputes.silence import services as silence


@shared_task(name="projects.escalate_unanswered_disputes")
def escalate_unanswered_disputes() -> dict[str, int]:
    """The other side had its time: silence is judged by a table, or by a mediator."""
    return sweep(
        disputes_due.unanswered_ids,
        lambda pk: silence.judge_silence(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
        while_=may_strike,
    )


@shared_task(name="projects.hand_over_disputes")
def hand_over_disputes() -> dict[str, int]:
    """Both sides had their time to settle it: a mediator takes over."""
    return sweep(
        disputes_due.negotiated_ids,
        lambda pk: negotiating.hand_over_dispute(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
        while_=may_strike,
    )


@shared_task(name="projects.remind_in_disputes")
def remind_in_disputes() -> dict[str, int]:
    """A time of the sides ends within a day: those who can still use it hear of that."""
    return sweep(
        reminders_due.ending_soon_ids,
        lambda pk: reminding.remind_of_end(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
        while_=may_strike,
    )


@shared_task(name="projects.chase_rulings")
def chase_rulings() -> dict[str, int]:
    """The house is slower than it said: mediators and both sides hear of it."""
    return sweep(
        lateness_due.late_ruling_ids,
        lambda pk: lateness.chase_ruling(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
    )


@shared_task(name="projects.wait_for_banks")
def wait_for_banks() -> dict[str, int]:
    """Nobody may decide while a bank wants the money: the time to decide waits with them."""
    return sweep(
        rulings_due.ids_at_banks,
        lambda pk: lateness.wait_for_bank(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
    )


@shared_task(name="projects.own_up_to_rulings")
def own_up_to_rulings() -> dict[str, int]:
    """Nobody has decided at the latest moment: both sides and the staff hear of it."""
    return sweep(
        lateness_due.overdue_ruling_ids,
        lambda pk: lateness.own_up(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
    )


@shared_task(name="projects.urge_rulings")
def urge_rulings() -> dict[str, int]:
    """Nobody has decided for a day more: the staff hears of it again, until somebody does."""
    return sweep(
        lateness_due.unurged_ids,
        lambda pk: lateness.urge_ruling(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
    )


@shared_task(name="projects.carry_out_rulings")
def carry_out_rulings() -> dict[str, int]:
    """Nobody has appealed in time: the money moves as was decided."""
    return sweep(
        rulings_due.standing_ids,
        lambda pk: rulings.carry_out_ruling(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
        while_=may_strike,
    )


@shared_task(name="projects.pull_disputes")
def pull_disputes() -> dict[str, int]:
    """The provider holds money less long than when the time that runs began."""
    return sweep(
        limits_due.behind_limit_ids,
        lambda pk: limits.pull_dispute(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
    )


@shared_task(name="projects.close_moot_disputes")
def close_moot_disputes() -> dict[str, int]:
    """Milestones that were released or refunded while disputed: nothing is left to decide."""
    return sweep(
        disputes_due.moot_ids,
        lambda pk: disputes.close_moot_dispute(dispute_id=pk),
        of=Dispute,
        under=["milestone"],
    )


@shared_task(name="projects.publish_register")
def publish_register() -> dict[str, int]:
    """A quarter is over: what was decided in it is told, as far as it tells of nobody."""
    return sweep(
        register_due.due_quarters,
        lambda quarter: register.publish_quarter(quarter=quarter),
    )
