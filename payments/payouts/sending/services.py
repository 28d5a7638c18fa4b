"""A payout leaves the house: to the payee's account at the provider, and on to their bank."""

from dataclasses import replace
from datetime import timedelta

from django.db import transaction

from accounts.holds.models import Hold
from accounts.holds.selectors import standing_hold_on
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from payments.gateway.base import (
    GatewayRefused,
    GatewayUnknown,
    RemotePayout,
    RemoteTransfer,
    State,
)
from payments.gateway.keys import may_be_forgotten
from payments.gateway.stripe import gateway
from payments.ledger import chart
from payments.payees import services as payees
from payments.payouts.models import LIFECYCLE, Payout, PayoutAttempt
from payments.payouts.recovering.selectors import owed_by
from payments.payouts.sending.waits import (
    ASK_ABOUT,
    ASK_AGAIN,
    COVER_COMES,
    LONGEST_WAIT,
    MAY_COME_BACK,
    next_ask,
)
from payments.payouts.services import (
    book_payout,
    failure_of,
    hold_payout,
    lock_payee,
    lock_payout,
    tell_payee,
    what_it_waits_for,
)
from payments.payouts.words import reason_of

S = Payout.Status


def send_payout(*, payout_id: int) -> None:
    """Move it to the payee's account and on to their bank, or ask what became of it. Not atomic.

    Safe to run at any point and by two workers at once: what is asked under one key is done once,
    and the answers are noted under the payout's lock.
    """
    if not _payee_is_ready(payout_id):
        return
    attempt = begin_attempt(payout_id)
    if attempt is None:
        return
    try:
        if not attempt.payout.transfer_id:
            _settle_transfer(attempt)
        remote = _ask_the_bank(attempt)
    except GatewayRefused as refusal:
        _record_refusal(attempt, refusal)
    except GatewayUnknown:
        return  # as it was: the sweep asks again, under the same key
    else:
        record_payout(remote=remote)


@transaction.atomic
def record_payout(*, remote: RemotePayout) -> Payout:
    """Note what the provider says of a bank payout. Raises Payout.DoesNotExist (not one of ours).

    Safe to call again and in any order: the provider's present word counts, also of an attempt that
    we had given up. Raises WrongState where two attempts pay it out: a person has to look at it.
    """
    if not remote.payout:  # adopted, perhaps: then it is known by its own id
        known = PayoutAttempt.objects.select_related("payout").get(remote_id=remote.remote_id)
        remote = replace(remote, payout=known.payout.public_id, attempt=known.number)
    payout = lock_payout(public_id=remote.payout)
    attempt = payout.attempts.get(number=remote.attempt)
    if attempt.remote_id not in ("", remote.remote_id):
        raise WrongState(f"{attempt.remote_id} and {remote.remote_id} are one attempt of {payout}.")
    is_known = attempt.remote_id == remote.remote_id
    attempt.remote_id = remote.remote_id
    attempt.save(update_fields=["remote_id"])
    if attempt.failure_code:
        if is_known or remote.state == State.FAILED:
            return payout  # failed is its last word: what else is said of it is older
        _take_up_again(payout, attempt)
    if remote.state == State.FAILED:
        fail(payout, attempt, remote.failure_code or "could_not_process")
    elif remote.state == State.DONE:
        arrive(payout, attempt)
    else:
        if payout.status == S.SENDING:
            LIFECYCLE.advance(payout, "depart", role=SYSTEM)
        payout.next_check_at, payout.arrives_at = now() + ASK_ABOUT, remote.arrives_at
        payout.save(update_fields=["status", "next_check_at", "arrives_at"])
    return payout


# --- Sending -------------------------------------------------------------------------------------


def _payee_is_ready(payout_id: int) -> bool:
    """Asked of the provider right before the first transfer: it may have changed since."""
    payout = Payout.objects.select_related("party__connected_account").get(pk=payout_id)
    if payout.status != S.SCHEDULED:
        return True
    try:
        account = payees.refresh_account(account_id=payout.party.connected_account.pk)
    except GatewayUnknown:
        waited = now() - payout.created_at
        _postpone(payout_id, code="", wait=min(max(ASK_AGAIN, waited / 8), ASK_ABOUT))
        return False
    if code := what_it_waits_for(payout, account):
        is_elsewhere = code == "account_replaced"
        _postpone(payout_id, code=code, wait=LONGEST_WAIT if is_elsewhere else COVER_COMES)
        return False
    return True


