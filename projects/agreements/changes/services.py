"""How two sides change what they signed: one proposes, the other answers, round by round."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from accounts.people.models import User
from marketplace.common.answers import judge_answer
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.outages.rules import judge_struck
from marketplace.common.text import checked_text
from payments.escrow.adjusting.services import lock_all
from projects.agreements.amending.order import order_in
from projects.agreements.amending.services import amend
from projects.agreements.changes.applying.services import apply_changes, arrange
from projects.agreements.changes.models import LIFECYCLE, ChangeOrder
from projects.agreements.changes.outcomes import lapsing_step
from projects.agreements.changes.planning import Wish, effect_of, judge_changes, planned_changes
from projects.agreements.changes.standing import as_they_stand
from projects.agreements.changes.telling import (
    ANSWER_BY,
    name_of,
    overtaken_by,
    record_order,
    said_of,
    tell_of,
)
from projects.agreements.changes.words import money_in_words
from projects.agreements.services import close_if_finished
from projects.agreements.signing import Signature, signature_of
from projects.contracts.models import LIFECYCLE as CONTRACT_LIFECYCLE
from projects.contracts.models import Contract
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import lock_contract, tell_other_side
from projects.disputes.rules import OTHER
from projects.milestones.models import Milestone
from projects.milestones.services import lock_milestone

S = ChangeOrder.Status

LONGEST_NOTE = 2_000
# Of one side on one contract: each is a mail to the other.
MOST_ORDERS = 50


@transaction.atomic
def propose_change(
    *,
    contract_id: int,
    by: Actor,
    wishes: Sequence[Wish],
    note: str = "",
    confirmed_with: str = "",
    seen: str = "",
) -> ChangeOrder:
    """Propose to change what both signed; nothing changes until the other side accepts.

    It has the policy's days to answer. Accepted, it is signed by both: ``confirmed_with`` is how
    each showed at the door that it is they. ``seen`` is the ``tag_of`` what the proposer has read,
    "" of anything. Raises InvalidInput for what cannot be agreed on, WrongState for a contract that
    is not active or not as it was seen, or while another change waits for its answer, or may be put
    off.
    """
    contract = lock_contract(contract_id)
    role = _side_of(contract, by)
    waiting = _locked().filter(contract=contract, status=S.PROPOSED)
    for standing in waiting:
        standing.contract = contract
        if standing.state == S.PROPOSED:
            raise WrongState("Another change is proposed: it is answered or withdrawn first.")
        if not standing.is_overtaken:
            judge_struck()
        _lapse(standing)
    return _propose(contract, role, confirmed_with, by=by, wishes=wishes, note=note, seen=seen)


@transaction.atomic
def counter_change(
    *,
    order_id: int,
    by: Actor,
    wishes: Sequence[Wish],
    note: str = "",
    confirmed_with: str = "",
    seen: str = "",
) -> ChangeOrder:
    """Answer with another proposal: the first is off, and it is the other side's turn again."""
    order, role = _advance(order_id, "counter", by=by)
    _close(order)
    return _propose(
        order.contract,
        role,
        confirmed_with,
        by=by,
        wishes=wishes,
        note=note,
        seen=seen,
        counters=order,
    )


@transaction.atomic
def accept_change(*, order_id: int, by: Actor, confirmed_with: str = "") -> ChangeOrder:
    """Agree as the other side: both have signed the next version, and the money follows it.

    All of it happens or nothing. Raises WrongState where a milestone is not what it was when this
    was proposed.
    """
    milestones = _lock_touched(order_id)
    order, role = _advance(order_id, "accept", by=by)
    contract = order.contract
    # The money too, before anything is judged: banks and the provider's limit come from below.
    lock_all(one.escrow_id for one in milestones)
    effect = effect_of(contract, order.changes)
    known = judge_changes(contract, order.changes)
    _close(order)
    apply_changes(contract=contract, milestones=known, changes=order.changes)
    assert order.closed_at is not None
    assert isinstance(by, User)  # only people act for a side
    agreement = amend(
        contract=contract,
        changes=order.changes,
        by={"change_order": order.public_id},
        signatures={
            order.proposed_by_role: signature_of(order),
            role: Signature(by, order.closed_at, confirmed_with),
        },
    )
    if _rearranges(order):
        arrange(contract=contract, order=order_in(agreement))
    record_order(order, "change_accepted", by=by)
    money = money_in_words(effect, contract.currency, OTHER[role], client=contract.client.name)
    tell_of(
        order,
        OTHER[role],
        "change_accepted",
        said_of(order, "change_accepted", who=name_of(contract, role)) + money,
    )
    if order.is_ending:
        close_if_finished(contract)
    return order


@transaction.atomic
def decline_change(*, order_id: int, by: Actor) -> ChangeOrder:
    """Say no as the other side: nothing changes."""
    order, role = _advance(order_id, "decline", by=by)
    _close(order)
    record_order(order, "change_declined", by=by)
    text = said_of(order, "change_declined", who=name_of(order.contract, role))
    tell_of(order, OTHER[role], "change_declined", text)
    return order


