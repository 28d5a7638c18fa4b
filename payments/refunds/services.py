"""Money on its way back to the payer, in the order it goes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from accounts.parties.selectors import person_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import InsufficientFunds, WrongState
from marketplace.common.lifecycle import FINANCE, SYSTEM
from marketplace.common.money import in_words
from payments.fundings.models import LIFECYCLE as PAYMENT_LIFECYCLE
from payments.fundings.models import Payment
from payments.gateway.base import GatewayRefused, GatewayUnknown, RemoteRefund, State
from payments.gateway.keys import may_be_forgotten
from payments.gateway.stripe import gateway
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.refunds.models import LIFECYCLE, Refund
from payments.refunds.rules import PAID_OTHERWISE, keep_paid_otherwise, refuse_a_second
from payments.refunds.telling.services import tell_failure

# An answer that did not come is asked for again soon; a refund under way, now and then.
ASK_AGAIN = timedelta(minutes=1)
ASK_ABOUT = timedelta(minutes=30)
COVER_COMES = timedelta(hours=1)
# A refusal of the card's bank rarely changes: twice more, a day apart, then a person looks at it.
TRY_AGAIN = timedelta(days=1)
# Waits for cover are no failures, and are not counted.
MOST_ATTEMPTS = 3


@transaction.atomic
def prepare_refunds(
    *, parts: Iterable[tuple[Payment, int]], amount: int, book: str, reason: str
) -> list[Refund]:
    """Take from each of these payments its part of ``amount``, and note what is to be given back.

    The caller moves each refund's money into ``chart.leaving(refund.public_id)`` in the same
    transaction. Raises InsufficientFunds where the parts, or what is left of the payments, are not
    that much.
    """
    wanted = {payment.pk: part for payment, part in parts}
    # Locked in one order whoever asks.
    locked = Payment.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
    refunds, missing = [], amount
    for payment in locked:
        part = min(payment.left, wanted[payment.pk])
        if not part:
            continue
        _take_from(payment, part)
        refunds.append(
            Refund.objects.create(
                payment=payment,
                book=book,
                reason=reason[:40],
                amount=part,
                currency=payment.currency,
            )
        )
        missing -= part
    if missing:
        raise InsufficientFunds("The payments do not hold that much any more.")
    for refund in refunds:
        ring("payments.send_refund", refund.pk)
    return refunds


def send_refund(*, refund_id: int) -> None:
    """Ask the provider to give it back, or what became of it. Not atomic.

    Safe to run at any point and by two workers at once: an attempt has one key, so a second call
    finds the first refund.
    """
    refund = _begin(refund_id)
    if refund is None:
        return
    try:
        remote = _ask(refund)
    except GatewayRefused as refusal:
        _record_refusal(refund.pk, refund.attempt, refusal)
    except GatewayUnknown:
        return  # still *sending*: the sweep asks again, under the same key
    else:
        record_refund(remote=remote)


@transaction.atomic
def record_refund(*, remote: RemoteRefund) -> Refund:
    """Note what the provider says of a refund. Raises Refund.DoesNotExist (not one of ours).

    One that names no refund of ours may have been adopted: then it is known by its own id.

    Succeeded: the money has left. Failed, even after that: it stands in ``leaving`` and waits for
    another attempt. Safe to call again, and in any order: the provider's present word counts. Also
    of an attempt that was given up. Raises WrongState where it goes twice: that is for a person.
    """
    if remote.refund:
        refund = Refund.objects.select_for_update().get(public_id=remote.refund)
    else:
        refund = Refund.objects.select_for_update().get(remote_id=remote.remote_id)
        remote = replace(remote, attempt=refund.attempt)
    is_known = refund.remote_id == remote.remote_id
    if refund.status in PAID_OTHERWISE:
        return keep_paid_otherwise(refund, remote)
    if refund.status == Refund.Status.FAILED and is_known:
        return refund  # failed is its last word: what else is said of it is older
    is_present = is_known or (remote.attempt == refund.attempt and not refund.remote_id)
    if not is_present and remote.state == State.FAILED:
        return refund  # the last word of an earlier attempt
    if not is_present:
        refuse_a_second(refund, remote)
    refund.remote_id = remote.remote_id
    if remote.state == State.DONE:
        _succeed(refund, remote.attempt)
    elif remote.state == State.FAILED:
        _fail(refund, remote.failure_code or "failed", remote.attempt)
    elif refund.status != Refund.Status.SUCCEEDED:
        _wait_for(refund)
    refund.save()
    return refund


@transaction.atomic
def adopt_refund(*, refund_id: int, remote: RemoteRefund) -> Refund:
    """Count a refund that somebody made at the provider's own desk as this one of ours.

    Raises WrongState where ours may have reached the provider itself.
    """
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.status == Refund.Status.FAILED:
        LIFECYCLE.advance(refund, "retry", role=SYSTEM)
        _begin_anew(refund, due_at=now())
    if refund.status != Refund.Status.REQUESTED:
        raise WrongState("This refund is on its way by itself.")
    ours = replace(remote, refund=refund.public_id, attempt=refund.attempt)
    return record_refund(remote=ours)


@transaction.atomic
def retry_refund(*, refund_id: int, by: User | str) -> Refund:
    """Try a failed refund once more, under a new key."""
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    LIFECYCLE.judge(refund, "retry", role=_role_of(by))
    if refund.is_settling:
        raise WrongState("It was paid by other means, says finance: that is to be confirmed first.")
    LIFECYCLE.advance(refund, "retry", role=_role_of(by))
    _begin_anew(refund, due_at=now())
    ring("payments.send_refund", refund.pk)
    if by != SYSTEM:
        log_deed(
            "retry refund",
            refund.public_id,
            f"Had a failed refund tried again: {in_words(refund.amount, refund.currency)}.",
            by=by,
            role=FINANCE,
            about=person_ids_of(refund.payment.payer_id),
        )
    return refund


def pursue_refund(*, refund_id: int) -> None:
    """What the sweep does with a refund whose time has come: send, ask, or try again."""
    refund = Refund.objects.get(pk=refund_id)
    if refund.status == Refund.Status.FAILED and not refund.is_settling:
        retry_refund(refund_id=refund_id, by=SYSTEM)
    else:
        send_refund(refund_id=refund_id)


def _take_from(payment: Payment, part: int) -> None:
    payment.refunded += part
    step = "refund" if payment.refunded == payment.amount else "refund_part"
    PAYMENT_LIFECYCLE.advance(payment, step, role=SYSTEM)
    payment.save(update_fields=["refunded", "status"])


@transaction.atomic
def _begin(refund_id: int) -> Refund | None:
    """The wish is noted before the call: whoever finds it later knows under which key."""
    refund = (
        Refund.objects.select_for_update(of=("self",)).select_related("payment").get(pk=refund_id)
    )
    if refund.is_settling and refund.status in {Refund.Status.REQUESTED, Refund.Status.FAILED}:
        refund.next_check_at = now() + COVER_COMES
        refund.save(update_fields=["next_check_at"])
        return None
    if refund.status == Refund.Status.REQUESTED and refund.payment.charged_back_at:
        # The payer's bank takes the money itself: a refund would give it back twice.
        refund.failure_code, refund.next_check_at = "charge_disputed", now() + COVER_COMES
        refund.save(update_fields=["failure_code", "next_check_at"])
        return None
    if refund.status == Refund.Status.REQUESTED:
        LIFECYCLE.advance(refund, "send", role=SYSTEM)
        refund.sent_at = now()
    elif refund.status != Refund.Status.SENDING:
        return None
    refund.next_check_at = now() + ASK_AGAIN
    refund.save(update_fields=["status", "sent_at", "next_check_at"])
    return refund


def _ask(refund: Refund) -> RemoteRefund:
    """Under the attempt's key, or by looking where the key may be forgotten."""
    provider, charge_id = gateway(), refund.payment.charge_id
    if refund.remote_id:
        return provider.refund(refund.remote_id)
    # Also on a later attempt: the no to an earlier one may not have been its last word.
    if refund.attempt > 1 or (refund.sent_at and may_be_forgotten(refund.sent_at)):
        found = provider.find_refund(
            refund=refund.public_id, attempt=refund.attempt, charge_id=charge_id
        )
        if found is not None:
            return found
    return provider.send_refund(
        key=f"{refund.public_id}:{refund.attempt}",
        refund=refund.public_id,
        attempt=refund.attempt,
        charge_id=charge_id,
        amount=refund.amount,
    )


