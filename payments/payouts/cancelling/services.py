"""A payout is taken back: first at the provider, then in the books."""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse

from accounts.notifications.services import notify
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import FINANCE, SYSTEM
from marketplace.common.text import checked_text
from marketplace.common.words import Money, Words
from payments.gateway.base import GatewayRefused, GatewayUnknown
from payments.gateway.keys import may_be_forgotten
from payments.gateway.outcomes import unreachable
from payments.gateway.stripe import gateway
from payments.ledger import chart
from payments.payouts.models import LIFECYCLE, Payout
from payments.payouts.recovering.selectors import owed_by
from payments.payouts.roles import log_if_by_finance, role_in
from payments.payouts.sending.waits import COVER_COMES
from payments.payouts.services import (
    book_payout,
    lock_payout,
    refuse_if_being_cancelled,
    tell_payee,
)
from payments.payouts.words import reversal_reason_of

S = Payout.Status

ASK_AGAIN = timedelta(minutes=1)
LONGEST_REASON = 2_000


def cancel_payout(*, payout_id: int, by: User | str, reason: str = "") -> Payout:
    """Take it back: first its transfer, if one was made; then what it held is available again.

    Not atomic. Raises as ``wish_to_cancel`` does, WrongState also where the provider cannot take
    the transfer back, or ProviderUnreachable (the wish stays, and the sweep fulfils it).
    """
    wish_to_cancel(payout_id=payout_id, by=by, reason=reason)
    return finish_cancelling(payout_id=payout_id)


@transaction.atomic
def wish_to_cancel(*, payout_id: int, by: User | str, reason: str = "") -> None:
    """The wish alone, which the sweep fulfils where nobody else does. Finance gives the payee its
    ``reason``; owners need none. Raises NotAllowed, InvalidInput (``reason``) or WrongState.
    """
    payout = lock_payout(pk=payout_id)
    role = role_in(payout, by)
    LIFECYCLE.judge(payout, "cancel", role=role)
    refuse_if_being_cancelled(payout)
    assert isinstance(by, User)  # the table lets only people cancel
    least = 1 if role == FINANCE else 0
    reason = checked_text(reason, param="reason", longest=LONGEST_REASON, least=least)
    payout.cancel_wished_at, payout.cancel_wished_by, payout.cancel_reason = now(), by, reason
    payout.next_check_at = now() + ASK_AGAIN
    payout.save(
        update_fields=["cancel_wished_at", "cancel_wished_by", "cancel_reason", "next_check_at"]
    )
    log_if_by_finance(payout, "cancel", "Had a payout cancelled", by=by, reason=reason)


@transaction.atomic
def wish_to_call_back(payout: Payout) -> None:
    """Have it taken back for what its payee owes; the sweep does it. The caller holds its row."""
    payout.cancel_wished_at, payout.cancel_wished_by = now(), None
    payout.next_check_at = now()
    payout.save(update_fields=["cancel_wished_at", "cancel_wished_by", "next_check_at"])


def finish_cancelling(*, payout_id: int) -> Payout:
    """Fulfil a wish to cancel. Not atomic; raises as ``cancel_payout`` does."""
    payout = _put_off(payout_id)
    if payout.cancel_wished_at is None:
        return payout
    transfer_id = reversal_id = ""
    if payout.transfer_id or payout.attempts.exists():
        try:
            transfer_id = payout.transfer_id or _transfer_of(payout)
            reversal_id = _take_back(payout, transfer_id) if transfer_id else ""
        except GatewayRefused as refusal:
            _note_refusal(payout, refusal.code)
            raise WrongState(
                "The payment provider cannot take this money back, so the payout stands."
            ) from refusal
        except GatewayUnknown as unknown:
            consequence = "The payout is cancelled as soon as it answers."
            raise unreachable(unknown, consequence) from unknown
    return _cancel(payout_id, transfer_id, reversal_id)


@transaction.atomic
def note_taken_back(*, payout_id: int, reversal_id: str, by: User) -> Payout:
    """Its transfer was taken back at the provider's own desk: the payout is cancelled, and what it
    held is available again. Raises NotAllowed or WrongState.
    """
    payout = lock_payout(pk=payout_id)
    LIFECYCLE.judge(payout, "cancel", role=role_in(payout, by))
    refuse_if_being_cancelled(payout)
    payout = _cancel(payout_id, payout.transfer_id, reversal_id)
    log_if_by_finance(payout, "cancel", "Cancelled a payout that was taken back", by=by)
    return payout


# --- Cancelling ----------------------------------------------------------------------------------


