"""A payer's bank takes a payment back, or brings it again: what becomes of the escrow's money.

Each deed is keyed by the provider's own movement, so that it is booked once.
"""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from payments.escrow.backing.selectors import backing_of
from payments.escrow.backing.services import lock_book_of
from payments.escrow.banks.homes import Home, bring_to, taken_from
from payments.escrow.clawback import Taken, cost, elsewhere_in
from payments.escrow.division import missing_of, price_held
from payments.escrow.limits.services import count_limit_anew
from payments.escrow.models import Escrow
from payments.escrow.paying.services import pay_out_of
from payments.escrow.selectors import heir_of, held_in, limit_of
from payments.fundings.models import Payment
from payments.fundings.selectors import NOT_WANTED
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payouts.recovering import services as recovering
from payments.payouts.recovering.services import EarnedAgain
from payments.refunds.covering.services import cover_refunds, uncover_refunds


@transaction.atomic
def take_back(*, payment_id: int, amount: int, chargeback: str, movement: str) -> Taken:
    """The bank has taken ``amount`` of a payment: what waits to be refunded of it first, then what
    is held, then what was released. The payee owes their net share of the last, and what they have
    earned since is taken for it at once.

    What is held counts as this payment's as far as it goes: the payee never owes what is there.
    Where its escrow was rolled into another, that one stands in for as much as was rolled.
    """
    payment, homes = lock_homes(payment_id)
    first, currency = homes[0].escrow, payment.currency
    provider = chart.provider(currency)
    moves = cover_refunds(payment=payment, most=amount, by=chargeback, target=provider)
    covered = sum(move.amount for move in moves)
    wanted = min(amount - covered, payment.left - covered)
    for home in homes:
        wanted -= home.take(wanted)
    for home in homes:
        wanted -= home.take_released(wanted)
    found = taken_from(homes)
    taken = replace(found, refunds=covered, lost=amount - covered - found.held - found.released)
    parts = [("", chart.escrow(home.escrow.public_id), home.held) for home in homes]
    parts += [
        ("_owed", chart.owed(first.payee, currency), taken.owed),
        ("_fees", chart.platform_fees(currency), taken.released - taken.owed),
        ("_loss", chart.losses(currency), taken.lost),
    ]
    moves += [
        Move(f"chargeback{of}", source, provider, part, currency)
        for of, source, part in parts
        if part
    ]
    recovering.lock_debtor(first.payee)
    move_money(*moves, key=f"{chargeback}:{movement}", book=first.book)
    for home in homes:
        home.note(sign=1)
    payment.charged_back += amount - taken.lost
    payment.save(update_fields=["refunded", "charged_back"])
    if taken.owed:
        recovering.recover(party_id=first.payee_id, currency=currency)
    return taken


@transaction.atomic
def bring_back(*, payment_id: int, taken: Taken, chargeback: str, movement: str) -> Taken:
    """The bank has given up what it had ``taken``: each part goes to where it came from.

    What was held is held again. If the work has ended since: what was released as a whole is paid
    to the payee as far as the price goes, everything else goes back to the payer.
    """
    payment, homes = lock_homes(payment_id)
    currency, provider = payment.currency, chart.provider(payment.currency)
    key = f"{chargeback}:{movement}"
    bring_to(homes, taken)
    found = taken_from(homes)
    moves = uncover_refunds(payment=payment, most=taken.refunds, by=chargeback, source=provider)
    if sum(move.amount for move in moves) != taken.refunds:
        raise InvalidInput("The refunds that the bank had covered are not those that it gives up.")
    moves += _not_owed(homes[0], payment, found.owed, key, "Chargeback won", chargeback)
    moves += [
        Move("chargeback_won", provider, target, part, currency)
        for target, part in [
            *[(chart.escrow(home.escrow.public_id), home.held) for home in homes],
            (chart.platform_fees(currency), taken.released - found.owed),
            (chart.losses(currency), taken.lost),
        ]
        if part
    ]
    move_money(*moves, key=key, book=homes[0].escrow.book)
    for home in homes:
        home.note(sign=-1)
    payment.charged_back -= taken.amount - taken.lost
    payment.save(update_fields=["refunded", "charged_back"])
    for home in homes:
        if home.held:
            _settle_surplus(home.escrow, brought=home.held, deed=f"back:{movement}")
    return replace(found, refunds=taken.refunds, lost=taken.lost)


