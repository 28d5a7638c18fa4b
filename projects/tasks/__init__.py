"""What happens because time has passed or a bell was rung. Each task finds; services act.

Where a clock judges a side, it strikes ``while_`` no outage of ours is left to be made up for, nor
may have begun: after a short silence it strikes no more. What warns of it is told no sooner.
"""

from functools import partial

from celery import shared_task

from accounts.holds.lateness import services as lateness
from accounts.holds.models import Hold
from accounts.holds.selectors import due_hold_ids, late_hold_ids
from accounts.notifications.digests import services as digests
from accounts.notifications.digests.selectors import due_digest_ids
from accounts.notifications.mailing import services as mailing
from accounts.notifications.mailing.selectors import due_notification_ids
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.outages.selectors import may_strike, unmade_outage_ids
from marketplace.common.sweeps import sweep, sweep_together
from payments.chargebacks.models import Chargeback
from payments.chargebacks.reminding.selectors import unreminded_ids
from payments.chargebacks.selectors import untold_news_ids
from projects.agreements import selectors as agreements_due
from projects.agreements import services as agreements
from projects.agreements.changes import services as changes
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.selectors import over_change_ids
from projects.agreements.downtime import services as downtime
from projects.agreements.models import Proposal
from projects.agreements.proposals import services as proposals
from projects.bonuses import selectors as bonuses_due
from projects.bonuses import services as bonuses
from projects.bonuses.models import Bonus
from projects.contracts.banks import services as banks
from projects.contracts.models import Contract
from projects.disputes.limits import services as limits_of_disputes
from projects.givebacks import selectors as givebacks_due
from projects.givebacks import services as givebacks
from projects.givebacks.models import GiveBack
from projects.holds.services import let_go
from projects.messages import services as messages
from projects.milestones import selectors as milestones_due
from projects.milestones import services as milestones
from projects.milestones.arrivals import services as arrivals
from projects.milestones.limits import services as limits
from projects.milestones.models import Milestone
from projects.milestones.rules import LEAST_REVIEW
from projects.milestones.warnings import services as warnings
from projects.reasons.services import why_gone
from projects.tasks.bidding import (  # noqa: F401 - the timetable finds all of them here
    expire_postings,
    lapse_bids,
    lapse_counters,
    remind_of_bids,
    remind_of_choices,
)
from projects.tasks.disputes import (  # noqa: F401 - the timetable finds all of them here
    carry_out_rulings,
    chase_rulings,
    close_moot_disputes,
    escalate_unanswered_disputes,
    hand_over_disputes,
    own_up_to_rulings,
    publish_register,
    pull_disputes,
    remind_in_disputes,
    urge_rulings,
    wait_for_banks,
)

# --- After an outage -----------------------------------------------------------------------------


@shared_task(name="projects.make_up_for_outages")
def make_up_for_outages() -> dict[str, int]:
    """The house was down: what would have struck in that time is put off by it."""
    return sweep(lambda **_: unmade_outage_ids(), lambda pk: downtime.make_up_for(outage_id=pk))


# --- Contracts and milestones --------------------------------------------------------------------


@shared_task(name="projects.lapse_offers")
def lapse_offers() -> dict[str, int]:
    """An offer that nobody answers lapses."""
    return sweep(
        agreements_due.lapsed_offer_ids,
        lambda pk: agreements.lapse_offer(contract_id=pk),
        of=Contract,
        while_=may_strike,
    )


@shared_task(name="projects.tell_fundings")
def tell_fundings() -> dict[str, int]:
    """Money has arrived on the floor below: both sides hear of it, the delivery time starts."""
    return sweep(
        milestones_due.untold_funding_ids,
        lambda pk: arrivals.tell_funding(milestone_id=pk),
        of=Milestone,
        under=["contract"],
    )


@shared_task(name="projects.tell_bonuses")
def tell_bonuses() -> dict[str, int]:
    """A bonus was paid on the floor below: its freelancer hears of it."""
    return sweep(
        bonuses_due.untold_ids,
        lambda pk: bonuses.tell_bonus(bonus_id=pk),
        of=Bonus,
        under=["contract"],
    )


@shared_task(name="projects.tell_chargebacks")
def tell_chargebacks() -> dict[str, int]:
    """A client's bank did something on the floor below: the timeline says it."""
    return sweep(
        untold_news_ids,
        lambda pk: banks.tell_chargeback(news_id=pk),
    )


@shared_task(name="projects.remind_of_banks")
def remind_of_banks() -> dict[str, int]:
    """A client's bank takes an answer for a few days only: finance hears of that again."""
    return sweep(
        unreminded_ids,
        lambda pk: banks.remind_finance(chargeback_id=pk),
        of=Chargeback,
    )


@shared_task(name="projects.lapse_givebacks")
def lapse_givebacks() -> dict[str, int]:
    """Nobody answered whether released money goes back."""
    return sweep(
        givebacks_due.overdue_ids,
        lambda pk: givebacks.lapse_giveback(giveback_id=pk),
        of=GiveBack,
        under=["contract"],
        while_=may_strike,
    )


