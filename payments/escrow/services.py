"""What can happen to held money, in the order it happens."""

from datetime import datetime

from django.db import transaction

from accounts.notifications.services import notify
from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.errors import KeyReused, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import checked_amount, known_currency
from marketplace.common.words import Money, Words
from payments.escrow.closing import close
from payments.escrow.division import (
    charge_for,
    checked_division,
    checked_funding,
    checked_part,
    cost_of,
    ends_released,
    missing_of,
)
from payments.escrow.models import LIFECYCLE, Escrow, Part
from payments.escrow.paying.services import pay_out_of, release_each
from payments.escrow.selectors import held_in, limit_of
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.fundings.selectors import (
    DISPUTED_CARD,
    NOT_WANTED,
    UNUSABLE_CARD,
    why_not_with_this_card,
)
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.policies.models import Policy
from payments.refunds import services as refunds


@transaction.atomic
def open_escrow(
    *,
    payer: Party,
    payee: Party,
    amount: int,
    currency: str,
    policy: Policy,
    book: str,
    title: str,
    kind: str = Escrow.Kind.WORK,
) -> Escrow:
    """Note what is to be held: ``amount`` is the price; the payer's fee comes on top.

    A bonus is not held: what is paid for it is released at once.
    """
    return Escrow.objects.create(
        payer=payer,
        payee=payee,
        amount=checked_amount(amount),
        currency=known_currency(currency),
        policy=policy,
        book=book,
        title=title,
        kind=kind,
    )


@transaction.atomic
def ask_for_funds(*, escrow_id: int, return_path: str, amount: int | None = None) -> Payment:
    """Start (or find) a payment for ``amount`` more of the price; the payer's fee comes on top.

    Without an amount: the payment that waits, or one for all that is missing. Raises WrongState
    when nothing is, InvalidInput for a part that is too much, too little, or leaves too little.

    The provider's pay page is opened afterwards, outside of any transaction:
    ``fundings.open_pay_page``.
    """
    escrow = _lock(escrow_id)
    held = held_in(escrow)
    charge = missing_of(escrow, held=held)
    if not charge:
        raise WrongState(f"This is already {escrow.get_status_display().lower()}.")
    if amount is not None:
        part = checked_funding(amount, escrow, held=held, param="amount")
        charge = charge_for(escrow, held=held, part=part)
    return fundings.start_payment(
        payer=escrow.payer,
        paid_for=escrow.public_id,
        amount=charge,
        or_less=amount is None,
        currency=escrow.currency,
        title=escrow.title,
        return_path=return_path,
    )


@transaction.atomic
def take_in(
    *,
    payment_id: int,
    intent_id: str,
    charge_id: str,
    card: str = "",
    paid_at: datetime | None = None,
) -> Escrow:
    """The provider has the payer's money, and has had it since ``paid_at`` where that is known:
    hold it, or give it back where nobody wants it any more.

    Safe to call again: a charge is taken in once. Money that comes a second time, too late, is more
    than is missing, or was paid with a ``card`` whose bank has an earlier payment of theirs, or has
    won one of anybody's, is refunded by itself, whole.
    """
    payment = Payment.objects.get(pk=payment_id)
    escrow = _lock_paid_for(payment.paid_for)
    payment = fundings.note_another_charge(payment_id=payment_id, charge_id=charge_id)
    payment, is_new = fundings.record_success(
        payment_id=payment.pk,
        intent_id=intent_id,
        charge_id=charge_id,
        card=card,
        paid_at=paid_at,
    )
    if not is_new:
        return escrow
    key, currency = f"{payment.public_id}:succeed", payment.currency
    source, held = chart.provider(currency), held_in(escrow)
    missing = missing_of(escrow, held=held)
    is_wanted = payment.amount <= missing and currency == escrow.currency
    why_not = why_not_with_this_card(payment) if is_wanted else NOT_WANTED
    if not why_not:
        purse = chart.escrow(escrow.public_id)
        move_money(Move("fund", source, purse, payment.amount, currency), key=key, book=escrow.book)
        _note_held(escrow, payment, before=held, missing=missing - payment.amount)
        if escrow.kind == Escrow.Kind.BONUS and payment.amount == missing:
            return release(escrow_id=escrow.pk)
    else:
        moves = [
            Move("return", source, chart.leaving(refund.public_id), refund.amount, currency)
            for refund in refunds.prepare_refunds(
                parts=[(payment, payment.amount)],
                amount=payment.amount,
                book=escrow.book,
                reason=why_not,
            )
        ]
        move_money(*moves, key=key, book=escrow.book)
        _tell_of_return(payment, why_not)
    return escrow


def _tell_of_return(payment: Payment, why_not: str) -> None:
    text = Words(
        "%(amount)s that you paid for “%(title)s” go back to your card: so much was not to be paid "
        "for it any more. Nothing is to be done."
    )
    if why_not == DISPUTED_CARD:
        text = Words(
            "%(amount)s that you paid for “%(title)s” go back to your card: its bank has taken an "
            "earlier payment back. Please use another card."
        )
    if why_not == UNUSABLE_CARD:
        text = Words(
            "%(amount)s that you paid for “%(title)s” go back to your card: this card cannot be "
            "used here. Please use another."
        )
    notify(
        to=payment.payer,
        kind="payment_returned" if why_not == NOT_WANTED else "card_refused",
        text=text.filled(amount=Money(payment.amount, payment.currency), title=payment.title),
        path=payment.return_path,
        key=f"payment_returned:{payment.public_id}",
    )


