"""Money on its way in, in the order it comes."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import DomainError, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import checked_amount, in_words
from payments.fundings.models import LIFECYCLE, OPEN, Payment
from payments.gateway.base import GatewayRefused, GatewayUnknown, PaymentState, RemotePayment
from payments.gateway.outcomes import unreachable
from payments.gateway.stripe import gateway

# A pay page lives a day. A little less, so that nobody is sent to a page that closes on arrival.
PAGE_LIFE = timedelta(hours=24)
MARGIN = timedelta(minutes=2)

# An unknown outcome is asked for again under the same key, for so long. A page moves no money, so
# after that another one is asked for: the provider keeps a fault under its key for a day.
UNKNOWN_FOR = timedelta(minutes=2)

# When to ask about a payment of which no letter came: soon at first, then as often as an eighth of
# its age, so that a page left open costs some thirty questions and not a thousand.
FIRST_ASK = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)

# Ends without money: what they are for us.
OVER = {PaymentState.EXPIRED: "expire", PaymentState.FAILED: "cancel"}

# The provider books its fee some time after the charge.
FEE_WAIT = timedelta(seconds=20)


@transaction.atomic
def start_payment(
    *,
    payer: Party,
    paid_for: str,
    amount: int,
    or_less: bool,
    currency: str,
    title: str,
    return_path: str,
) -> Payment:
    """Find the open payment for this, or begin one. Its amount is frozen from here on.

    The caller holds the lock of what is paid for, so that two clicks find the same payment.
    An open payment of another amount (``or_less``: of a larger one), or one whose page has closed,
    makes room. Raises WrongState while a bank brings one: nobody should pay twice.
    """
    checked_amount(amount)
    for payment in _lock_open([paid_for]):
        if payment.sent_at is not None:
            brought = in_words(payment.amount, payment.currency)
            raise WrongState(f"Your bank is bringing {brought} already, which takes some days.")
        fits = payment.amount == amount or (or_less and payment.amount < amount)
        if fits and payment.currency == currency and not _is_stale(payment):
            return payment
        _close(payment, "expire" if _is_stale(payment) else "cancel")
    return Payment.objects.create(
        payer=payer,
        paid_for=paid_for,
        title=title[:200],
        return_path=return_path,
        amount=amount,
        currency=currency,
        next_check_at=now() + FIRST_ASK,
    )


def open_pay_page(*, payment_id: int) -> Payment:
    """Have the provider make the pay page, or find the one that is open. Not atomic.

    Raises WrongState (no longer to be paid), DomainError (the provider will not make it) or
    ProviderUnreachable (ask again: it is the same page then, for some minutes).
    """
    payment = _begin_page(payment_id)
    if payment.url:
        return payment
    try:
        page = gateway(at_the_door=True).open_pay_page(
            key=f"{payment.public_id}:{payment.attempt}",
            payment=payment.public_id,
            transfer_group=payment.paid_for,
            title=payment.title,
            amount=payment.amount,
            currency=payment.currency,
            return_url=settings.SITE_URL + reverse("payment", args=[payment.public_id]),
        )
    except GatewayRefused as refusal:
        _note_refused_page(payment_id, attempt=payment.attempt, code=refusal.code)
        raise DomainError(
            f"The payment provider does not take this payment: {refusal.message}",
            code="payment_refused",
        ) from refusal
    except GatewayUnknown as unknown:
        raise unreachable(unknown, "Nothing was charged: try again in a moment.") from unknown
    return _note_page(payment_id, payment.attempt, page)


@transaction.atomic
def begin_asking(*, payment_id: int) -> Payment:
    """Put off the next question before this one is asked: an answer that never comes costs little.

    A payment that never had a page, or whose page has closed, is marked so.
    """
    payment = _lock(payment_id)
    if payment.status in OPEN and not payment.session_id and _is_stale(payment):
        _close(payment, "expire")
    elif payment.next_check_at is not None:
        payment.next_check_at = _next_ask(payment)
        payment.save(update_fields=["next_check_at"])
    return payment


@transaction.atomic
def record_state(*, payment_id: int, remote: RemotePayment) -> Payment:
    """Note what the provider says of a payment that is not paid (yet). Safe to call again.

    Only its present page counts: one whose answer was lost may end while another is being paid.
    """
    payment = _lock(payment_id)
    if payment.status not in OPEN:
        if remote.state in OVER:
            payment.next_check_at = None
            payment.save(update_fields=["next_check_at"])
        return payment
    if remote.session_id != payment.session_id and (payment.session_id or remote.state in OVER):
        return payment  # another page of it, which nobody was led to
    payment.session_id = remote.session_id
    payment.failure_code = remote.failure_code or payment.failure_code
    if remote.is_sent and payment.sent_at is None:
        payment.sent_at = now()
    payment.save(update_fields=["session_id", "failure_code", "sent_at"])
    if remote.state in OVER:
        LIFECYCLE.advance(payment, OVER[remote.state], role=SYSTEM)
        payment.url, payment.next_check_at = "", None
        payment.save(update_fields=["status", "url", "next_check_at"])
    elif remote.state == PaymentState.WAITING and payment.status == Payment.Status.PENDING:
        _advance(payment, "await_bank")
    elif remote.state == PaymentState.OPEN and payment.status == Payment.Status.REQUIRES_ACTION:
        _advance(payment, "await_payer")
    return payment


@transaction.atomic
def record_success(
    *, payment_id: int, intent_id: str, charge_id: str, card: str, paid_at: datetime | None
) -> tuple[Payment, bool]:
    """Note that the provider has the money, since then (from a bank: now); and if it was news.

    Also of a cancelled or expired payment: the money is here, whatever we thought.
    """
    payment = _lock(payment_id)
    if payment.succeeded_at is not None:
        return payment, False
    LIFECYCLE.advance(payment, "succeed", role=SYSTEM)
    payment.intent_id, payment.charge_id, payment.card = intent_id, charge_id, card
    payment.succeeded_at = at = now()
    begun_at = None if payment.sent_at else paid_at
    payment.paid_at = min(begun_at or at, at)
    payment.failure_code, payment.url, payment.next_check_at = "", "", at + FEE_WAIT
    payment.save()
    return payment, True


@transaction.atomic
def freeze_payment(*, payment_id: int, stands: bool, is_lost: bool) -> None:
    """Nothing is refunded of it while its bank wants it back or has it. Safe to call again."""
    payment = _lock(payment_id)
    payment.charged_back_at = (payment.charged_back_at or now()) if stands else None
    payment.is_lost = is_lost
    payment.save(update_fields=["charged_back_at", "is_lost"])


@transaction.atomic
def note_another_charge(*, payment_id: int, charge_id: str) -> Payment:
    """The payment that this charge is: a second page of one payment was paid as well, or not.

    The caller holds the lock of what is paid for. The other payment is born cancelled, as nobody
    wants it, and succeeds as a late one does.
    """
    payment = _lock(payment_id)
    if payment.charge_id in ("", charge_id):
        return payment
    other = Payment.objects.filter(charge_id=charge_id).first()
    return other or Payment.objects.create(
        payer=payment.payer,
        paid_for=payment.paid_for,
        title=payment.title,
        return_path=payment.return_path,
        amount=payment.amount,
        currency=payment.currency,
        status=Payment.Status.CANCELLED,
    )


@transaction.atomic
def cancel_open_payments(*, paid_for: Collection[str], above: int = 0) -> None:
    """Nobody wants more than ``above`` of the money for any of these any more. What still comes is
    given back by itself.
    """
    for payment in _lock_open(paid_for):
        if payment.amount > above:
            _close(payment, "cancel")


def ask_provider(payment: Payment) -> RemotePayment:
    """How its pay page stands; the page of a payment that nobody wants is closed. Not atomic.

    A page that was paid in the meantime cannot be closed: what it says now is the answer. Raises
    GatewayRefused or GatewayUnknown.
    """
    if payment.status in OPEN:
        return gateway().payment_on(payment.session_id)
    try:
        return gateway().expire_pay_page(payment.session_id)
    except GatewayRefused:
        return gateway().payment_on(payment.session_id)


def _lock(payment_id: int) -> Payment:
    return Payment.objects.select_for_update().get(pk=payment_id)


def _lock_open(paid_for: Collection[str]) -> list[Payment]:
    still_open = Payment.objects.filter(paid_for__in=paid_for, status__in=OPEN)
    return list(still_open.select_for_update().order_by("pk"))


def _advance(payment: Payment, step: str) -> None:
    LIFECYCLE.advance(payment, step, role=SYSTEM)
    payment.save(update_fields=["status"])


def _close(payment: Payment, step: str) -> None:
    """No longer to be paid. One more question closes its page, or finds that it was paid."""
    LIFECYCLE.advance(payment, step, role=SYSTEM)
    payment.url, payment.next_check_at = "", None
    if payment.session_id:
        payment.next_check_at = now()
        ring("payments.ask_about_payment", payment.pk)
    payment.save(update_fields=["status", "url", "next_check_at"])


def _is_stale(payment: Payment) -> bool:
    closes_at = payment.expires_at or payment.created_at + PAGE_LIFE
    return payment.sent_at is None and closes_at - MARGIN <= now()


def _next_ask(payment: Payment) -> datetime:
    age = now() - payment.created_at
    return now() + min(max(FIRST_ASK, age / 8), LONGEST_WAIT)


@transaction.atomic
def _begin_page(payment_id: int) -> Payment:
    """The attempt, and so its key, is committed before the call."""
    payment = _lock(payment_id)
    if payment.status not in OPEN or _is_stale(payment):
        raise WrongState("This payment is no longer open. Start it again.")
    if payment.url:
        return payment
    if payment.asked_at is not None and payment.asked_at < now() - UNKNOWN_FOR:
        payment.attempt, payment.asked_at = payment.attempt + 1, None
    payment.asked_at = payment.asked_at or now()
    payment.save(update_fields=["attempt", "asked_at"])
    return payment


@transaction.atomic
def _note_page(payment_id: int, attempt: int, page: RemotePayment) -> Payment:
    payment = _lock(payment_id)
    if payment.attempt != attempt and payment.url:
        return payment  # a slower answer than the next one's
    payment.session_id, payment.expires_at = page.session_id, page.expires_at
    if payment.status in OPEN:
        payment.url = page.url
        payment.next_check_at = now() + FIRST_ASK
    elif payment.status == Payment.Status.CANCELLED:
        payment.next_check_at = now()
    payment.save(update_fields=["session_id", "expires_at", "url", "next_check_at"])
    return payment


@transaction.atomic
def _note_refused_page(payment_id: int, *, attempt: int, code: str) -> None:
    """A definite no: whoever tries again does so under a new key."""
    payment = _lock(payment_id)
    if payment.attempt == attempt:
        payment.attempt, payment.asked_at = attempt + 1, None
        payment.failure_code = code[:80]
        payment.save(update_fields=["attempt", "asked_at", "failure_code"])
