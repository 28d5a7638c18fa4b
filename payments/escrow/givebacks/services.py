"""A payee gives released money back: first it comes to us, then it goes to the payer."""

from django.db import transaction

from marketplace.common.errors import WrongState
from marketplace.common.money import in_words
from payments.escrow.backing.services import refund_from
from payments.escrow.givebacks.rules import (
    GivenBack,
    checked_amount_back,
    given_back_by,
    judge_giving_back,
    key_of,
)
from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payouts.recovering import services as recovering
from payments.payouts.recovering.selectors import owed_by


@transaction.atomic
def give_back_released(*, escrow_id: int, amount: int, deed: str) -> GivenBack:
    """Give ``amount`` of the released price back to the payer, and of both fees what falls away.

    The payee owes their part, and it is taken at once from what they have earned and what is set
    aside for them and not begun: all of it, or nothing happens. ``deed`` names it in the books, so
    that it is done once. Raises InvalidInput, or WrongState: the work goes on, it is too late, the
    payer's bank takes the money itself, or the payee does not have that much with us.
    """
    escrow = (
        Escrow.objects.select_for_update(of=("self",))
        .select_related("policy", "payer", "payee")
        .get(pk=escrow_id)
    )
    judge_giving_back(escrow)
    back = given_back_by(checked_amount_back(amount, escrow), escrow)
    currency, fees = escrow.currency, chart.platform_fees(escrow.currency)
    purse, owed = chart.escrow(escrow.public_id), chart.owed(escrow.payee, escrow.currency)
    moves = [
        Move("given_back", owed, purse, back.payee, currency),
        Move("freelancer_fee_back", fees, purse, back.payee_fee, currency),
        Move("client_fee_back", fees, purse, back.payer_fee, currency),
    ]
    moves += [
        Move("refund", purse, chart.leaving(refund.public_id), refund.amount, currency)
        for refund in refund_from(escrow, amount=back.payer, reason="given_back")
    ]
    recovering.lock_debtor(escrow.payee)
    _refuse_debtor(escrow)
    kept = [move for move in moves if move.amount]
    move_money(*kept, key=key_of(escrow, deed), book=escrow.book)
    escrow.given_back += amount
    escrow.refunded += back.payer
    escrow.save(update_fields=["given_back", "refunded"])
    recovering.recover(party_id=escrow.payee_id, currency=currency, is_told=False)
    if missing := owed_by(escrow.payee, currency):
        # Nothing is refunded before it is back: the whole deed is undone.
        raise WrongState(
            f"{in_words(missing, currency)} of what would go back is not with us any more. It can "
            "be given back out of later earnings, or out of a payout that waits or has failed, "
            "once it is cancelled.",
            code="paid_out_already",
        )
    return back


def _refuse_debtor(escrow: Escrow) -> None:
    """What is owed for a chargeback comes first; the payee's gate is locked."""
    if debt := owed_by(escrow.payee, escrow.currency):
        words = in_words(debt, escrow.currency)
        raise WrongState(
            f"{words} are owed after a chargeback, which come first.", code="debt_first"
        )
