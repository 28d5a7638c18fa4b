"""All proofs about money, and our books held against the provider's, line by line."""

from collections import Counter
from dataclasses import dataclass, field

from marketplace.common.clock import now
from payments.escrow.checks import CHECKS as ESCROW
from payments.fundings.checks import CHECKS as FUNDINGS
from payments.fundings.models import Payment
from payments.fundings.provider_fees.services import FEE_PATIENCE
from payments.gateway import books
from payments.gateway.base import (
    GatewayRefused,
    GatewayUnknown,
    RemoteCharge,
    RemotePayout,
    RemoteRefund,
    State,
)
from payments.incoming.selectors import is_booked
from payments.ledger.checks import CHECKS as LEDGER
from payments.ledger.models import LedgerAccount
from payments.ledger.selectors import sum_of
from payments.payees.models import ConnectedAccount
from payments.payouts.checks import CHECKS as PAYOUTS
from payments.payouts.models import Payout, PayoutAttempt
from payments.refunds.checks import CHECKS as REFUNDS
from payments.refunds.models import Refund

CHECKS = [*LEDGER, *ESCROW, *FUNDINGS, *REFUNDS, *PAYOUTS]

# What each kind of movement at the provider is compared by; any other kind is listed.
COMPARED = {
    "charge",
    "refund",
    "refund_failure",
    # The same three, where the payer paid otherwise than by card.
    "payment",
    "payment_refund",
    "payment_failure_refund",
    "transfer",
    "transfer_refund",
}


@dataclass
class Comparison:
    """Both sides' sums by currency, and what stands between them.

    ``under_way`` is what one side has booked and the other has not yet, where both agree how the
    thing stands. ``findings`` are the lines that a person has to look at; ``notes`` are not.
    """

    ours: Counter[str] = field(default_factory=Counter)
    theirs: Counter[str] = field(default_factory=Counter)
    under_way: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)

    @property
    def currencies(self) -> list[str]:
        return sorted({*self.ours, *self.theirs, *self.under_way})

    def difference(self, currency: str) -> int:
        """What is left when all that is under way is taken into account; zero is what we want."""
        return self.theirs[currency] + self.under_way[currency] - self.ours[currency]

    def find(self, finding: str) -> None:
        self.findings.append(finding)


def compare_with_provider() -> Comparison:
    """Ask the provider for everything it has, and hold it against our books. Changes nothing.

    What differs is read once more: money that moved between the two readings is no difference.
    Raises GatewayRefused or GatewayUnknown where it says nothing of the platform itself; of one
    payee's account, that is a finding.
    """
    result = _compare()
    return _compare() if result.findings else result


def _compare() -> Comparison:
    result = Comparison()
    _compare_charges(result)
    _compare_refunds(result)
    _compare_transfers(result)
    for payee in ConnectedAccount.objects.order_by("pk"):
        for remote_id in payee.past_remote_ids:
            _compare_account(result, remote_id, ConnectedAccount.Status.CLOSED)
        if payee.remote_id:
            _compare_account(result, payee.remote_id, payee.status)
    result.theirs.update(books.balance())
    _look_for_strangers(result)
    for account in LedgerAccount.objects.filter(key__startswith="provider:"):
        result.ours[account.currency] -= sum_of(account)
    for currency in result.currencies:
        if difference := result.difference(currency):
            result.find(f"{currency}: {difference} minor units are not explained by any line.")
    return result


def _compare_charges(result: Comparison) -> None:
    ours = {
        payment.charge_id: payment for payment in Payment.objects.filter(succeeded_at__isnull=False)
    }
    for charge in books.charges():
        result.compared["charges"] += 1
        payment = ours.pop(charge.remote_id, None)
        if payment is None:
            result.find(
                f"Charge {charge.remote_id} of {charge.amount} {charge.currency} is not in our "
                f"books ({charge.payment or 'it names no payment'})."
            )
            continue
        if (charge.amount, charge.currency) != (payment.amount, payment.currency):
            result.find(
                f"Charge {charge.remote_id} is {charge.amount} {charge.currency}, "
                f"{payment} is {payment.amount} {payment.currency}."
            )
        _compare_fee(result, payment, charge)
    for charge_id, payment in ours.items():
        result.find(f"{payment} is paid by {charge_id}, which the provider does not know.")


def _compare_fee(result: Comparison, payment: Payment, charge: RemoteCharge) -> None:
    assert payment.succeeded_at is not None
    if charge.fee is None:
        result.under_way[charge.currency] += charge.amount
    elif payment.provider_fee is None and payment.succeeded_at > now() - FEE_PATIENCE:
        result.under_way[charge.fee_currency] += charge.fee  # it is still asked for
    elif payment.provider_fee != charge.fee:
        result.find(
            f"The provider kept {charge.fee} {charge.fee_currency} of {payment}; "
            f"we have {payment.provider_fee}."
        )