@transaction.atomic
def _postpone(payout_id: int, *, code: str, wait: timedelta) -> None:
    payout = lock_payout(pk=payout_id)
    if payout.status == S.SCHEDULED:
        payout.failure_code, payout.next_check_at = code, now() + wait
        payout.save(update_fields=["failure_code", "next_check_at"])


@transaction.atomic
def begin_attempt(payout_id: int, *, is_made: bool = False) -> PayoutAttempt | None:
    """The attempt and so its keys are committed before any call; one under way is taken up.

    One that was under way when its payee's payouts were held, and waits again, is held now. One
    whose payee owes since is not sent: it waits to be called back (``recover``). ``is_made``: the
    bank has it already.
    """
    party_id = Payout.objects.values_list("party_id", flat=True).get(pk=payout_id)
    lock_payee(party_id, must_be_ready=False)  # no hold is placed or ends meanwhile
    payout = lock_payout(pk=payout_id)
    if payout.cancel_wished_at is not None or payout.status in (S.HELD, S.FAILED, S.CANCELLED):
        return None
    if payout.status == S.SCHEDULED:
        if not is_made and owed_by(payout.party, payout.currency):
            _postpone(payout_id, code="called_back", wait=COVER_COMES)
            return None
        hold = standing_hold_on(Hold.Kind.PAYOUTS, payout.party)
        if hold is not None and hold_payout(payout, hold):
            return None
        LIFECYCLE.advance(payout, "send", role=SYSTEM)
        PayoutAttempt.objects.create(
            payout=payout,
            number=payout.attempts.count() + 1,
            destination=payout.party.connected_account.remote_id,
        )
    attempt = payout.attempts.filter(failure_code="").latest("number")
    payout.next_check_at = next_ask(payout, attempt)
    payout.save(update_fields=["status", "next_check_at"])
    attempt.payout = payout
    return attempt


def _settle_transfer(attempt: PayoutAttempt) -> None:
    payout = attempt.payout
    # Also on a later attempt: an earlier one may have been refused after its transfer was made.
    if attempt.number > 1 or attempt.remote_id or may_be_forgotten(attempt.started_at):
        found = gateway().find_transfer(payout=payout.public_id)
        if found is not None:
            _note_transfer(payout.pk, found)
        if found is not None or attempt.remote_id:  # what has reached the bank was transferred
            return
    sent = gateway().send_transfer(
        key=f"{payout.public_id}:transfer:{attempt.number}",
        payout=payout.public_id,
        account=attempt.destination,
        amount=payout.amount,
        currency=payout.currency,
    )
    _note_transfer(payout.pk, sent)


@transaction.atomic
def _note_transfer(payout_id: int, transfer: RemoteTransfer) -> None:
    payout = lock_payout(pk=payout_id)
    if payout.transfer_id not in ("", transfer.remote_id):
        # The first one goes on to the bank; a person calls the other one back (``reconcile``).
        raise WrongState(f"{payout.transfer_id} and {transfer.remote_id} are both for {payout}.")
    payout.transfer_id = transfer.remote_id
    payout.save(update_fields=["transfer_id"])


def _ask_the_bank(attempt: PayoutAttempt) -> RemotePayout:
    payout, number, account = attempt.payout, attempt.number, attempt.destination
    if attempt.remote_id:
        return gateway().payout(attempt.remote_id, account=account)
    if may_be_forgotten(attempt.started_at):
        found = gateway().find_payout(payout=payout.public_id, attempt=number, account=account)
        if found is not None:
            return found
    return gateway().send_payout(
        key=f"{payout.public_id}:payout:{number}",
        payout=payout.public_id,
        attempt=number,
        account=account,
        amount=payout.amount,
        currency=payout.currency,
    )


