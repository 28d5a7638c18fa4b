"""Nobody loses by our downtime: what would have struck while the house was down strikes later."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.holds.services import lock_hold
from accounts.notifications.services import notify
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import Outage
from marketplace.common.sweeps import sweep
from marketplace.common.words import Words
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.downtime.bidding.services import (
    posting_of,
    put_off_bidding,
    tell_of_bidding,
)
from projects.agreements.downtime.clocks import CLOCKS, strikes_at, struck_in
from projects.agreements.downtime.selectors import why_put_off
from projects.agreements.models import Proposal
from projects.bids.counters.services import lock_counter
from projects.bids.locking.services import lock_bid
from projects.contracts.models import Contract, PutOff
from projects.contracts.services import lock_contract, record, tell_other_side
from projects.disputes import stages
from projects.disputes.models import Dispute
from projects.givebacks.models import GiveBack
from projects.milestones import reminders
from projects.milestones.rules import is_over_limit, within_limit
from projects.milestones.services import lock_milestone
from projects.milestones.unfunded.services import put_off_funding_time
from projects.postings.services import lock_posting

C = PutOff.Clock
# The times of a dispute: at the provider's limit a refund would decide it.
_OF_A_DISPUTE = {
    C.DISPUTE: ("answer_due_at", stages.ANSWER),
    C.TALKS: ("negotiation_ends_at", stages.TALKS),
    C.APPEAL: ("appeal_ends_at", stages.APPEAL),
    C.HEARING: ("ruling_due_at", stages.HEARING),
}
# Those of what comes before a contract, each with what locks it.
_OF_BIDDING = {
    C.BIDDING: lock_posting,
    C.CHOICE: lock_posting,
    C.BID: lock_bid,
    C.COUNTER: lock_counter,
}
# What is neither a milestone's own clock nor the contract's.
_ROWS: dict[str, Any] = {
    C.PROPOSAL: Proposal,
    C.CHANGE: ChangeOrder,
    C.DISPUTE: Dispute,
    C.TALKS: Dispute,
    C.APPEAL: Dispute,
    C.HEARING: Dispute,
    C.REPLY: Dispute,
    C.GIVEBACK: GiveBack,
}


def make_up_for(*, outage_id: int) -> int:
    """Put off every clock that would have struck in the outage by as long as it lasted, each in a
    transaction of its own. Returns how many were looked at.

    Whoever dies on the way leaves the rest to the next who comes: until all are put off, no clock
    strikes. Safe to call again, and by several at once.
    """
    outage, count = Outage.objects.get(pk=outage_id), 0
    if outage.made_up_at is not None:
        return 0
    for clock in CLOCKS:
        count += sweep(partial(_all_due, clock, outage), partial(_put_off, clock, outage))["done"]
    _note_made_up(outage_id)
    return count


def _all_due(clock: str, outage: Outage, **_: int) -> list[int]:
    """Whatever their number: nothing strikes before the last of them is put off."""
    return list(struck_in(clock, outage).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _put_off(clock: str, outage: Outage, pk: int) -> None:
    """One clock of one thing. Both sides read why."""
    thing, contract = _lock(clock, pk)
    # Asked again under the lock: others may have done it, or the clock may have been stopped.
    was_due_at = strikes_at(clock, pk, outage)
    if was_due_at is None:
        return
    due_at = _move(clock, thing, was_due_at, outage)
    PutOff.objects.create(
        outage=outage,
        contract=contract,
        clock=clock,
        about=thing.public_id,
        was_due_at=was_due_at,
        due_at=due_at,
    )
    if due_at > was_due_at:
        _tell(clock, thing, contract, was_due_at, due_at, outage)


def _lock(clock: str, pk: int) -> tuple[Any, Contract | None]:
    """From the top, as everywhere: the contract, the milestone or the bid, then what is on it."""
    if clock in _OF_BIDDING:
        return _OF_BIDDING[C(clock)](pk), None
    if clock == C.HOLD:
        return lock_hold(pk), None
    if clock in {C.OFFER, C.FUNDING}:
        contract = lock_contract(pk)
        return contract, contract
    if clock not in _ROWS:
        milestone = lock_milestone(pk)
        return milestone, milestone.contract
    model = _ROWS[clock]
    if clock in {C.CHANGE, C.GIVEBACK}:
        contract = lock_contract(model.objects.values_list("contract_id", flat=True).get(pk=pk))
    else:
        above = model.objects.values_list("milestone_id", flat=True).get(pk=pk)
        contract = lock_milestone(above).contract
    return model.objects.select_for_update(of=("self",)).get(pk=pk), contract


def _move(clock: str, thing: Any, was_due_at: datetime, outage: Outage) -> datetime:
    """When it strikes now; what warns of it comes as much later."""
    lasted = outage.ended_at - outage.began_at
    due_at = was_due_at + lasted
    if clock == C.REVIEW:
        # The provider waits for nobody: less where its limit is near, nothing where it has passed.
        due_at = max(was_due_at, within_limit(thing, due_at, at=outage.ended_at))
        if is_over_limit(thing):
            due_at = was_due_at
        thing.review_ends_at = due_at
        thing.save(update_fields=["review_ends_at"])
        reminders.put_off_reminders(thing, "review_", by=due_at - was_due_at)
    elif clock == C.DELIVERY:
        thing.due_at = due_at
        thing.save(update_fields=["due_at"])
        reminders.put_off_reminders(thing, "due_", by=lasted)
        reminders.put_off_reminders(thing, "late_", by=lasted)
    elif clock == C.GRACE:
        thing.grace_extension += lasted
        thing.save(update_fields=["grace_extension"])
        reminders.put_off_reminders(thing, "late_", by=lasted)
    elif clock == C.START:
        thing.start_extension += lasted
        thing.save(update_fields=["start_extension"])
        reminders.put_off_reminders(thing, "start_", by=lasted)
    elif clock == C.FUNDING:
        put_off_funding_time(thing, by=lasted)
    elif clock in _OF_BIDDING:
        due_at = put_off_bidding(clock, thing, due_at)
    elif clock == C.HOLD:
        # The hold itself is not longer.
        due_at = min(due_at, thing.closes_at)
        thing.appeal_until = due_at
        thing.save(update_fields=["appeal_until"])
    elif clock == C.REPLY:
        # The mediator's own time is no longer for it: half of what is left of it at most.
        half = (thing.ruling_due_at - outage.ended_at) / 2
        due_at = max(was_due_at, min(due_at, outage.ended_at + half))
        thing.reply_until = due_at
        thing.save(update_fields=["reply_until"])
    elif clock == C.OFFER:
        thing.offer_lapses_at = due_at
        thing.save(update_fields=["offer_lapses_at"])
    elif clock in _OF_A_DISPUTE:
        name, stage = _OF_A_DISPUTE[C(clock)]
        due_at = _within_stage(stage, thing, was_due_at, due_at, outage)
        setattr(thing, name, due_at)
        thing.save(update_fields=[name])
    else:
        thing.answer_due_at = due_at
        thing.save(update_fields=["answer_due_at"])
    return due_at


def _within_stage(
    stage: str, dispute: Dispute, was_due_at: datetime, due_at: datetime, outage: Outage
) -> datetime:
    """The provider waits for nobody here either, and what comes after needs its time, too. Where
    its limit has passed, what struck before it has struck: all would go back otherwise.
    """
    if is_over_limit(dispute.milestone):
        return was_due_at
    latest = stages.end_of(stage, dispute.milestone, at=outage.ended_at)
    return max(was_due_at, min(due_at, latest))


def _tell(
    clock: str,
    thing: Any,
    contract: Contract | None,
    was_due_at: datetime,
    due_at: datetime,
    outage: Outage,
) -> None:
    text = Words(
        "“%(thing)s”: %(clock)s ends on %(due)s, extended by %(by)s: Milepost was down from "
        "%(began)s to %(ended)s.",
        thing=_name_of(clock, thing),
        clock=Words(C(clock).label),
        due=due_at,
        by=due_at - was_due_at,
        began=outage.began_at,
        ended=outage.ended_at,
    )
    if clock == C.HOLD:
        notify(to=thing.party, kind="clock_put_off", text=text, path=thing.path)
        return
    if clock in _OF_BIDDING:
        tell_of_bidding(thing, "clock_put_off", text, outage)
        return
    assert contract  # every other clock is of one
    with timezone.override(UTC):  # what is on record says the same to everybody
        why = why_put_off(due_at - was_due_at, outage)
    record(
        contract,
        "clock_put_off",
        by=SYSTEM,
        about=thing,
        clock=clock,
        reason=f"{C(clock).label} is {why}",
        seconds=round((due_at - was_due_at).total_seconds()),
        until=due_at.isoformat(),
    )
    tell_other_side(contract, "clock_put_off", text, by=SYSTEM)


def _name_of(clock: str, thing: Any) -> str:
    """What whoever reads of it knows it by."""
    if clock in _OF_BIDDING:
        return str(posting_of(thing))
    return thing.title if clock == C.HOLD else str(thing)


@transaction.atomic
def _note_made_up(outage_id: int) -> None:
    """Unless something is still to be done: by whoever is at it just now, or by the next."""
    outage = Outage.objects.select_for_update().get(pk=outage_id)
    if outage.made_up_at is None and not any(struck_in(it, outage).exists() for it in CLOCKS):
        outage.made_up_at = now()
        outage.save(update_fields=["made_up_at"])
