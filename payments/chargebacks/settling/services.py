"""A refund that the provider cannot make is paid by other means, and its money is ours then."""

from django.db import transaction

from accounts.notifications.services import notify
from accounts.parties.selectors import acts_for, person_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import FINANCE
from marketplace.common.money import in_words
from marketplace.common.text import checked_text
from marketplace.common.words import Money, Words
from payments.chargebacks.selectors import late_covers
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.policies.selectors import refuse_alone
from payments.refunds.models import LIFECYCLE, Refund

LONGEST_REASON = 2_000


@transaction.atomic
def judge_settling(*, refund_id: int, by: User) -> Refund:
    """Whether this person may say so of it now; from here on it is locked. Raises NotAllowed or
    WrongState, as ``settle_refund`` does.
    """
    refund = (
        Refund.objects.select_for_update(of=("self",))
        .select_related("payment__payer")
        .get(pk=refund_id)
    )
    LIFECYCLE.judge(refund, "settle", role=_role_in(refund, by))
    if refund.status == Refund.Status.REQUESTED and not refund.payment.charged_back_at:
        raise WrongState("This refund is on its way by itself.")
    if late_covers(Refund.objects.filter(pk=refund_id)).exists():
        raise WrongState("The card's bank has taken this money since. That is noted in a moment.")
    return refund


def _role_in(refund: Refund, by: User) -> str | None:
    """Nobody says of themselves that they have been paid."""
    is_own = acts_for(by, refund.payment.payer_id)
    return FINANCE if StaffRole.FINANCE in staff_roles_of(by) and not is_own else None


@transaction.atomic
def settle_refund(*, refund_id: int, reason: str, by: User, second: User | None = None) -> Refund:
    """Note that the payer has been paid from our own bank: what stood in ``leaving`` becomes the
    platform's own funds at the provider. ``reason`` says how and when; the payer reads it.

    For what has no other way: a card that is closed, or a payment of which its bank has taken a
    part, since nothing of such a payment is refunded ever again. ``second`` has confirmed it, as
    somebody must above the limit. Raises NotAllowed, InvalidInput, or WrongState (it is on its way,
    settled, the payer has it by a chargeback, or nobody has confirmed it).
    """
    refund = judge_settling(refund_id=refund_id, by=by)
    if second is None:
        refuse_alone(refund.amount, refund.currency)
    else:
        LIFECYCLE.judge(refund, "settle", role=_role_in(refund, second))
    reason = checked_text(reason, param="reason", longest=LONGEST_REASON, least=1)
    LIFECYCLE.advance(refund, "settle", role=_role_in(refund, by))
    refund.closed_at, refund.next_check_at, refund.is_settling = now(), None, False
    refund.save(update_fields=["status", "closed_at", "next_check_at", "is_settling"])
    source, target = chart.leaving(refund.public_id), chart.own_funds(refund.currency)
    move_money(
        Move("refund_settled", source, target, refund.amount, refund.currency),
        key=f"{refund.public_id}:settle",
        book=refund.book,
    )
    amount, payer = in_words(refund.amount, refund.currency), refund.payment.payer
    notify(
        to=payer,
        kind="refund_settled",
        text=Words(
            "%(amount)s that were paid for “%(title)s” were paid back to you by other means than "
            "your card: %(reason)s",
            amount=Money(refund.amount, refund.currency),
            title=refund.payment.title,
            reason=reason,
        ),
        path=refund.payment.return_path,
        key=f"refund_settled:{refund.public_id}",
        by=by,
    )
    log_deed(
        "settle refund",
        refund.public_id,
        f"Paid a refund by other means: {amount}.",
        by=by,
        role=FINANCE,
        about=person_ids_of(payer.pk),
        reason=reason,
    )
    return refund