@transaction.atomic
def _record_refusal(refund_id: int, attempt: int, refusal: GatewayRefused) -> None:
    """A definite no: this attempt is over, whoever tries again takes a new key."""
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.attempt != attempt or refund.status != Refund.Status.SENDING:
        return  # another worker was faster
    if refund.remote_id:
        return  # only the question was refused, the refund itself was made: ask again later
    if refusal.retry_later:
        LIFECYCLE.advance(refund, "wait", role=SYSTEM)
        refund.failure_code = refusal.code[:80]
        _begin_anew(refund, due_at=now() + COVER_COMES)
        return
    _fail(refund, refusal.code, attempt)
    refund.save()


def _begin_anew(refund: Refund, *, due_at: datetime) -> None:
    refund.attempt += 1
    refund.remote_id, refund.sent_at, refund.closed_at = "", None, None
    refund.next_check_at = due_at
    refund.save()


def _wait_for(refund: Refund) -> None:
    """On its way, whatever we thought of it."""
    if refund.status in (Refund.Status.REQUESTED, Refund.Status.FAILED):
        LIFECYCLE.advance(refund, "resume", role=SYSTEM)
        refund.sent_at, refund.closed_at = now(), None
    refund.next_check_at = now() + ASK_ABOUT


def _succeed(refund: Refund, attempt: int) -> None:
    if refund.status == Refund.Status.SUCCEEDED:
        return
    LIFECYCLE.advance(refund, "succeed", role=SYSTEM)
    source, target = chart.leaving(refund.public_id), chart.provider(refund.currency)
    _book(refund, source, target, f"succeed:{attempt}")
    refund.failure_code, refund.closed_at, refund.next_check_at = "", now(), None


def _fail(refund: Refund, code: str, attempt: int) -> None:
    if refund.status == Refund.Status.FAILED:
        return
    came_back = refund.status == Refund.Status.SUCCEEDED
    if came_back:
        source, target = chart.provider(refund.currency), chart.leaving(refund.public_id)
        _book(refund, source, target, f"return:{attempt}")
    tell_failure(refund, came_back=came_back)
    LIFECYCLE.advance(refund, "fail", role=SYSTEM)
    refund.failure_code, refund.closed_at = code[:80], now()
    refund.failures += 1
    refund.next_check_at = now() + TRY_AGAIN if refund.failures < MOST_ATTEMPTS else None


def _book(refund: Refund, source: str, target: str, deed: str) -> None:
    move_money(
        Move(f"refund_{deed.partition(':')[0]}", source, target, refund.amount, refund.currency),
        key=f"{refund.public_id}:{deed}",
        book=refund.book,
    )


def _role_of(by: User | str) -> str | None:
    if by == SYSTEM:
        return SYSTEM
    assert isinstance(by, User)
    return FINANCE if StaffRole.FINANCE in staff_roles_of(by) else None