@transaction.atomic
def cover_late(
    *, payment_id: int, standing: Taken, taken_at: datetime, chargeback: str, movement: str
) -> Taken:
    """Refunds that were being sent when the bank took its money, and were refused since: the payer
    has that money by the chargeback, so it stands in for our loss, and then for what is owed. So
    everybody bears what they would have borne, had the refund been refused a moment before.

    ``standing`` is what the bank has; the answer says what that was taken from before, and from
    what it counts as taken now: the refunds rise by what the others fall.
    """
    payment, homes = lock_homes(payment_id)
    currency, provider = payment.currency, chart.provider(payment.currency)
    most = standing.released + standing.lost
    moves = cover_refunds(
        payment=payment, most=most, by=chargeback, target=provider, made_by=taken_at
    )
    covered = sum(move.amount for move in moves)
    if not covered:
        return Taken()
    lost = min(covered, standing.lost)
    released, key = covered - lost, f"{chargeback}:{movement}"
    freed = Taken(released=released, elsewhere=elsewhere_in(standing, held=0, released=released))
    bring_to(homes, freed)
    found = taken_from(homes)
    moves += _not_owed(homes[0], payment, found.owed, key, "Not owed any more", chargeback)
    moves += [
        Move("chargeback_won", provider, target, part, currency)
        for target, part in [
            (chart.platform_fees(currency), released - found.owed),
            (chart.losses(currency), lost),
        ]
        if part
    ]
    move_money(*moves, key=key, book=homes[0].escrow.book)
    for home in homes:
        home.note(sign=-1)
    payment.charged_back += lost
    payment.save(update_fields=["refunded", "charged_back"])
    return replace(found.turned, refunds=covered, lost=-lost)


@transaction.atomic
def lock_homes(payment_id: int) -> tuple[Payment, list[Home]]:
    """The payment and its homes, from the escrow that was paid for on.

    Top-down, as everywhere: the escrows before the payment.
    """
    paid_for = Payment.objects.get(pk=payment_id).paid_for
    escrows = lock_book_of(paid_for)
    heir = heir_of(paid_for)
    way = backing_of(heir).origins[paid_for].way
    passed = [*(origin.name for origin in way), heir]
    homes = [Home(escrows[name], way[:i]) for i, name in enumerate(passed)]
    return Payment.objects.select_for_update().get(pk=payment_id), homes


def _not_owed(
    home: Home, payment: Payment, owed: int, key: str, why: str, chargeback: str
) -> list[Move]:
    """What a payee owed and owes no more; available again, as far as it was recovered."""
    escrow = home.escrow
    recovering.lock_debtor(escrow.payee)
    if not owed:
        return []
    assert payment.paid_at
    return recovering.moves_to(
        escrow.payee,
        owed,
        source=chart.provider(payment.currency),
        currency=escrow.currency,
        again=EarnedAgain(
            key=key,
            title=f"{why}: {escrow.title}",
            earned_by=chargeback,
            limit_at=limit_of(escrow, paid_at=payment.paid_at),
        ),
    )


def _settle_surplus(escrow: Escrow, *, brought: int, deed: str) -> None:
    """What nobody waits for any more does not stay in the escrow."""
    if escrow.status == Escrow.Status.HELD:
        held = held_in(escrow)
        surplus = held - _wanted(escrow)
        if surplus > 0:
            pay_out_of(escrow, held=surplus, to_payee=0, deed=deed, reason=NOT_WANTED)
        if missing_of(escrow, held=held - brought) and not missing_of(escrow, held=held):
            # As where it is paid in anew: nobody was late or idle while it was not there.
            escrow.is_whole_from(now())
            escrow.save(update_fields=["held_at", "untold_since"])
        # What came back was paid long ago: having been away, it may stay there no longer.
        count_limit_anew(escrow)
        return
    part = price_held(escrow, held=brought) if escrow.status == Escrow.Status.RELEASED else 0
    pay_out_of(escrow, held=brought, to_payee=part, deed=deed, reason=NOT_WANTED)


def _wanted(escrow: Escrow) -> int:
    """All that can be held for what is agreed and not yet released."""
    return cost(escrow.amount, escrow.policy) - cost(escrow.released, escrow.policy)
