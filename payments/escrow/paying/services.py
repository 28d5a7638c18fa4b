"""Held money goes to the payee, to us, and back to the payer: of one escrow, or of many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.backing.services import refund_from
from payments.escrow.closing import DECIDED, write_closed
from payments.escrow.division import Shares, price_held, shares_of
from payments.escrow.models import LIFECYCLE, Escrow
from payments.fundings import services as fundings
from payments.ledger import chart
from payments.ledger.services import Deed, Move, move_money, move_money_in_batch
from payments.payouts.earning.services import Earned, earn


@dataclass(frozen=True)
class _Division:
    """How one escrow's money is divided by one deed, and what its payee earns by it."""

    shares: Shares
    deed: Deed
    earned: Earned


def release_each(escrows: Sequence[Escrow], *, held: Mapping[int, int]) -> None:
    """Release all that is held for each of them, and close it: all of them, or none.

    The caller holds their locks, and ``held`` is what each holds behind them, by primary key, in
    minor units. Raises WrongState where one cannot be released.
    """
    divisions, at = [], now()
    for escrow in escrows:
        LIFECYCLE.advance(escrow, "release", role=SYSTEM)
        escrow.closed_at, escrow.untold_since = at, None
        most = price_held(escrow, held=held[escrow.pk])
        divisions.append(_divide(escrow, held=held[escrow.pk], to_payee=most, deed="release"))
    fundings.cancel_open_payments(paid_for=[escrow.public_id for escrow in escrows])
    whole = []
    for escrow, division in zip(escrows, divisions, strict=True):
        _note(escrow, division)
        if escrow.released == escrow.amount and not division.shares.payer:
            whole.append(escrow.pk)
        else:
            write_closed(
                escrow,
                judged=Escrow.Status.HELD,
                released=escrow.released,
                refunded=escrow.refunded,
            )
    # Nearly all have brought their whole price: one statement, however many they are.
    changed = Escrow.objects.filter(pk__in=whole, status=Escrow.Status.HELD).update(
        status=Escrow.Status.RELEASED, closed_at=at, untold_since=None, released=F("amount")
    )
    if changed != len(whole):
        raise WrongState(DECIDED)
    _book(divisions)


def pay_out_of(escrow: Escrow, *, held: int, to_payee: int, deed: str, reason: str = "") -> None:
    """Divide ``held`` by one deed of the ledger: ``to_payee`` of the price, less their fee, and
    the rest back to the payer. The caller holds the escrow's lock.
    """
    division = _divide(escrow, held=held, to_payee=to_payee, deed=deed, reason=reason)
    _book([division])
    _note(escrow, division)
    escrow.save(update_fields=["released", "refunded"])


def _divide(escrow: Escrow, *, held: int, to_payee: int, deed: str, reason: str = "") -> _Division:
    shares, currency = shares_of(escrow, held=held, to_payee=to_payee), escrow.currency
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
            for back in refund_from(escrow, amount=shares.payer, reason=reason)
        ]
    return _Division(
        shares=shares,
        deed=Deed(key=key, moves=[move for move in moves if move.amount], book=escrow.book),
        earned=Earned(
            party=escrow.payee,
            key=key,
            earned_by=escrow.public_id,
            title=escrow.title,
            gross=to_payee,
            fee=shares.payee_fee,
            currency=currency,
            policy=escrow.policy,
            # What is held has one; of what nobody knows it goes out as soon as it can.
            limit_at=escrow.limit_at or now(),
        ),
    )


def _book(divisions: Sequence[_Division]) -> None:
    """One round trip to the ledger, and what their payees have earned."""
    deeds = [division.deed for division in divisions if division.deed.moves]
    if len(deeds) == 1:
        move_money(*deeds[0].moves, key=deeds[0].key, book=deeds[0].book)
    elif deeds:
        move_money_in_batch(deeds)
    if earned := [division.earned for division in divisions if division.earned.gross]:
        earn(earned)


def _note(escrow: Escrow, division: _Division) -> None:
    escrow.released += division.earned.gross
    escrow.refunded += division.shares.payer
