"""The rest of one piece of work's money goes on to another of the same book."""

from django.db import transaction

from marketplace.common.errors import InvalidInput
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.closing import close
from payments.escrow.division import checked_rest, cost_of
from payments.escrow.models import LIFECYCLE, Escrow, Roll
from payments.escrow.paying.services import pay_out_of
from payments.escrow.rolling.rules import limit_then
from payments.escrow.selectors import held_in
from payments.ledger import chart
from payments.ledger.services import Move, move_money


@transaction.atomic
def roll(*, escrow_id: int, into_id: int, part: int) -> Roll:
    """Release ``part`` more of the price, and move all that is left into another escrow.

    What was agreed at so much more is agreed at so much less here: the one ends, released; the
    other grows. Raises InvalidInput for a part that leaves nothing, or a rest that the other's fee
    does not meet to the unit; WrongState where not all of it is held, or the other has ended.
    """
    source, target = lock_pair(escrow_id, into_id)
    _judge_pair(source, target)
    LIFECYCLE.judge(source, "roll", role=SYSTEM)
    LIFECYCLE.advance(target, "roll_in", role=SYSTEM)
    held, before = held_in(source), held_in(target)
    rest = checked_rest(part, source, target, held=held, param="to_freelancer")
    close(source, "roll")
    if part:
        cost = cost_of(source.released + part, source) - cost_of(source.released, source)
        pay_out_of(source, held=cost, to_payee=part, deed="last")
    move_money(
        Move(
            "roll",
            chart.escrow(source.public_id),
            chart.escrow(target.public_id),
            rest.money,
            source.currency,
        ),
        key=f"{source.public_id}:roll",
        book=source.book,
    )
    source.amount -= rest.price
    source.save(update_fields=["amount"])
    target.amount += rest.price
    target.limit_at = limit_then(source, target, held=before).at
    target.save(update_fields=["amount", "status", "limit_at"])
    return Roll.objects.create(source=source, target=target, price=rest.price, money=rest.money)


def lock_pair(escrow_id: int, into_id: int) -> tuple[Escrow, Escrow]:
    """Both, held against every other deed; in one order, whoever asks."""
    pair = (
        Escrow.objects.select_for_update(of=("self",))
        .select_related("policy", "payer", "payee")
        .filter(pk__in=[escrow_id, into_id])
        .order_by("pk")
    )
    found = {escrow.pk: escrow for escrow in pair}
    return found[escrow_id], found[into_id]


def _judge_pair(source: Escrow, target: Escrow) -> None:
    def terms(escrow: Escrow) -> tuple:
        return escrow.book, escrow.payer_id, escrow.payee_id, escrow.currency, escrow.policy_id

    if source == target or terms(source) != terms(target):
        raise InvalidInput("The rest goes to another milestone of the same contract.", param="into")