def _compare_refunds(result: Comparison) -> None:
    ours = {refund.remote_id: refund for refund in Refund.objects.exclude(remote_id="")}
    for remote in books.refunds():
        result.compared["refunds"] += 1
        refund = ours.pop(remote.remote_id, None)
        if refund is None:
            if remote.state == State.FAILED and remote.refund:
                continue  # an earlier attempt, replaced by another
            result.find(
                f"Refund {remote.remote_id} of {remote.amount} {remote.currency} on "
                f"{remote.charge_id} is not in our books."
            )
        else:
            _compare_refund(result, refund, remote)
    for remote_id, refund in ours.items():
        result.find(f"{refund} is {remote_id}, which the provider does not know.")


def _compare_refund(result: Comparison, refund: Refund, remote: RemoteRefund) -> None:
    if (remote.amount, remote.currency) != (refund.amount, refund.currency):
        result.find(f"{refund} and {remote.remote_id} are of different amounts.")
    expected = {
        Refund.Status.SUCCEEDED: State.DONE,
        Refund.Status.FAILED: State.FAILED,
    }.get(Refund.Status(refund.status), State.PENDING)
    if remote.state != expected:
        result.find(f"{refund} is {refund.status} here and {remote.state} at the provider.")
    elif expected == State.PENDING and remote.booked:
        result.under_way[remote.currency] += remote.amount


def _compare_transfers(result: Comparison) -> None:
    ours = {payout.transfer_id: payout for payout in Payout.objects.exclude(transfer_id="")}
    for remote in books.transfers():
        result.compared["transfers"] += 1
        payout = ours.pop(remote.remote_id, None)
        if payout is None:
            result.find(
                f"Transfer {remote.remote_id} of {remote.amount} {remote.currency} to "
                f"{remote.destination} is not in our books."
            )
            continue
        if (remote.amount, remote.currency) != (payout.amount, payout.currency):
            result.find(f"{payout} and {remote.remote_id} are of different amounts.")
        expected = payout.amount if payout.reversal_id else 0
        if remote.amount_reversed != expected:
            result.find(
                f"{remote.amount_reversed} of {remote.remote_id} were taken back; "
                f"by our books of {payout} it should be {expected}."
            )
    for remote_id, payout in ours.items():
        result.find(f"{payout} went by {remote_id}, which the provider does not know.")


def _compare_account(result: Comparison, remote_id: str, status: str) -> None:
    """All of it is read first: one that says nothing is one line, and the others are compared."""
    try:
        payouts, balance = list(books.payouts(remote_id)), books.balance(remote_id)
    except (GatewayRefused, GatewayUnknown) as silence:
        if status == ConnectedAccount.Status.CLOSED and not _is_money_there(remote_id):
            result.notes.append(f"{remote_id} is closed, and nothing of ours is there.")
        else:
            result.find(f"The provider says nothing of {remote_id} ({status}): {silence}")
        return
    _compare_payouts(result, remote_id, payouts)
    result.theirs.update(balance)


def _is_money_there(account: str) -> bool:
    """Transferred there, and neither paid to its bank nor taken back."""
    sent = Payout.objects.exclude(transfer_id="").filter(reversal_id="")
    sent = sent.filter(attempts__destination=account)
    return sent.exclude(status=Payout.Status.PAID).exists()


def _compare_payouts(result: Comparison, account: str, payouts: list[RemotePayout]) -> None:
    ours = {
        attempt.remote_id: attempt
        for attempt in PayoutAttempt.objects.filter(destination=account)
        .exclude(remote_id="")
        .select_related("payout")
    }
    for remote in payouts:
        result.compared["payouts"] += 1
        attempt = ours.pop(remote.remote_id, None)
        if attempt is None:
            result.find(
                f"Payout {remote.remote_id} of {remote.amount} {remote.currency} from "
                f"{remote.account} is not in our books."
            )
        else:
            _compare_payout(result, attempt, remote)
    for remote_id, attempt in ours.items():
        result.find(f"{attempt.payout} is {remote_id}, which the provider does not know.")


def _compare_payout(result: Comparison, attempt: PayoutAttempt, remote: RemotePayout) -> None:
    payout = attempt.payout
    if (remote.amount, remote.currency) != (payout.amount, payout.currency):
        result.find(f"{payout} and {remote.remote_id} are of different amounts.")
    if remote.state == State.FAILED:
        agreed = bool(attempt.failure_code)
    elif remote.state == State.DONE:
        agreed = payout.status == Payout.Status.PAID
    else:
        agreed = payout.status in (Payout.Status.SENDING, Payout.Status.IN_TRANSIT)
        if agreed:
            result.under_way[remote.currency] += remote.amount
    if not agreed:
        result.find(f"{payout} is {payout.status} here and {remote.state} at the provider.")


def _look_for_strangers(result: Comparison) -> None:
    """Movements of the platform's own balance that none of our deeds makes."""
    for movement in books.movements():
        if movement.kind not in COMPARED and not is_booked(movement):
            result.find(
                f"{movement.kind} {movement.remote_id} of {movement.net} {movement.currency} "
                f"({movement.source}) is not in our books."
            )
