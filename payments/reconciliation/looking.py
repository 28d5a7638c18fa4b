"""One difference, looked at again: the provider is asked, and what asking can heal is healed.

Nothing here is atomic. Each function may raise GatewayRefused or GatewayUnknown.
"""

import logging
from collections import Counter
from collections.abc import Callable

from django.db.models import Q, Sum

from marketplace.common.errors import DomainError
from marketplace.common.money import in_words
from payments.chargebacks.returning.services import record_returned_debit
from payments.chargebacks.selectors import booked_withdrawals
from payments.chargebacks.services import record_chargeback
from payments.fundings.models import Payment
from payments.gateway import books
from payments.gateway.base import GatewayRefused, GatewayUnknown, RemoteMovement, RemoteObject
from payments.gateway.chargebacks import chargeback
from payments.gateway.stripe import gateway
from payments.incoming.services import BooksDiffer, NotOurs, ask_about_payment
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout, PayoutAttempt
from payments.payouts.sending.services import record_payout, send_payout
from payments.reconciliation.findings import Finding, K
from payments.reconciliation.judging.movements import judge_movement, stranger
from payments.reconciliation.judging.rows import Rows
from payments.reconciliation.models import Difference
from payments.refunds.models import Refund
from payments.refunds.services import record_refund

logger = logging.getLogger(__name__)

MISSING = "resource_missing"
OF_CHARGES = {K.PAYMENT_UNNOTED, K.CHARGE_TWICE, K.CHARGE_FOREIGN, K.CHARGE_AMOUNT, K.FEE}
OF_REFUNDS = {K.REFUND_FOREIGN, K.REFUND_TWICE, K.REFUND_AMOUNT, K.REFUND_STATE}
OF_PAYOUTS = {K.PAYOUT_FOREIGN, K.PAYOUT_AMOUNT, K.PAYOUT_STATE}
OF_TRANSFERS = {
    K.TRANSFER_UNNOTED, K.TRANSFER_FOREIGN, K.TRANSFER_AMOUNT, K.TRANSFER_REVERSED,
}  # fmt: skip
OF_MOVEMENTS = {K.MOVEMENT, K.CHARGEBACK_UNNOTED, K.DEBIT_RETURNED}
# The provider shows the thing itself; all else is asked about otherwise.
OF_WHAT_IS_SHOWN = OF_CHARGES | OF_REFUNDS | OF_PAYOUTS | OF_TRANSFERS


def look_again(difference: Difference) -> Finding | None:
    """What is found of it now; None where nothing is left."""
    if difference.kind == K.SUM:
        return sum_at(difference.account, difference.currency)
    if difference.kind == K.SILENT:
        return silence_of(difference.account)
    if difference.kind == K.MISSING:
        return look_for(difference.object_id, about=difference.about, account=difference.account)
    if difference.kind in OF_MOVEMENTS:
        movement = books.movement(difference.object_id, account=difference.account)
        found = judge_movement(movement, Rows.of([movement]), account=difference.account)
        if found and found[0].kind == K.CHARGEBACK_UNNOTED and _is_of_others(movement):
            return stranger(movement)
        return found[0] if found else None
    return judge_thing(thing_of(difference), account=account_of(difference))


def thing_of(difference: Difference) -> RemoteObject:
    """What it is about, as it stands at the provider now."""
    remote_id = difference.object_id
    if difference.kind in OF_CHARGES:
        return gateway().charge(remote_id)
    if difference.kind in OF_REFUNDS:
        return gateway().refund(remote_id)
    if difference.kind in OF_PAYOUTS:
        return gateway().payout(remote_id, account=difference.account)
    return books.transfer(remote_id)


def heal(difference: Difference) -> None:
    """Have the ordinary way of such a thing read how it stands, as its webhook would have."""
    try:
        _HEALERS[Difference.Kind(difference.kind)](difference)
    except (DomainError, NotOurs, BooksDiffer) as problem:
        logger.warning("%s does not heal: %s", difference.public_id, problem)


def judge_thing(thing: RemoteObject, *, account: str = "") -> Finding | None:
    """As if a movement of it had just been read."""
    fee = getattr(thing, "fee", None) or 0
    movement = RemoteMovement("", "", thing.amount - fee, thing.currency, thing.remote_id, of=thing)
    found = judge_movement(movement, Rows.of([movement]), account=account)
    return found[0] if found else None


def _is_of_others(movement: RemoteMovement) -> bool:
    """Whether a bank demands what nobody paid to us: no chargeback of ours will ever book it."""
    charge = gateway().charge(chargeback(movement.source).charge_id)
    ours = Q(charge_id=charge.remote_id) | Q(public_id=charge.payment)
    return not Payment.objects.filter(ours).exists()


def look_for(remote_id: str, *, about: str, account: str = "") -> Finding | None:
    """Something of ours that no movement showed: whether the provider knows it, and agrees."""
    if not _is_named(remote_id, about):
        return None
    if about.startswith("py_"):
        ask: Callable[[], RemoteObject] = lambda: gateway().charge(remote_id)  # noqa: E731
    elif about.startswith("re_"):
        ask = lambda: gateway().refund(remote_id)  # noqa: E731
    elif account:
        ask = lambda: gateway().payout(remote_id, account=account)  # noqa: E731
    else:
        ask = lambda: books.transfer(remote_id)  # noqa: E731
    try:
        return judge_thing(ask(), account=account)
    except GatewayRefused as refusal:
        if refusal.code != MISSING:
            raise
    return Finding(
        K.MISSING,
        object_id=remote_id,
        account=account,
        about=about,
        theirs="The provider does not know it.",
        ours=f"{about} is there by this id.",
    )


