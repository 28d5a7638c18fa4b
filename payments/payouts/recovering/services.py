"""What a payee owes is taken from what they earn, before it is paid out.

Whoever changes a debt holds the payee's row first, then the gate of their payouts: a payout is
either set aside before and called back, or finds the debt.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.notifications.services import notify
from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Money, Words
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payees.models import ConnectedAccount
from payments.payouts.cancelling.services import wish_to_call_back
from payments.payouts.drawing.services import draw_earnings
from payments.payouts.models import LIFECYCLE, Earning, Payout
from payments.payouts.recovering.models import Recovery
from payments.payouts.recovering.selectors import WAITING, owed_by


@transaction.atomic
def lock_debtor(party: Party) -> None:
    """From here on nobody else changes what this payee owes, and no payout is made of it."""
    Party.objects.select_for_update(no_key=True).get(pk=party.pk)
    ConnectedAccount.objects.select_for_update().filter(party=party).first()


@transaction.atomic
def recover(*, party_id: int, currency: str, is_told: bool = True) -> Recovery | None:
    """Take what is owed from what was earned and is in no payout, the oldest first; None where
    there is nothing to take.

    Also of what is still on hold. A payout that was set aside and not sent yet is called back, one
    that finance holds too: at once, or where an attempt was made of it as soon as the provider has
    taken back what that may have left there. One that is being sent is left, and later earnings
    bear the rest. Not ``is_told`` of it is whoever has asked for it themselves.
    """
    party = Party.objects.get(pk=party_id)
    lock_debtor(party)
    debt = owed_by(party, currency)
    if not debt:
        return None
    _call_back(party, currency)
    waiting = Earning.objects.filter(party=party, currency=currency, payout=None, recovery=None)
    # Locked in the order of everybody who locks earnings, and then taken in that of the law.
    earnings = list(waiting.select_for_update().order_by("pk"))
    earnings.sort(key=lambda earning: earning.clears_at)
    amount = min(debt, sum(earning.amount for earning in earnings))
    if not amount:
        return None
    recovery = Recovery.objects.create(party=party, amount=amount, currency=currency)
    draw_earnings(earnings, by=recovery)
    source, target = chart.available(party, currency), chart.owed(party, currency)
    move_money(
        Move("recovery", source, target, amount, currency),
        key=f"{recovery.public_id}:recover",
        book=chart.payee_book(party),
    )
    if is_told:
        _tell(recovery, left=debt - amount)
    return recovery


@dataclass(frozen=True)
class EarnedAgain:
    """What was recovered and is the payee's again; the provider holds it until ``limit_at``."""

    key: str
    title: str
    earned_by: str
    limit_at: datetime


def moves_to(
    party: Party, amount: int, *, source: str, currency: str, again: EarnedAgain
) -> list[Move]:
    """Give a payee back what they owed: first what they still owe is forgiven, the rest was
    recovered and is earned ``again``, past its hold. The caller holds ``lock_debtor`` and makes the
    moves under its key.
    """
    forgiven = min(amount, owed_by(party, currency))
    moves = []
    if forgiven:
        target = chart.owed(party, currency)
        moves.append(Move("chargeback_won", source, target, forgiven, currency))
    if amount > forgiven:
        target = chart.available(party, currency)
        moves.append(Move("recovery_returned", source, target, amount - forgiven, currency))
        _earn_again(party, amount - forgiven, currency, again)
    return moves


def _earn_again(party: Party, amount: int, currency: str, again: EarnedAgain) -> None:
    Earning.objects.create(
        party=party,
        key=again.key,
        earned_by=again.earned_by,
        title=again.title[:200],
        gross=amount,
        fee=0,
        amount=amount,
        currency=currency,
        clears_at=now(),
        limit_at=again.limit_at,
    )


def _call_back(party: Party, currency: str) -> None:
    """Of a payout that nobody has begun to send nothing is at the provider: it never was. What an
    attempt that was refused has left there, an answer that was lost perhaps, is taken back first.
    """
    standing = Payout.objects.select_for_update(of=("self",)).filter(WAITING)
    for payout in standing.filter(party=party, currency=currency).order_by("pk"):
        if payout.attempts.exists():
            wish_to_call_back(payout)
            continue
        LIFECYCLE.advance(payout, "end", role=SYSTEM)
        payout.failure_code, payout.closed_at = "called_back", now()
        payout.next_check_at = None
        payout.save(update_fields=["status", "failure_code", "closed_at", "next_check_at"])
        payout.earnings.update(payout=None)
        source, target = chart.leaving(payout.public_id), chart.available(party, currency)
        move_money(
            Move("payout", source, target, payout.amount, currency),
            key=f"{payout.public_id}:cancel",
            book=chart.payee_book(party),
        )


def _tell(recovery: Recovery, *, left: int) -> None:
    text = Words(
        "%(taken)s of what you earned went to what you owe after a chargeback.",
        taken=Money(recovery.amount, recovery.currency),
    )
    if left:
        text += Words("%(rest)s are still owed.", rest=Money(left, recovery.currency))
    else:
        text += Words("Nothing is owed any more.")
    notify(
        to=recovery.party,
        kind="debt_recovered",
        text=text,
        path=reverse("earnings"),
        key=f"debt_recovered:{recovery.public_id}",
    )