@shared_task(name="projects.tell_reminders")
def tell_reminders() -> dict[str, int]:
    """Warnings whose time has come. After an outage they wait until their clocks are put off."""
    return sweep_together(
        milestones_due.due_reminder_ids,
        lambda pks: warnings.tell_reminders(reminder_ids=pks),
        together=1_000,
        while_=may_strike,
    )


@shared_task(name="projects.release_unreviewed_milestones")
def release_unreviewed_milestones() -> dict[str, int]:
    """Silence is consent: the client had the review period to object."""
    return sweep_together(
        milestones_due.unreviewed_ids,
        lambda pks: milestones.release_unreviewed(milestone_ids=pks),
        together=100,
        while_=may_strike,
    )


@shared_task(name="projects.warn_of_limits")
def warn_of_limits() -> dict[str, int]:
    """The provider will not hold this money much longer: both sides hear of it in time."""
    due = partial(milestones_due.unwarned_of_limit_ids, limits.AHEAD)
    return sweep(due, lambda pk: limits.warn_of_limit(milestone_id=pk), of=Milestone)


@shared_task(name="projects.pull_reviews")
def pull_reviews() -> dict[str, int]:
    """The provider holds money less long than when its review began."""
    due = partial(milestones_due.reviews_behind_limit_ids, at_least=LEAST_REVIEW)
    return sweep(due, lambda pk: limits.pull_review(milestone_id=pk), of=Milestone)


@shared_task(name="projects.refund_at_limit")
def refund_at_limit() -> dict[str, int]:
    """What the provider holds no longer goes back, or where it was decided to go."""
    return sweep(
        milestones_due.over_limit_ids,
        lambda pk: limits_of_disputes.end_at_limit(milestone_id=pk),
        of=Milestone,
    )


@shared_task(name="projects.close_finished_contract")
def close_finished_contract(contract_id: int) -> None:
    """A milestone has ended: perhaps it was the last one."""
    agreements.close_finished_contract(contract_id=contract_id)


@shared_task(name="projects.close_finished_contracts")
def close_finished_contracts() -> dict[str, int]:
    """Of many milestones that ended at once, and what a lost bell left behind."""
    return sweep(
        milestones_due.contracts_with_news,
        lambda pk: agreements.close_finished_contract(contract_id=pk),
        of=Contract,
    )


@shared_task(name="projects.lapse_proposals")
def lapse_proposals() -> dict[str, int]:
    """Proposals to end a milestone that nobody answered, or that its end has overtaken."""
    return sweep(
        agreements_due.over_proposal_ids,
        lambda pk: proposals.lapse_proposal(proposal_id=pk),
        of=Proposal,
        under=["milestone", "into"],
        while_=may_strike,
    )


@shared_task(name="projects.lapse_changes")
def lapse_changes() -> dict[str, int]:
    """Changes of an agreement that nobody answered, or whose contract has ended."""
    return sweep(
        over_change_ids,
        lambda pk: changes.lapse_change(order_id=pk),
        of=ChangeOrder,
        under=["contract"],
        while_=may_strike,
    )


# --- Messages ------------------------------------------------------------------------------------


@shared_task(name="projects.end_due_holds")
def end_due_holds() -> dict[str, int]:
    """Nothing is held past its end, nor past the time in which an appeal was to be answered."""
    return sweep(partial(due_hold_ids, now()), lambda pk: let_go(hold_id=pk, by=SYSTEM), of=Hold)


@shared_task(name="projects.chase_hold_appeals")
def chase_hold_appeals() -> dict[str, int]:
    """The staff is slower than it said: who may answer and who waits hear of it."""
    return sweep(
        partial(late_hold_ids, now()), lambda pk: lateness.chase_answer(hold_id=pk), of=Hold
    )


@shared_task(name="projects.tell_open_conversations")
def tell_open_conversations(conversation_id: int) -> None:
    """Something was written or read; no sweep behind it, since a page looks again by itself."""
    messages.tell_open_conversations(conversation_id=conversation_id)


# --- Mails ---------------------------------------------------------------------------------------
# Named after the floor that rings for them, and done on this one, which alone knows whether the
# reason of a notice still stands.


@shared_task(name="accounts.deliver_notification")
def deliver_notification(notification_id: int) -> None:
    """A notice was written: mail it."""
    mailing.deliver_notification(notification_id=notification_id, judge=why_gone)


@shared_task(name="accounts.deliver_due_notifications")
def deliver_due_notifications() -> dict[str, int]:
    """Mails whose bell was lost, that waited for the morning, or whose last attempt failed."""
    return sweep(due_notification_ids, deliver_notification)


@shared_task(name="accounts.deliver_due_digests")
def deliver_due_digests() -> dict[str, int]:
    """The mail of a day, at the hour that its reader chose."""
    return sweep(
        due_digest_ids,
        lambda pk: digests.deliver_digest(digest_id=pk, judge=why_gone),
    )
