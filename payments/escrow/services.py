"""What can happen to held money, in the order it happens."""

from dataclasses import dataclass

from django.db import transaction

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import checked_amount, known_currency
from payments.escrow.facts import facts_of
from payments.escrow.models import LIFECYCLE, Escrow
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.fundings.selectors import payments_for
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payouts import services as payouts
from payments.policies.fees import fee_on_part, quote
from payments.policies.models import Policy
from payments.refunds import services as refunds


@dataclass(frozen=True)
class Shares:
    """Who gets what of the held money, in minor units; the four sum to what is held."""

    payee: int
    payee_fee: int
    payer_fee: int
    payer: int


def shares_of(escrow: Escrow, *, to_payee: int) -> Shares:
    """What releasing ``to_payee`` of the price, and giving back the rest, brings to each side.

    The same arithmetic previews a split at the desk and books it.
    """
    total, spent = quote([escrow.amount], escrow.policy), facts_of(escrow, held=0).spent
    payee_fee = fee_on_part(escrow.released, to_payee, escrow.policy.freelancer_fee_basis_points)
    payer_fee = fee_on_part(escrow.released, to_payee, escrow.policy.client_fee_basis_points)
    return Shares(
        payee=to_payee - payee_fee,
        payee_fee=payee_fee,
        payer_fee=payer_fee,
        payer=total.client_pays - spent - to_payee - payer_fee,
    )


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
) -> Escrow:
    """Note what is to be held: ``amount`` is the price; the payer's fee comes on top."""
    return Escrow.objects.create(
        payer=payer,
        payee=payee,
        amount=checked_amount(amount),
        currency=known_currency(currency),
        policy=policy,
        book=book,
        title=title,
    )


@transaction.atomic
def ask_for_funds(*, escrow_id: int, return_path: str) -> Payment:
    """Start (or find) the payment that fills the escrow. Raises WrongState when it is filled.

    The provider's pay page is opened afterwards, outside of any transaction:
    ``fundings.open_pay_page``.
    """
    escrow = _lock(escrow_id)
    if escrow.status != Escrow.Status.AWAITING:
        raise WrongState(f"This is already {escrow.get_status_display().lower()}.")
    return fundings.start_payment(
        payer=escrow.payer,
        paid_for=escrow.public_id,
        amount=quote([escrow.amount], escrow.policy).client_pays,
        currency=escrow.currency,
        title=escrow.title,
        return_path=return_path,
    )


@transaction.atomic
def take_in(*, payment_id: int, intent_id: str, charge_id: str) -> Escrow:
    """The provider has the payer's money: hold it, or give it back where nobody wants it any more.

    Safe to call again: a charge is taken in once. Money that comes a second time, too late, or not
    as agreed is refunded by itself.
    """
    payment = Payment.objects.get(pk=payment_id)
    escrow = (
        Escrow.objects.select_for_update(of=("self",))
        .select_related("policy")
        .get(public_id=payment.paid_for)
    )
    payment = fundings.note_another_charge(payment_id=payment_id, charge_id=charge_id)
    payment, is_new = fundings.record_success(
        payment_id=payment.pk, intent_id=intent_id, charge_id=charge_id
    )
    if not is_new:
        return escrow
    key, currency = f"{payment.public_id}:succeed", payment.currency
    source = chart.provider(currency)
    wanted = escrow.status == Escrow.Status.AWAITING and (payment.amount, currency) == (
        quote([escrow.amount], escrow.policy).client_pays,
        escrow.currency,
    )
    if wanted:
        purse = chart.escrow(escrow.public_id)
        move_money(Move("fund", source, purse, payment.amount, currency), key=key, book=escrow.book)
        LIFECYCLE.advance(escrow, "hold", role=SYSTEM)
        escrow.held_at = now()
        escrow.save(update_fields=["status", "held_at"])
    else:
        moves = [
            Move("return", source, chart.leaving(refund.public_id), refund.amount, currency)
            for refund in refunds.prepare_refunds(
                payments=[payment],
                amount=payment.amount,
                book=escrow.book,
                reason="not_wanted",
            )
        ]
        move_money(*moves, key=key, book=escrow.book)
    return escrow


@transaction.atomic
def release(*, escrow_id: int) -> Escrow:
    """Pay the payee, less their fee; the payer's fee becomes ours."""
    escrow = _advance(escrow_id, "release")
    _pay_out_of(escrow, to_payee=escrow.amount, deed="release")
    return escrow


@transaction.atomic
def refund(*, escrow_id: int, reason: str) -> Escrow:
    """Give everything back to the payer, fee included: fees are for released money only."""
    escrow = _advance(escrow_id, "refund")
    _pay_out_of(escrow, to_payee=0, deed="refund", reason=reason)
    return escrow


@transaction.atomic
def split(*, escrow_id: int, to_payee: int, reason: str) -> Escrow:
    """Release ``to_payee`` of the price and give back the rest; 0 and all are allowed.

    Raises InvalidInput where the part is more than is held.
    """
    escrow = _lock(escrow_id)
    checked_amount(to_payee, param="to_freelancer", least=0)
    if to_payee > escrow.amount:
        raise InvalidInput("That is more than is held.", param="to_freelancer")
    if to_payee == escrow.amount:
        return release(escrow_id=escrow_id)
    if to_payee == 0:
        return refund(escrow_id=escrow_id, reason=reason)
    escrow = _advance(escrow_id, "split")
    _pay_out_of(escrow, to_payee=to_payee, deed="split", reason=reason)
    return escrow


@transaction.atomic
def drop(*, escrow_id: int) -> Escrow:
    """It will never be funded: open pay pages are closed, a late payment is given back."""
    escrow = _advance(escrow_id, "drop")
    fundings.cancel_open_payments(paid_for=escrow.public_id)
    return escrow


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


def _advance(escrow_id: int, step: str) -> Escrow:
    """Lock the row first, judge it second: nothing can change in between."""
    escrow = _lock(escrow_id)
    LIFECYCLE.advance(escrow, step, role=SYSTEM)
    escrow.closed_at = now()
    escrow.save(update_fields=["status", "closed_at"])
    return escrow


def _pay_out_of(escrow: Escrow, *, to_payee: int, deed: str, reason: str = "") -> None:
    """Empty the escrow by one deed of the ledger: to the payee, to us, and back to the payer."""
    shares, currency = shares_of(escrow, to_payee=to_payee), escrow.currency
    purse = chart.escrow(escrow.public_id)
    key = f"{escrow.public_id}:{deed}"
    fees = chart.platform_fees(currency)
    moves = [
        Move("release", purse, chart.available(escrow.payee, currency), shares.payee, currency),
        Move("freelancer_fee", purse, fees, shares.payee_fee, currency),
        Move("client_fee", purse, fees, shares.payer_fee, currency),
    ]
    if shares.payer:
        moves += [
            Move("refund", purse, chart.leaving(back.public_id), back.amount, currency)
            for back in refunds.prepare_refunds(
                payments=payments_for(escrow.public_id),
                amount=shares.payer,
                book=escrow.book,
                reason=reason,
            )
        ]
    move_money(*(move for move in moves if move.amount), key=key, book=escrow.book)
    if to_payee:
        escrow.released += to_payee
        escrow.save(update_fields=["released"])
        payouts.earn(
            party=escrow.payee,
            key=key,
            earned_by=escrow.public_id,
            title=escrow.title,
            gross=to_payee,
            fee=shares.payee_fee,
            currency=currency,
            policy=escrow.policy,
        )