@transaction.atomic
def _record_refusal(attempt: PayoutAttempt, refusal: GatewayRefused) -> None:
    """A definite no: this attempt is over, and the next one has keys of its own."""
    payout = lock_payout(pk=attempt.payout_id)
    attempt = payout.attempts.get(pk=attempt.pk)
    if payout.status != S.SENDING or attempt.remote_id or attempt.closed_at:
        return  # another worker was faster, or the question was only how it stands
    if not refusal.retry_later:
        fail(payout, attempt, refusal.code)
        return
    _close(attempt, refusal.code)
    LIFECYCLE.advance(payout, "wait", role=SYSTEM)
    payout.failure_code, payout.next_check_at = refusal.code[:80], now() + COVER_COMES
    payout.save(update_fields=["status", "failure_code", "next_check_at"])


# --- What becomes of it --------------------------------------------------------------------------


def _take_up_again(payout: Payout, attempt: PayoutAttempt) -> None:
    """An attempt that we had given up lives; what a failure gave back is set aside anew.

    Raises WrongState where another attempt or a cancellation has taken its place, InsufficientFunds
    where what was given back has gone elsewhere.
    """
    others = payout.attempts.exclude(pk=attempt.pk).filter(failure_code="")
    # What was to be called back for a debt has left: that comes too late.
    is_wished = payout.cancel_wished_at is not None and not payout.is_called_back
    if payout.status == S.CANCELLED or is_wished or others.exclude(remote_id="").exists():
        raise WrongState(f"{attempt.remote_id} pays out {payout}, which nobody waits for.")
    for other in others:
        _close(other, "superseded")
    if payout.status == S.FAILED:
        book_payout(
            payout, chart.available(payout.party, payout.currency), chart.leaving(payout.public_id),
            f"resume:{attempt.number}",
        )  # fmt: skip
    attempt.failure_code, attempt.closed_at = "", None
    attempt.save(update_fields=["failure_code", "closed_at"])
    if payout.status != S.SENDING:
        LIFECYCLE.advance(payout, "resume", role=SYSTEM)
    payout.failure_code, payout.closed_at, payout.cancel_wished_at = "", None, None
    payout.save(update_fields=["status", "failure_code", "closed_at", "cancel_wished_at"])


def arrive(payout: Payout, attempt: PayoutAttempt) -> None:
    """The bank has it. The caller holds the payout's row, as below."""
    if payout.status == S.PAID:
        if payout.closed_at is not None and payout.closed_at + MAY_COME_BACK <= now():
            payout.next_check_at = None  # it stays there
            payout.save(update_fields=["next_check_at"])
        return
    LIFECYCLE.advance(payout, "arrive", role=SYSTEM)
    book_payout(
        payout, chart.leaving(payout.public_id), chart.provider(payout.currency),
        f"arrive:{attempt.number}",
    )  # fmt: skip
    _close(attempt, "")
    payout.failure_code, payout.closed_at = "", now()
    payout.next_check_at = now() + MAY_COME_BACK
    payout.save(update_fields=["status", "failure_code", "closed_at", "next_check_at"])
    tell_payee(payout, "payout_paid", Words("%(sum)s have been paid to your bank."))


def fail(payout: Payout, attempt: PayoutAttempt, code: str) -> None:
    """It did not arrive, or came back: what it held is available again, and goes out with it."""
    if payout.status == S.FAILED:
        return
    came_back = payout.status == S.PAID
    source = chart.provider(payout.currency) if came_back else chart.leaving(payout.public_id)
    LIFECYCLE.advance(payout, "fail", role=SYSTEM)
    available = chart.available(payout.party, payout.currency)
    book_payout(payout, source, available, f"fail:{failure_of(attempt, came_back=came_back)}")
    _close(attempt, code)
    payout.failure_code, payout.closed_at, payout.next_check_at = code[:80], now(), None
    payout.save(update_fields=["status", "failure_code", "closed_at", "next_check_at"])
    text = Words("Your payout of %(sum)s failed.")
    tell_payee(payout, "payout_failed", text + reason_of(code) if code else text)


def _close(attempt: PayoutAttempt, code: str) -> None:
    attempt.failure_code, attempt.closed_at = code[:80], now()
    attempt.save(update_fields=["failure_code", "closed_at"])