@transaction.atomic
def withdraw_change(*, order_id: int, by: Actor) -> ChangeOrder:
    """Take one's own proposal back while it is not answered."""
    order, role = _advance(order_id, "withdraw", by=by)
    _close(order)
    record_order(order, "change_withdrawn", by=by)
    text = said_of(order, "change_withdrawn", who=name_of(order.contract, role))
    tell_of(order, OTHER[role], "change_withdrawn", text)
    return order


@transaction.atomic
def lapse_change(*, order_id: int) -> ChangeOrder:
    """Write down that nobody answered in time, that the contract has ended, or that something has
    overtaken it.

    It is seen so from that moment on. Safe to call too early or again.
    """
    order = _lock(order_id)
    if order.status == S.PROPOSED and order.state == S.LAPSED:
        _lapse(order)
    return order


def overtake_what_waits(contract: Contract, *, who: str) -> None:
    """What was proposed was about a contract that is another now; its lock is held. Both sides read
    that ``who`` by this name has ended what was left.
    """
    for order in _locked().filter(contract=contract, status=S.PROPOSED):
        order.contract = contract
        _lapse(order, who=who)


def _propose(
    contract: Contract,
    role: str,
    confirmed_with: str,
    *,
    by: Actor,
    wishes: Sequence[Wish],
    note: str,
    seen: str,
    counters: ChangeOrder | None = None,
) -> ChangeOrder:
    note = checked_text(note, param="note", longest=LONGEST_NOTE)
    made = ChangeOrder.objects.filter(contract=contract, proposed_by_role=role)
    if made.count() >= MOST_ORDERS:
        raise WrongState(
            f"You have proposed {MOST_ORDERS} changes of this contract: more will not help."
        )
    changes, moment = planned_changes(contract, wishes, seen=seen), now()
    effect = effect_of(contract, changes)
    assert isinstance(by, User)  # only people act for a side
    order = ChangeOrder.objects.create(
        contract=contract,
        counters=counters,
        proposed_by=by,
        proposed_by_role=role,
        confirmed_with=confirmed_with,
        changes=changes,
        note=note,
        created_at=moment,
        answer_due_at=moment + timedelta(days=contract.policy.proposal_answer_days),
    )
    kind = "change_countered" if counters else "change_proposed"
    record_order(order, kind, by=by)
    money = money_in_words(effect, contract.currency, OTHER[role], client=contract.client.name)
    text = said_of(order, kind, who=name_of(contract, role)) + money
    tell_of(order, OTHER[role], kind, text + ANSWER_BY.filled(due=order.answer_due_at))
    return order


def _lapse(order: ChangeOrder, *, who: str = "") -> None:
    """By itself, or because the side of this name has ended what was left."""
    step = lapsing_step(order, who=who)
    LIFECYCLE.advance(order, step, role=SYSTEM)
    _close(order)
    kind = LIFECYCLE.steps[step].tells
    if step == "overtake":
        since, text = overtaken_by(order, who=who)
        record_order(order, kind, by=SYSTEM, reason=since)
        tell_other_side(order.contract, kind, text, by=SYSTEM)
        return
    record_order(order, kind, by=SYSTEM)
    if step == "lapse":  # of the contract's end both have heard
        tell_other_side(order.contract, kind, said_of(order, kind), by=SYSTEM)


def _side_of(contract: Contract, by: Actor) -> str:
    role = role_in(contract, by)
    CONTRACT_LIFECYCLE.judge(contract, "propose_change", role=role)
    return role or ""


def _advance(order_id: int, step: str, *, by: Actor) -> tuple[ChangeOrder, str]:
    """Lock the rows first, judge them second; the caller saves. Also which side ``by`` is."""
    order = _lock(order_id)
    role = role_in(order.contract, by)
    judge_answer(LIFECYCLE, order, step, role)
    LIFECYCLE.advance(order, step, role=role)
    return order, role or ""


def _lock(order_id: int) -> ChangeOrder:
    """The contract first, then its order, in every deed; milestones before both."""
    contract_id = ChangeOrder.objects.values_list("contract_id", flat=True).get(pk=order_id)
    contract = lock_contract(contract_id)
    order = _locked().get(pk=order_id)
    order.contract = contract
    return order


def _locked() -> QuerySet[ChangeOrder]:
    """To be read under their contract's lock, with what has overtaken them."""
    return as_they_stand(ChangeOrder.objects.select_for_update().order_by("pk"))


def _lock_touched(order_id: int) -> list[Milestone]:
    """The milestones that it changes or drops, all of them where others make room or move up; in
    one order, whoever asks.
    """
    order = ChangeOrder.objects.get(pk=order_id)
    found = Milestone.objects.filter(contract=order.contract_id)
    if not _rearranges(order):
        found = found.filter(position__in=[change["position"] for change in order.changes])
    return [lock_milestone(pk) for pk in found.order_by("pk").values_list("pk", flat=True)]


def _rearranges(order: ChangeOrder) -> bool:
    """Whether other milestones may stand in another place after it."""
    return any({"place", "drop", "add"} & set(change) for change in order.changes)


def _close(order: ChangeOrder) -> None:
    order.closed_at = now()
    order.save(update_fields=["status", "closed_at"])
