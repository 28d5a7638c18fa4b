"""A payer's bank takes a payment back, or brings it again: what becomes of the escrow's money.

Each deed is keyed by the provider's own movement, so that it is booked once.
"""

from datetime import datetime

from django.db import transaction

from marketplace.common.errors import InvalidInput
from payments.escrow.clawback import Taken, cost, owed_for
from payments.escrow.division import price_held
from payments.escrow.models import Escrow
from payments.escrow.paying.services import pay_out_of
from payments.escrow.selectors import held_in
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payouts.recovering import services as recovering
from payments.refunds.covering.services import cover_refunds, uncover_refunds


@transaction.atomic
def take_back(*, payment_id: int, amount: int, chargeback: str, movement: str) -> Taken:
    """The bank has taken ``amount`` of a payment: what waits to be refunded of it first, then what
    is held, then what was released. The payee owes their net share of the last, and what they have
    earned since is taken for it at once.

    What is held counts as this payment's as far as it goes: the payee never owes what is there.
    """
    payment, escrow = _lock(payment_id)
    currency, provider = payment.currency, chart.provider(payment.currency)
    moves = cover_refunds(payment=payment, most=amount, by=chargeback, target=provider)
    covered = sum(move.amount for move in moves)
    left = payment.amount - payment.refunded - payment.charged_back - covered
    share = min(amount - covered, left)
    held = min(share, held_in(escrow))
    released = min(share - held, cost(escrow.released, escrow.policy) - escrow.clawed_back)
    owed = _owed_more(escrow, released)
    lost = amount - covered - held - released
    moves += [
        Move(f"chargeback{of}", source, provider, part, currency)
        for of, source, part in [
            ("", chart.escrow(escrow.public_id), held),
            ("_owed", chart.owed(escrow.payee, currency), owed),
            ("_fees", chart.platform_fees(currency), released - owed),
            ("_loss", chart.losses(currency), lost),
        ]
        if part
    ]
    recovering.lock_debtor(escrow.payee)
    move_money(*moves, key=f"{chargeback}:{movement}", book=escrow.book)
    escrow.taken_back += held
    escrow.clawed_back += released
    escrow.owed_back += owed
    escrow.save(update_fields=["taken_back", "clawed_back", "owed_back"])
    payment.charged_back += amount - lost
    payment.save(update_fields=["refunded", "charged_back"])
    if owed:
        recovering.recover(party_id=escrow.payee_id, currency=currency)
    return Taken(covered, held, released, owed, lost)


@transaction.atomic
def bring_back(*, payment_id: int, taken: Taken, chargeback: str, movement: str) -> Taken:
    """The bank has given up what it had ``taken``: each part goes to where it came from.

    What was held is held again. If the work has ended since: what was released as a whole is paid
    to the payee as far as the price goes, everything else goes back to the payer.
    """
    payment, escrow = _lock(payment_id)
    currency, provider = payment.currency, chart.provider(payment.currency)
    key = f"{chargeback}:{movement}"
    owed = _owed_less(escrow, taken.released)
    moves = uncover_refunds(payment=payment, most=taken.refunds, by=chargeback, source=provider)
    if sum(move.amount for move in moves) != taken.refunds:
        raise InvalidInput("The refunds that the bank had covered are not those that it gives up.")
    recovering.lock_debtor(escrow.payee)
    if owed:
        moves += recovering.moves_to(
            escrow.payee,
            owed,
            source=provider,
            currency=currency,
            key=key,
            title=f"Chargeback won: {escrow.title}",
            earned_by=chargeback,
        )
    moves += [
        Move("chargeback_won", provider, target, part, currency)
        for target, part in [
            (chart.escrow(escrow.public_id), taken.held),
            (chart.platform_fees(currency), taken.released - owed),
            (chart.losses(currency), taken.lost),
        ]
        if part
    ]
    move_money(*moves, key=key, book=escrow.book)
    escrow.taken_back -= taken.held
    escrow.clawed_back -= taken.released
    escrow.owed_back -= owed
    escrow.save(update_fields=["taken_back", "clawed_back", "owed_back"])
    payment.charged_back -= taken.amount - taken.lost
    payment.save(update_fields=["refunded", "charged_back"])
    if taken.held:
        _settle_surplus(escrow, brought=taken.held, deed=f"back:{movement}")
    return Taken(taken.refunds, taken.held, taken.released, owed, taken.lost)