@transaction.atomic
def release(*, escrow_id: int) -> Escrow:
    """Pay the payee all that is held, less their fee; the payer's fee becomes ours.

    Raises WrongState where nothing is held.
    """
    escrow = _lock(escrow_id)
    LIFECYCLE.judge(escrow, "release", role=SYSTEM)
    release_each([escrow], held={escrow.pk: _held_or_refused(escrow)})
    return escrow


@transaction.atomic
def release_part(*, escrow_id: int, amount: int, once: str = "") -> tuple[Part, bool]:
    """Pay the payee ``amount`` of the price, less their fee; the rest stays held.

    The second value says whether this was news: what was asked for under the same ``once`` is done
    once. Raises InvalidInput for a part that is all of it, or cannot be paid to the unit;
    WrongState where nothing is held; KeyReused for another amount under the same ``once``.
    """
    escrow = _lock(escrow_id)
    known = escrow.parts.filter(once=once).first() if once else None
    if known is not None:
        if known.amount != amount:
            raise KeyReused("This part was asked for before with another amount.")
        return known, False
    LIFECYCLE.advance(escrow, "release_part", role=SYSTEM)
    checked_part(amount, escrow, held=_held_or_refused(escrow), param="amount")
    part = Part.objects.create(
        escrow=escrow, number=escrow.parts.count() + 1, amount=amount, once=once
    )
    cost = cost_of(escrow.released + amount, escrow) - cost_of(escrow.released, escrow)
    pay_out_of(escrow, held=cost, to_payee=amount, deed=f"part:{part.number}")
    return part, True


@transaction.atomic
def refund(*, escrow_id: int, reason: str) -> Escrow:
    """Give back to the payer all that is held, fee included: fees are for released money only."""
    escrow = _closed(escrow_id, "refund")
    pay_out_of(escrow, held=held_in(escrow), to_payee=0, deed="refund", reason=reason)
    return escrow


@transaction.atomic
def split(*, escrow_id: int, to_payee: int, reason: str) -> Escrow:
    """Release ``to_payee`` of the price and give back the rest of what is held; 0 and all are
    allowed.

    Raises InvalidInput for a part that is more than is held, or that cannot be paid to the unit;
    WrongState where nothing is held.
    """
    escrow = _lock(escrow_id)
    held = held_in(escrow)
    if escrow.status == Escrow.Status.HELD:
        checked_division(to_payee, escrow, held=held, param="to_freelancer")
    if to_payee == 0:
        return refund(escrow_id=escrow_id, reason=reason)
    if ends_released(to_payee, escrow, held=held):
        return release(escrow_id=escrow_id)
    escrow = _closed(escrow_id, "split")
    pay_out_of(escrow, held=held, to_payee=to_payee, deed="split", reason=reason)
    return escrow


@transaction.atomic
def drop(*, escrow_id: int) -> Escrow:
    """It will never be funded: a late payment is given back."""
    return _closed(escrow_id, "drop")


@transaction.atomic
def give_back(*, escrow_id: int, reason: str) -> Escrow:
    """End it without paying the payee: what is held is refunded, what is not is dropped."""
    escrow = _lock(escrow_id)
    if escrow.status == Escrow.Status.AWAITING:
        return drop(escrow_id=escrow_id)
    return refund(escrow_id=escrow_id, reason=reason)


def _lock(escrow_id: int) -> Escrow:
    return (
        Escrow.objects.select_for_update(of=("self",))
        .select_related("policy", "payer", "payee")
        .get(pk=escrow_id)
    )


def _lock_paid_for(public_id: str) -> Escrow:
    return (
        Escrow.objects.select_for_update(of=("self",))
        .select_related("policy", "payer", "payee")
        .get(public_id=public_id)
    )


def _closed(escrow_id: int, step: str) -> Escrow:
    """Lock the row first, judge and close it second: nothing can change in between."""
    escrow = _lock(escrow_id)
    close(escrow, step)
    return escrow


def _note_held(escrow: Escrow, payment: Payment, *, before: int, missing: int) -> None:
    """Money has come in: ``before`` was held until now, and ``missing`` is still to come."""
    LIFECYCLE.advance(escrow, "hold", role=SYSTEM)
    at = now()
    escrow.untold_since = escrow.untold_since or at
    if not missing:
        escrow.held_at = at
    assert payment.paid_at
    limit_at = limit_of(escrow, paid_at=payment.paid_at)
    # Where nothing was held, whatever was paid earlier has gone: its time at the provider is not
    # that of this money. Where something was, the first counts, whichever was heard of first.
    escrow.limit_at = min(limit_at, escrow.limit_at or limit_at) if before else limit_at
    escrow.save(update_fields=["status", "held_at", "limit_at", "untold_since"])
    # Another page that is open may ask for more than is missing now.
    fundings.cancel_open_payments(paid_for=[escrow.public_id], above=missing)


def _held_or_refused(escrow: Escrow) -> int:
    if held := held_in(escrow):
        return held
    raise WrongState("No money is held for this.")