def sum_at(account: str, currency: str) -> Finding | None:
    """A payee's account holds what we sent there and what has not left it, line by line."""
    theirs, ours = books.balance(account)[currency], expected_at(account)[currency]
    if theirs == ours:
        return None
    return Finding(
        K.SUM,
        object_id=f"{account}:{currency}",
        account=account,
        amount=theirs - ours,
        currency=currency,
        theirs=f"{in_words(theirs, currency)} stand there.",
        ours=f"It should be {in_words(ours, currency)}.",
    )


def expected_at(account: str) -> Counter[str]:
    """By our books and by the differences that we know of, in minor units by currency."""
    left = PayoutAttempt.objects.filter(failure_code="").exclude(remote_id="")
    there = standing_at_payees().filter(attempts__destination=account)
    there = there.exclude(pk__in=left.values("payout")).distinct()
    sums: Counter[str] = Counter()
    for payout in there.only("amount", "currency"):
        sums[payout.currency] += payout.amount
    known = Difference.objects.filter(account=account).exclude(
        status__in=[Difference.Status.GONE, Difference.Status.HEALED]
    )
    for one in known.filter(kind__in=[K.TRANSFER_FOREIGN, K.TRANSFER_REVERSED]):
        sums[one.currency] -= one.booked if one.status == Difference.Status.SETTLED else one.net
    for one in known.filter(kind__in=[K.PAYOUT_FOREIGN, K.MOVEMENT]):
        if one.status != Difference.Status.SETTLED:
            sums[one.currency] += (one.amount or 0) * (1 if one.kind == K.MOVEMENT else -1)
    return sums


def standing_at_payees():
    """Payouts whose money has left the platform's balance, and not yet our books."""
    return Payout.objects.filter(reversal_id="", lost_at=None).exclude(transfer_id="").exclude(
        status=Payout.Status.PAID
    )  # fmt: skip


def sums_at_payees() -> Counter[str]:
    """What stands at all payees' accounts by our books, in minor units by currency."""
    rows = standing_at_payees().order_by().values_list("currency").annotate(total=Sum("amount"))
    return Counter(dict(rows))


def silence_of(account: str) -> Finding | None:
    """Of an account that was closed, nothing need be said once nothing of ours is there."""
    try:
        books.balance(account)
    except (GatewayRefused, GatewayUnknown) as silent:
        return None if may_be_silent(account) else silence(account, silent)
    return None


def may_be_silent(account: str) -> bool:
    """It was closed, and nothing of ours is there."""
    there = standing_at_payees().filter(attempts__destination=account)
    return is_closed(account) and not there.exists()


def silence(account: str, silent: Exception) -> Finding:
    status = "closed" if is_closed(account) else "not closed"
    return Finding(
        K.SILENT,
        object_id=account,
        account=account,
        theirs=f"No answer: {str(silent)[:250]}",
        ours=f"To our knowledge the account is {status}.",
    )


def is_closed(account: str) -> bool:
    closed = Q(remote_id=account, status=ConnectedAccount.Status.CLOSED)
    past = Q(past_remote_ids__contains=[account])
    return ConnectedAccount.objects.filter(closed | past).exists()


# --- One thing at the provider -------------------------------------------------------------------


def account_of(difference: Difference) -> str:
    """The account whose movement it is; a transfer to one is a movement of the platform."""
    return difference.account if difference.kind in OF_PAYOUTS else ""


def _is_named(remote_id: str, about: str) -> bool:
    """Whether our row still says that it is this."""
    if about.startswith("py_"):
        return Payment.objects.filter(public_id=about, charge_id=remote_id).exists()
    if about.startswith("re_"):
        return Refund.objects.filter(public_id=about, remote_id=remote_id).exists()
    attempts = PayoutAttempt.objects.filter(payout__public_id=about, remote_id=remote_id)
    return (
        attempts.exists() or Payout.objects.filter(public_id=about, transfer_id=remote_id).exists()
    )


# --- Healing -------------------------------------------------------------------------------------


def _heal_payment(difference: Difference) -> None:
    ask_about_payment(payment_id=Payment.objects.get(public_id=difference.about).pk)


def _heal_chargeback(difference: Difference) -> None:
    movement = books.movement(difference.object_id, account=difference.account)
    try:
        record_chargeback(remote=chargeback(movement.source))
    except Payment.DoesNotExist as problem:
        raise NotOurs(f"{movement.source} is about a charge that is not ours.") from problem
    if not booked_withdrawals([movement.remote_id]):
        raise BooksDiffer(f"{movement.remote_id} is in {movement.currency}, which nobody paid in.")


def _heal_returned_debit(difference: Difference) -> None:
    record_returned_debit(movement=books.movement(difference.object_id))


def _heal_refund(difference: Difference) -> None:
    record_refund(remote=gateway().refund(difference.object_id))


def _heal_transfer(difference: Difference) -> None:
    send_payout(payout_id=Payout.objects.get(public_id=difference.about).pk)


def _heal_payout(difference: Difference) -> None:
    record_payout(remote=gateway().payout(difference.object_id, account=difference.account))


_HEALERS: dict[Difference.Kind, Callable[[Difference], None]] = {
    K.PAYMENT_UNNOTED: _heal_payment,
    K.FEE: _heal_payment,
    K.REFUND_STATE: _heal_refund,
    K.TRANSFER_UNNOTED: _heal_transfer,
    K.PAYOUT_STATE: _heal_payout,
    K.CHARGEBACK_UNNOTED: _heal_chargeback,
    K.DEBIT_RETURNED: _heal_returned_debit,
}