@transaction.atomic
def cover_late(
    *, payment_id: int, standing: Taken, taken_at: datetime, chargeback: str, movement: str
) -> Taken:
    """Refunds that were being sent when the bank took its money, and were refused since: the payer
    has that money by the chargeback, so it stands in for our loss, and then for what is owed. So
    everybody bears what they would have borne, had the refund been refused a moment before.

    ``standing`` is what the bank has; the answer says what changes of that, and sums to zero.
    """
    payment, escrow = _lock(payment_id)
    currency, provider = payment.currency, chart.provider(payment.currency)
    most = standing.released + standing.lost
    moves = cover_refunds(
        payment=payment, most=most, by=chargeback, target=provider, made_by=taken_at
    )
    covered = sum(move.amount for move in moves)
    if not covered:
        return Taken()
    lost = min(covered, standing.lost)
    freed = Taken(released=covered - lost, lost=lost)
    owed, key = _owed_less(escrow, freed.released), f"{chargeback}:{movement}"
    recovering.lock_debtor(escrow.payee)
    if owed:
        moves += recovering.moves_to(
            escrow.payee,
            owed,
            source=provider,
            currency=currency,
            key=key,
            title=f"Not owed any more: {escrow.title}",
            earned_by=chargeback,
        )
    moves += [
        Move("chargeback_won", provider, target, part, currency)
        for target, part in [
            (chart.platform_fees(currency), freed.released - owed),
            (chart.losses(currency), freed.lost),
        ]
        if part
    ]
    move_money(*moves, key=key, book=escrow.book)
    escrow.clawed_back -= freed.released
    escrow.owed_back -= owed
    escrow.save(update_fields=["clawed_back", "owed_back"])
    payment.charged_back += freed.lost
    payment.save(update_fields=["refunded", "charged_back"])
    return Taken(covered, 0, -freed.released, -owed, -freed.lost)


def _settle_surplus(escrow: Escrow, *, brought: int, deed: str) -> None:
    """What nobody waits for any more does not stay in the escrow."""
    if escrow.status == Escrow.Status.HELD:
        surplus = held_in(escrow) - _wanted(escrow)
        if surplus > 0:
            pay_out_of(escrow, held=surplus, to_payee=0, deed=deed, reason="not_wanted")
        return
    part = price_held(escrow, held=brought) if escrow.status == Escrow.Status.RELEASED else 0
    pay_out_of(escrow, held=brought, to_payee=part, deed=deed, reason="not_wanted")


def _wanted(escrow: Escrow) -> int:
    """All that can be held for what is agreed and not yet released."""
    return cost(escrow.amount, escrow.policy) - cost(escrow.released, escrow.policy)


def _owed_more(escrow: Escrow, taken: int) -> int:
    owed = owed_for(escrow.released, escrow.clawed_back + taken, escrow.policy)
    # What was released while an earlier chargeback stood may have moved it by a unit.
    return min(taken, max(0, owed - escrow.owed_back))


def _owed_less(escrow: Escrow, brought: int) -> int:
    owed = owed_for(escrow.released, escrow.clawed_back - brought, escrow.policy)
    if brought == escrow.clawed_back:
        return escrow.owed_back
    return min(brought, max(0, escrow.owed_back - owed))


def _lock(payment_id: int) -> tuple[Payment, Escrow]:
    """Top-down, as everywhere: the escrow before its payment."""
    paid_for = Payment.objects.get(pk=payment_id).paid_for
    escrow = (
        Escrow.objects.select_for_update(of=("self",))
        .select_related("policy", "payer", "payee")
        .get(public_id=paid_for)
    )
    return Payment.objects.select_for_update().get(pk=payment_id), escrow