@transaction.atomic
def _put_off(payout_id: int) -> Payout:
    """The next try, before this one: an answer that never comes costs little."""
    payout = lock_payout(pk=payout_id)
    if payout.cancel_wished_at is not None:
        payout.next_check_at = now() + ASK_AGAIN
        payout.save(update_fields=["next_check_at"])
    return payout


def _transfer_of(payout: Payout) -> str:
    """An attempt may have made it before its answer was lost or a later call refused."""
    found = gateway().find_transfer(payout=payout.public_id)
    return found.remote_id if found else ""


def _take_back(payout: Payout, transfer_id: str) -> str:
    """The id of what took all of it back: ours, or somebody's at the provider's own desk."""
    assert payout.cancel_wished_at is not None
    if may_be_forgotten(payout.cancel_wished_at):
        found = gateway().find_reversal(transfer_id=transfer_id)
        if found:
            return found
    try:
        return gateway().reverse_transfer(
            # Each wish has a key of its own: what was refused once may be possible later.
            key=f"{payout.public_id}:reverse:{payout.cancel_wished_at.timestamp():.6f}",
            transfer_id=transfer_id,
            amount=payout.amount,
        )
    except GatewayRefused:
        if found := gateway().find_reversal(transfer_id=transfer_id):
            return found
        raise


@transaction.atomic
def _note_refusal(asked: Payout, code: str) -> None:
    """The wish that was ``asked`` is over, once. A person may wish again. The house does, for as
    long as the payee owes.
    """
    payout = lock_payout(pk=asked.pk)
    if payout.cancel_wished_at != asked.cancel_wished_at or payout.status == S.CANCELLED:
        return  # another worker was faster, and perhaps there is another wish by now
    payout.reversal_refused_at, payout.reversal_refusal = now(), code[:80]
    if payout.is_called_back and owed_by(payout.party, payout.currency):
        payout.cancel_wished_at, payout.next_check_at = now(), now() + COVER_COMES
        payout.save()
        return
    by, reason = payout.cancel_wished_by, payout.cancel_reason
    payout.cancel_wished_at, payout.cancel_wished_by, payout.cancel_reason = None, None, ""
    payout.next_check_at = now() if payout.status == S.SCHEDULED else None
    payout.save()
    if by is not None:  # of what the house wished for a debt that is no more nobody has heard
        _tell_refusal(payout, by, reason)


def _tell_refusal(payout: Payout, by: User, reason: str) -> None:
    """Also who has wished for it: the provider may have said no long after they asked."""
    why = reversal_reason_of(payout.reversal_refusal)
    text = Words("Your payout of %(sum)s could not be cancelled.")
    if payout.status == S.SCHEDULED:
        text = Words("Your payout of %(sum)s could not be cancelled, and goes on.")
    text += why
    if reason:
        text += Words("We wished to cancel it for this: %(reason)s", reason=reason)
    tell_payee(payout, "payout_not_cancelled", text)
    if role_in(payout, by) == FINANCE:
        told = Words(
            "The payout of %(sum)s to %(who)s that you wished to cancel stands.",
            sum=Money(payout.amount, payout.currency),
            who=payout.party.name,
        )
        path = f"{reverse('desk-payouts')}?words={payout.public_id}"
        notify(to=by, kind="payout_not_cancelled", text=told + why, path=path)


@transaction.atomic
def _cancel(payout_id: int, transfer_id: str, reversal_id: str) -> Payout:
    payout = lock_payout(pk=payout_id)
    if payout.status == S.CANCELLED:
        return payout
    if payout.status != S.FAILED:  # a failure has given it back before
        available = chart.available(payout.party, payout.currency)
        book_payout(payout, chart.leaving(payout.public_id), available, "cancel")
    # Not judged again: whoever wished it may have lost their role since, and the money is back.
    LIFECYCLE.advance(payout, "end", role=SYSTEM)
    payout.transfer_id, payout.reversal_id = transfer_id, reversal_id
    payout.closed_at, payout.next_check_at = now(), None
    if payout.is_called_back:  # while it is owed they are told of what becomes of it (``recover``)
        payout.failure_code = "called_back"
    payout.save()
    payout.earnings.update(payout=None)
    if payout.is_called_back and owed_by(payout.party, payout.currency):
        return payout
    text = Words("Your payout of %(sum)s was cancelled. The money goes out with the next one.")
    if payout.cancel_reason:
        text += Words("We have cancelled it for this: %(reason)s", reason=payout.cancel_reason)
    tell_payee(payout, "payout_cancelled", text, by=payout.cancel_wished_by)
    return payout
