"""Each deed with money, as it is done: the stage is set, then ``yield``, then the deed.

What only the provider can say comes as the word that the gateway would bring of it.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.settling.services import settle_refund
from payments.escrow.models import Escrow
from payments.escrow.services import take_in
from payments.fundings.models import Payment
from payments.fundings.services import note_another_charge
from payments.gateway.base import (
    GatewayRefused,
    RemoteAccount,
    RemotePayout,
    RemoteRefund,
    State,
)
from payments.payees import services as payees
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.attesting.services import attest_payout
from payments.payouts.cancelling import services as cancelling
from payments.payouts.cancelling.services import cancel_payout, wish_to_cancel
from payments.payouts.holding.services import hold_payouts, lift_hold
from payments.payouts.models import Earning, Payout
from payments.payouts.reminding.services import remind_payee
from payments.payouts.sending import services as sending
from payments.refunds.models import Refund
from payments.refunds.services import record_refund
from projects.agreements.changes.services import accept_change
from projects.agreements.leaving.services import leave_contract
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.bonuses.services import give_bonus, tell_bonus
from projects.disputes.sealed.services import seal_figure
from projects.givebacks.services import give_back
from projects.milestones.arrivals.services import tell_funding
from projects.milestones.limits.services import refund_at_limit, warn_of_limit
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone, fund_milestone, release_milestone
from tests.projects.change_world import price_to
from tests.projects.ending_world import contract_at_work, tag_for, to_end
from tests.world import (
    active_contract,
    fund,
    funded_milestone,
    planned_milestone,
    reviewed_dispute,
    ruled,
    submitted_milestone,
)

Story = Iterator[None]


def _pay(milestone: Milestone, by: User, amount: int | None = None) -> None:
    payment = fund_milestone(milestone_id=milestone.pk, by=by, amount=amount)
    take_in(payment_id=payment.pk, intent_id="", charge_id=f"ch_{payment.public_id}")
    tell_funding(milestone_id=milestone.pk)


def payment_of(milestone: Milestone) -> Payment:
    return Payment.objects.get(paid_for=milestone.escrow.public_id)


# --- In ------------------------------------------------------------------------------------------


def fund_(ada: User, ben: User, **_: User) -> Story:
    milestone = planned_milestone(ada, ben)
    yield
    fund(milestone)


def top_up(ada: User, ben: User, **_: User) -> Story:
    milestone = planned_milestone(ada, ben)
    _pay(milestone, ada, 40_000)
    yield
    _pay(milestone, ada)


def pay_twice(ada: User, ben: User, **_: User) -> Story:
    payment = payment_of(funded_milestone(ada, ben))
    yield
    another = note_another_charge(payment_id=payment.pk, charge_id="ch_another")
    take_in(payment_id=another.pk, intent_id="pi_another", charge_id="ch_another")


# --- Released ------------------------------------------------------------------------------------


def release(ada: User, ben: User, **_: User) -> Story:
    milestone = submitted_milestone(ada, ben)
    yield
    release_milestone(milestone_id=milestone.pk, by=ada)


def release_part_(ada: User, ben: User, **_: User) -> Story:
    milestone = funded_milestone(ada, ben)
    yield
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)


def refund_rest(ada: User, ben: User, **_: User) -> Story:
    yield from _ended(ada, ben, to_freelancer=40_000)


def refund_all(ada: User, ben: User, **_: User) -> Story:
    yield from _ended(ada, ben, to_freelancer=0)


def _ended(ada: User, ben: User, **terms: Any) -> Story:
    milestone = funded_milestone(ada, ben)
    yield
    proposal = propose_ending(milestone_id=milestone.pk, by=ada, **terms)
    yield
    accept_proposal(proposal_id=proposal.pk, by=ben)


def roll_rest(ada: User, ben: User, **_: User) -> Story:
    first, second = map(fund, active_contract(ada, ben, [100_000, 50_000]).milestones.all())
    proposal = propose_ending(
        milestone_id=first.pk, by=ada, to_freelancer=40_000, into_id=second.pk, note="On."
    )
    yield
    accept_proposal(proposal_id=proposal.pk, by=ben)


def bonus(ada: User, ben: User, **_: User) -> Story:
    contract = funded_milestone(ada, ben).contract
    yield
    given, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    take_in(payment_id=payment.pk, intent_id="pi_bonus", charge_id="ch_bonus")
    tell_bonus(bonus_id=given.pk)


def split(ada: User, ben: User, dora: User) -> Story:
    dispute = reviewed_dispute(ada, ben)
    yield
    ruled(dispute, dora, 30_000, "So it is.")


def settle_sealed(ada: User, ben: User, **_: User) -> Story:
    dispute = reviewed_dispute(ada, ben)
    seal_figure(dispute_id=dispute.pk, by=ada, amount=60_000)
    yield
    seal_figure(dispute_id=dispute.pk, by=ben, amount=40_000)


# --- Back to the payer ---------------------------------------------------------------------------


def cancel(ada: User, ben: User, **_: User) -> Story:
    milestone = funded_milestone(ada, ben)
    yield
    cancel_milestone(milestone_id=milestone.pk, by=ben)


def refund_some(ada: User, ben: User, **_: User) -> Story:
    order = price_to(70_000, funded_milestone(ada, ben), ada)
    yield
    accept_change(order_id=order.pk, by=ben)


def end_it_all(ada: User, ben: User, **_: User) -> Story:
    order = to_end(contract_at_work(ada, ben), ada, {1: 40_000})
    yield
    accept_change(order_id=order.pk, by=ben)


def leave(ada: User, ben: User, **_: User) -> Story:
    contract = funded_milestone(ada, ben).contract
    yield
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))


def give_back_(ada: User, ben: User, **_: User) -> Story:
    done = submitted_milestone(ada, ben)
    release_milestone(milestone_id=done.pk, by=ada)
    yield
    give_back(contract_id=done.contract_id, escrow_id=done.escrow_id, by=ben, amount=20_000)


def _refund(ada: User, ben: User) -> Refund:
    cancel_milestone(milestone_id=funded_milestone(ada, ben).pk, by=ben)
    return Refund.objects.get()


def _said_of(refund: Refund, state: State) -> None:
    attempt = max(refund.attempt, 1)
    Refund.objects.filter(pk=refund.pk).update(attempt=attempt)
    record_refund(
        remote=RemoteRefund(
            "re_remote", refund.public_id, attempt, refund.payment.charge_id, state,
            refund.amount, refund.currency,
        )
    )  # fmt: skip


def refund_arrives(ada: User, ben: User, **_: User) -> Story:
    refund = _refund(ada, ben)
    yield
    _said_of(refund, State.DONE)


def refund_fails(ada: User, ben: User, **_: User) -> Story:
    refund = _refund(ada, ben)
    yield
    _said_of(refund, State.FAILED)


def refund_returns(ada: User, ben: User, **_: User) -> Story:
    refund = _refund(ada, ben)
    _said_of(refund, State.DONE)
    yield
    _said_of(refund, State.FAILED)


def settle(ada: User, ben: User, dora: User) -> Story:
    refund = _refund(ada, ben)
    _said_of(refund, State.FAILED)
    yield
    settle_refund(refund_id=refund.pk, reason="By transfer.", by=dora)


# --- Out -----------------------------------------------------------------------------------------


def _earned(ada: User, ben: User) -> int:
    """Past its hold, and the account is ready; the answer is the payee."""
    release_milestone(milestone_id=submitted_milestone(ada, ben).pk, by=ada)
    Earning.objects.update(clears_at=now())
    ConnectedAccount.objects.get_or_create(
        party=own_party_of(ben),
        defaults={"country": "US", "remote_id": "acct_ben", "status": "active"},
    )
    return own_party_of(ben).pk


def _scheduled(ada: User, ben: User) -> Payout:
    return payouts.schedule_payout(party_id=_earned(ada, ben), currency="USD", by=ben)


def _send(payout: Payout) -> None:
    """It is on its way to the bank."""
    sending.begin_attempt(payout.pk)
    told_of(payout, State.IN_TRANSIT)


def _word(payout: Payout, state: State, code: str = "") -> RemotePayout:
    return RemotePayout(
        "po_remote", "acct_ben", payout.public_id, 1, state, payout.amount, "USD", code
    )


def told_of(payout: Payout, state: State, code: str = "") -> None:
    sending.record_payout(remote=_word(payout, state, code))


def sent_out(ada: User, ben: User) -> Payout:
    payout = _scheduled(ada, ben)
    _send(payout)
    return payout


def schedule(ada: User, ben: User, **_: User) -> Story:
    party_id = _earned(ada, ben)
    yield
    payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)


def schedule_by_itself(ada: User, ben: User, **_: User) -> Story:
    party_id = _earned(ada, ben)
    yield
    payouts.schedule_payout(party_id=party_id, currency="USD", by=SYSTEM)


def sending_(ada: User, ben: User, **_: User) -> Story:
    payout = _scheduled(ada, ben)
    yield
    sending.begin_attempt(payout.pk)


def in_transit(ada: User, ben: User, **_: User) -> Story:
    payout = _scheduled(ada, ben)
    yield
    _send(payout)


def arrives(ada: User, ben: User, **_: User) -> Story:
    payout = sent_out(ada, ben)
    yield
    told_of(payout, State.DONE)


def fails(ada: User, ben: User, **_: User) -> Story:
    payout = sent_out(ada, ben)
    yield
    told_of(payout, State.FAILED, "account_closed")


def bounces(ada: User, ben: User, **_: User) -> Story:
    payout = sent_out(ada, ben)
    told_of(payout, State.DONE)
    yield
    told_of(payout, State.FAILED, "no_account")


def _stranded(ada: User, ben: User) -> Payout:
    """Its account is closed, and says nothing of it any more."""
    payout = sent_out(ada, ben)
    Payout.objects.filter(pk=payout.pk).update(transfer_id="tr_remote")
    ConnectedAccount.objects.update(status="closed")
    return payout


def said_to_have_arrived(ada: User, ben: User, dora: User) -> Story:
    payout = _stranded(ada, ben)
    yield
    attest_payout(payout_id=payout.pk, outcome="arrived", reason="The bank says so.", by=dora)


def said_to_be_back(ada: User, ben: User, dora: User) -> Story:
    payout = _stranded(ada, ben)
    yield
    attest_payout(payout_id=payout.pk, outcome="came_back", reason="It is there.", by=dora)


def _unreturned(ada: User, ben: User, dora: User) -> Payout:
    """It failed at the bank, and is not taken back from the account that was closed."""
    payout = _stranded(ada, ben)
    attest_payout(payout_id=payout.pk, outcome="came_back", reason="It is there.", by=dora)
    Payout.objects.filter(pk=payout.pk).update(reversal_refused_at=now())
    return payout


def said_to_have_arrived_after_all(ada: User, ben: User, dora: User) -> Story:
    payout = _unreturned(ada, ben, dora)
    yield
    attest_payout(payout_id=payout.pk, outcome="arrived", reason="The bank says so.", by=dora)


def said_to_be_lost(ada: User, ben: User, dora: User) -> Story:
    payout = _unreturned(ada, ben, dora)
    yield
    attest_payout(payout_id=payout.pk, outcome="lost", reason="Nobody has it.", by=dora)


def cancel_payout_(ada: User, ben: User, **_: User) -> Story:
    payout = _scheduled(ada, ben)
    yield
    cancel_payout(payout_id=payout.pk, by=ben)


def cancel_for_payee(ada: User, ben: User, dora: User) -> Story:
    payout = _scheduled(ada, ben)
    yield
    cancel_payout(payout_id=payout.pk, by=dora, reason="Its bank asks us to.")


def not_cancelled(ada: User, ben: User, dora: User) -> Story:
    payout = sent_out(ada, ben)
    Payout.objects.filter(pk=payout.pk).update(transfer_id="tr_remote")
    told_of(payout, State.FAILED, "account_closed")
    wish_to_cancel(payout_id=payout.pk, by=dora, reason="Its bank asks us to.")
    yield
    with patch.object(cancelling, "gateway") as provider, suppress(WrongState):
        provider().find_reversal.return_value = ""
        provider().reverse_transfer.side_effect = GatewayRefused("balance_insufficient", "no")
        cancelling.finish_cancelling(payout_id=payout.pk)


def hold(ada: User, ben: User, dora: User) -> Story:
    payout = _scheduled(ada, ben)
    yield
    _hold(payout, dora)


def _hold(payout: Payout, dora: User) -> int:
    why = {"reason": "Two payees share one bank account.", "evidence": "The provider’s letter."}
    return hold_payouts(party_id=payout.party_id, days=7, by=dora, **why).pk


def lift(ada: User, ben: User, dora: User) -> Story:
    hold_id = _hold(_scheduled(ada, ben), dora)
    yield
    lift_hold(hold_id=hold_id, by=dora)


def retry(ada: User, ben: User, **_: User) -> Story:
    yield from _retried(ada, ben, by=ben)


def retry_for_payee(ada: User, ben: User, dora: User) -> Story:
    yield from _retried(ada, ben, by=dora)


def _retried(ada: User, ben: User, *, by: User) -> Story:
    payout = sent_out(ada, ben)
    told_of(payout, State.FAILED, "account_closed")
    yield
    payouts.retry_payout(payout_id=payout.pk, by=by)


def unready(ada: User, ben: User, **_: User) -> Story:
    release_milestone(milestone_id=submitted_milestone(ada, ben).pk, by=ada)
    yield
    remind_payee(party_id=own_party_of(ben).pk)


def active(ada: User, ben: User, **_: User) -> Story:
    yield from _account_becomes("pending", can_receive=True, ben=ben)


def restricted(ada: User, ben: User, **_: User) -> Story:
    release_milestone(milestone_id=submitted_milestone(ada, ben).pk, by=ada)
    yield from _account_becomes("active", can_receive=False, ben=ben)


def closed(ada: User, ben: User, **_: User) -> Story:
    release_milestone(milestone_id=submitted_milestone(ada, ben).pk, by=ada)
    yield from _account_becomes("active", can_receive=False, closed=True, ben=ben)


def _account_becomes(before: str, *, ben: User, can_receive: bool, closed: bool = False) -> Story:
    account = ConnectedAccount.objects.create(
        party=own_party_of(ben), country="US", remote_id="acct_ben", status=before
    )
    yield
    with patch.object(payees, "gateway") as provider:
        provider().account.return_value = RemoteAccount("acct_ben", can_receive, closed)
        payees.refresh_account(account_id=account.pk)


# --- The provider's time -------------------------------------------------------------------------


def _near_its_limit(ada: User, ben: User, days: float) -> Milestone:
    milestone = funded_milestone(ada, ben)
    at = now() + timedelta(days=days)
    Payment.objects.update(paid_at=at - timedelta(days=90))
    Escrow.objects.update(limit_at=at)
    return milestone


def warned(ada: User, ben: User, **_: User) -> Story:
    milestone = _near_its_limit(ada, ben, 13)
    yield
    warn_of_limit(milestone_id=milestone.pk)


def at_the_limit(ada: User, ben: User, **_: User) -> Story:
    milestone = _near_its_limit(ada, ben, -1)
    yield
    refund_at_limit(milestone_id=milestone.pk)
