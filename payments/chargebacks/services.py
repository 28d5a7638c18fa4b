"""What a bank's demand does here: noted first, then booked as the provider moved the money."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from accounts.notifications.services import notify
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Money, Words
from payments.chargebacks.models import (
    ACCEPT,
    ANSWER,
    AWARDED,
    ELSEWHERE,
    FREEZING,
    LIFECYCLE,
    LIVE,
    RETURNED_DEBIT,
    STEP_TO,
    Chargeback,
    ChargebackMovement,
    ChargebackShare,
)
from payments.chargebacks.selectors import standing_of
from payments.chargebacks.telling.services import note_news
from payments.chargebacks.words import NOTICES
from payments.escrow.banks.services import bring_back, cover_late, lock_homes, take_back
from payments.escrow.clawback import Taken, part_of
from payments.escrow.models import Escrow
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.gateway import chargebacks as provider
from payments.gateway.chargebacks import RemoteChargeback, RemoteWithdrawal
from payments.ledger import chart
from payments.ledger.services import Move, move_money

S = Chargeback.Status
# Where a bank's money came from, as a movement's columns say it.
PARTS = ("refunds", "held", "released", "owed", "lost")

# Banks take weeks. Letters tell; this is for the one that is lost.
ASK_ABOUT = timedelta(hours=12)
# An answer of ours that nobody has confirmed.
ANSWER_AGAIN = timedelta(minutes=1)
# A ruling may still be turned, or its money come later than its letter.
ASK_AFTERWARDS = timedelta(days=7)
LOOKED_AFTER = timedelta(days=60)


@transaction.atomic
def record_chargeback(
    *, remote: RemoteChargeback, fulfilled: Chargeback | None = None
) -> Chargeback:
    """Note what the provider says of a chargeback, and book each of its movements once.

    With ``fulfilled``, the row as it was when its answer was sent, the wish for that answer is over
    in the same moment; so it is where the object shows that it was granted, as after an answer that
    was lost: a key is forgotten after a day, and a bank is not told twice. Who was told something
    else, at the provider's own desk, has no second answer: then the wish is over and not fulfilled.
    Safe to call again and in any order: the object's present state counts. What moves in another
    currency than was paid is not booked: the daily comparison lists it. Raises Payment.DoesNotExist
    where the charge is none of ours (yet), InvalidInput where more is given up than was taken.
    """
    payment_id = Payment.objects.values_list("pk", flat=True).get(charge_id=remote.charge_id)
    payment, homes = lock_homes(payment_id)
    escrow = homes[0].escrow
    chargeback, is_new = Chargeback.objects.select_for_update().get_or_create(
        remote_id=remote.remote_id,
        defaults={
            "payment": payment,
            "amount": remote.amount,
            "currency": remote.currency,
            "reason": remote.reason[:80],
            "status": remote.state,
        },
    )
    before = "" if is_new else chargeback.status
    if chargeback.status != remote.state:
        LIFECYCLE.advance(chargeback, STEP_TO[S(remote.state)], role=SYSTEM)
    chargeback.amount, chargeback.due_at = remote.amount, remote.due_at
    chargeback.answered_at = (chargeback.answered_at or now()) if remote.is_answered else None
    if fulfilled is not None and is_same_wish(chargeback, fulfilled):
        chargeback.answer = ""
    elif _is_over(chargeback, remote):
        _end_wish(chargeback, remote)
    chargeback.closed_at = None if chargeback.status in LIVE else chargeback.closed_at or now()
    chargeback.next_check_at = _next_check(chargeback)
    chargeback.save()
    if chargeback.status != before:
        note_news(chargeback)
    stands = payment.chargebacks.filter(status__in=FREEZING).exists()
    is_lost = payment.chargebacks.filter(AWARDED).exists()
    fundings.freeze_payment(payment_id=payment.pk, stands=stands, is_lost=is_lost)
    for withdrawal in remote.withdrawals:
        _book(chargeback, withdrawal)
    if stands:
        _cover_late_refunds(chargeback)
    if chargeback.status != before:
        _tell(chargeback, escrow, before)
    return chargeback


def _is_over(chargeback: Chargeback, remote: RemoteChargeback) -> bool:
    """Whether there is nothing left of the wish: the answer is there, or the bank has ruled."""
    if chargeback.answer == ANSWER:
        return remote.is_answered
    return chargeback.answer == ACCEPT and S(remote.state) not in LIVE


def _end_wish(chargeback: Chargeback, remote: RemoteChargeback) -> None:
    """Nothing says whose answer the bank has, but its words, in whatever lines they stand."""
    is_ours = chargeback.evidence.split() == remote.evidence.split()
    if chargeback.answer == ANSWER and not is_ours:
        chargeback.failure_code = ELSEWHERE
        chargeback.evidence, chargeback.answered_by = remote.evidence, None
    chargeback.answer = ""


def is_same_wish(chargeback: Chargeback, told: Chargeback) -> bool:
    """Whether what is wished for now is what was told."""
    wish = (chargeback.answer, chargeback.answer_attempt)
    return wish == (told.answer, told.answer_attempt)


def ask_about_chargeback(*, chargeback_id: int) -> None:
    """Ask the provider how it stands. Not atomic; raises GatewayRefused or GatewayUnknown."""
    remote_id = _put_off(chargeback_id)
    if remote_id is None:
        return
    record_chargeback(remote=provider.chargeback(remote_id))


@transaction.atomic
def _put_off(chargeback_id: int) -> str | None:
    """The next question, before this one: an answer that never comes costs little. None where there
    is nothing to be asked about.

    What it covers since is written down here, too: of that nothing has to be asked.
    """
    asked_about = Chargeback.objects.values_list("payment_id", flat=True).get(pk=chargeback_id)
    payment, _ = lock_homes(asked_about)
    chargeback = Chargeback.objects.select_for_update().get(pk=chargeback_id)
    chargeback.next_check_at = _next_check(chargeback)
    chargeback.save(update_fields=["next_check_at"])
    if payment.charged_back_at is not None:
        _cover_late_refunds(chargeback)
    return None if chargeback.reason == RETURNED_DEBIT else chargeback.remote_id


def _next_check(chargeback: Chargeback) -> datetime | None:
    if chargeback.reason == RETURNED_DEBIT:
        return None
    if chargeback.answer:
        return now() + ANSWER_AGAIN
    if chargeback.closed_at is None:
        return now() + ASK_ABOUT
    return now() + ASK_AFTERWARDS if chargeback.closed_at > now() - LOOKED_AFTER else None


def _book(chargeback: Chargeback, withdrawal: RemoteWithdrawal) -> None:
    """The movement is recorded before anything is done about it: it is done once."""
    if withdrawal.amount and withdrawal.currency != chargeback.payment.currency:
        return  # for a person: the demand stands here, and the comparison lists what it moved
    movement, is_new = ChargebackMovement.objects.get_or_create(
        remote_id=withdrawal.remote_id,
        defaults={
            "chargeback": chargeback,
            "amount": withdrawal.amount,
            "lost": withdrawal.amount,
            "fee": withdrawal.fee,
            "fee_currency": withdrawal.currency,
        },
    )
    if not is_new:
        return
    if withdrawal.amount == 0:
        taken = Taken()
    elif withdrawal.amount > 0:
        taken = _take(chargeback, withdrawal)
    else:
        taken = _bring(chargeback, withdrawal, movement).turned
    for part in PARTS:
        setattr(movement, part, getattr(taken, part))
    movement.save()
    _note_shares(movement, taken)
    if withdrawal.amount:
        note_news(chargeback, movement=movement)
    _book_fee(chargeback, withdrawal)


def _take(chargeback: Chargeback, withdrawal: RemoteWithdrawal) -> Taken:
    return take_back(
        payment_id=chargeback.payment_id,
        amount=withdrawal.amount,
        chargeback=chargeback.public_id,
        movement=withdrawal.remote_id,
    )


def _bring(
    chargeback: Chargeback, withdrawal: RemoteWithdrawal, movement: ChargebackMovement
) -> Taken:
    standing = standing_of(chargeback, without=movement)
    if -withdrawal.amount > standing.amount:
        raise InvalidInput(f"{withdrawal.remote_id} gives back more than the bank has.")
    return bring_back(
        payment_id=chargeback.payment_id,
        taken=part_of(standing, -withdrawal.amount),
        chargeback=chargeback.public_id,
        movement=withdrawal.remote_id,
    )


def _cover_late_refunds(chargeback: Chargeback) -> None:
    """A movement of ours alone, which changes where the bank's money came from.

    Of refunds that were made before the bank took it: an inquiry alone takes nothing.
    """
    takings = chargeback.movements.filter(amount__gt=0)
    taken_at = takings.aggregate(last=Max("booked_at"))["last"]
    if taken_at is None:
        return
    number = chargeback.movements.filter(amount=0).count() + 1
    name = f"{chargeback.public_id}:late:{number}"
    changed = cover_late(
        payment_id=chargeback.payment_id,
        standing=standing_of(chargeback),
        taken_at=taken_at,
        chargeback=chargeback.public_id,
        movement=f"late:{number}",
    )
    if changed.refunds:
        movement = ChargebackMovement.objects.create(
            chargeback=chargeback,
            remote_id=name,
            amount=0,
            fee=0,
            fee_currency=chargeback.currency,
            **{part: getattr(changed, part) for part in PARTS},
        )
        _note_shares(movement, changed)
        note_news(chargeback, movement=movement)


def _note_shares(movement: ChargebackMovement, taken: Taken) -> None:
    ChargebackShare.objects.bulk_create(
        ChargebackShare(
            movement=movement,
            escrow_id=one.escrow_id,
            held=one.held,
            released=one.released,
            owed=one.owed,
        )
        for one in taken.elsewhere
    )


def _book_fee(chargeback: Chargeback, withdrawal: RemoteWithdrawal) -> None:
    """What the provider keeps for itself, or gives back of that, is ours alone."""
    currency = withdrawal.currency
    ends = [chart.provider_costs(currency), chart.provider(currency)]
    if withdrawal.fee:
        source, target = ends if withdrawal.fee > 0 else reversed(ends)
        move_money(
            Move("chargeback_fee", source, target, abs(withdrawal.fee), currency),
            key=f"{chargeback.public_id}:fee:{withdrawal.remote_id}",
        )


def _tell(chargeback: Chargeback, escrow: Escrow, before: str) -> None:
    """Both sides, once for each state that means something to them."""
    words = _words(chargeback, escrow, before)
    if words is None:
        return
    for party in (escrow.payer, escrow.payee):
        notify(
            to=party,
            kind=NOTICES[S(chargeback.status)],
            text=words,
            path=chargeback.payment.return_path,
            key=f"chargeback_{chargeback.status}:{chargeback.public_id}",
        )


def _words(chargeback: Chargeback, escrow: Escrow, before: str) -> Words | None:
    text = None
    is_news = chargeback.status == S.REVIEW and before in ("", S.INQUIRY, S.CLOSED)
    if chargeback.status == S.OPEN or is_news:
        text = Words("The client's bank has taken back %(amount)s that were paid for “%(title)s”.")
        if chargeback.due_at:
            text += Words("We answer it by %(due)s.", due=chargeback.due_at)
    elif chargeback.status == S.WON:
        text = Words("The client's bank has given back %(amount)s that were paid for “%(title)s”.")
    elif chargeback.status == S.LOST:
        text = Words("The client's bank keeps %(amount)s that were paid for “%(title)s”.")
    amount = Money(chargeback.amount, chargeback.currency)
    return text and text.filled(amount=amount, title=escrow.title)
