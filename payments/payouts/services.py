"""What a payee has earned, and its way to their bank, in the order it goes."""

from django.db import transaction
from django.urls import reverse

from accounts.holds.models import Hold
from accounts.holds.selectors import standing_hold_on
from accounts.notifications.services import notify
from accounts.parties.models import Party
from accounts.parties.selectors import acts_for
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_with
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import FINANCE, SYSTEM
from marketplace.common.money import in_words, known_currency
from marketplace.common.words import Money, Words, said_moment
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payees.models import ConnectedAccount
from payments.payouts.drawing.services import draw_earnings, sendable
from payments.payouts.holding.selectors import near_limit
from payments.payouts.models import LIFECYCLE, UNDER_WAY, Payout, PayoutAttempt
from payments.payouts.recovering.selectors import owed_by
from payments.payouts.roles import log_if_by_finance, role_in
from payments.payouts.selectors import cleared, clears_next, currencies_of

S = Payout.Status


@transaction.atomic
def schedule_payout(*, party_id: int, currency: str, by: User | str) -> Payout:
    """Set everything that has cleared aside at once, so that it cannot be paid out twice.

    Raises NotAllowed, InvalidInput (currency) or WrongState (no finished account, a payout in the
    way, nothing cleared yet, or less than a bank is sent).
    """
    if by != SYSTEM and not (isinstance(by, User) and acts_for(by, party_id)):
        raise NotAllowed("You cannot ask for somebody else's payout.")
    # What was earned is paid out, also in a currency that is not traded in any more.
    if currency not in currencies_of([party_id]):
        known_currency(currency)
    account = lock_payee(party_id)
    party = account.party
    _refuse_if_in_the_way(party, currency)
    _refuse_if_owing(party, currency)
    earnings = list(cleared(party, currency, now()).select_for_update().order_by("pk"))
    if not earnings:
        raise WrongState(_why_nothing(party, currency))
    amount = sendable(sum(earning.amount for earning in earnings), currency, account.country)
    payout = Payout.objects.create(party=party, currency=currency, amount=amount)
    draw_earnings(earnings, by=payout)
    _set_aside(payout, "schedule")
    _send_or_hold(payout)
    if by == SYSTEM and payout.status == S.SCHEDULED:  # whoever asks for one knows of it
        text = Words("%(sum)s that you have earned go to your bank now.")
        tell_payee(payout, "payout_made", text)
    return payout


@transaction.atomic
def retry_payout(*, payout_id: int, by: User | str) -> Payout:
    """Try a failed payout again, with whatever details the payee's account has now.

    A new attempt under new keys; what the failure gave back is set aside anew. Raises WrongState
    or InsufficientFunds (it is not all there any more).
    """
    payout = Payout.objects.get(pk=payout_id)
    role = role_in(payout, by)
    LIFECYCLE.judge(payout, "retry", role=role)
    account = lock_payee(payout.party_id)  # the gate first, as whoever makes or holds one does
    payout = lock_payout(pk=payout_id)
    LIFECYCLE.judge(payout, "retry", role=role)
    refuse_if_being_cancelled(payout)
    if stands_elsewhere(payout, account):
        raise WrongState(
            "Its money is at your account that was closed. Cancel this payout: what comes back "
            "goes out with the next one."
        )
    _refuse_if_owing(payout.party, payout.currency, "Cancel this payout: w")
    if _under_way(payout.party, payout.currency):
        raise WrongState("Another payout is under way. Try again when it has arrived.")
    LIFECYCLE.advance(payout, "retry", role=role)
    # Named by the failure that gave it back, each of which happens once: an attempt may not have
    # been begun since the last time, where an earlier one lived after all.
    _set_aside(payout, f"retry:{failure_of(payout.attempts.latest('closed_at'))}")
    payout.failure_code, payout.closed_at, payout.next_check_at = "", None, now()
    payout.reversal_refused_at, payout.reversal_refusal = None, ""
    payout.arrives_at = None
    payout.save()
    _send_or_hold(payout)
    log_if_by_finance(payout, "retry", "Had a failed payout tried again", by=by)
    if role == FINANCE:  # its payee did not ask for it
        text = Words("We try your payout of %(sum)s again, which had failed.")
        tell_payee(payout, "payout_retried", text)
    return payout


# --- Before a payout -----------------------------------------------------------------------------


def lock_payee(party_id: int, *, must_be_ready: bool = True) -> ConnectedAccount:
    """The payee's account is the gate through which one payout at a time is made.

    Raises WrongState where there is none, or it is not ready as it must be.
    """
    account = (
        ConnectedAccount.objects.select_for_update(of=("self",))
        .select_related("party")
        .filter(party_id=party_id)
        .first()
    )
    if account is None or (must_be_ready and account.status != ConnectedAccount.Status.ACTIVE):
        raise WrongState("Finish setting up your payouts first.", code="payouts_not_set_up")
    return account


def _under_way(party: Party, currency: str) -> bool:
    return Payout.objects.filter(party=party, currency=currency, status__in=UNDER_WAY).exists()


def _refuse_if_in_the_way(party: Party, currency: str) -> None:
    if _under_way(party, currency):
        raise WrongState("A payout is under way already. The next one follows when it has arrived.")
    if Payout.objects.filter(party=party, currency=currency, status=S.FAILED).exists():
        raise WrongState("Your last payout failed. Try it again or cancel it first.")


def _refuse_if_owing(party: Party, currency: str, start: str = "W") -> None:
    """What is owed comes first: the payee's gate is locked, so no debt can arise meanwhile."""
    if debt := owed_by(party, currency):
        raise WrongState(
            f"You owe {in_words(debt, currency)} after a chargeback. {start}hat you have earned "
            "goes to that first, and the rest to your bank.",
            code="debt_first",
        )


def _why_nothing(party: Party, currency: str) -> str:
    next_at = clears_next(party, currency)
    if next_at is None:
        return f"You have nothing in {currency} to be paid out."
    return f"Nothing has cleared yet. The next of it clears on {said_moment(next_at)}."


def _set_aside(payout: Payout, deed: str) -> None:
    available = chart.available(payout.party, payout.currency)
    book_payout(payout, available, chart.leaving(payout.public_id), deed)


def _send_or_hold(payout: Payout) -> None:
    """Where the payee's payouts are held, it is set aside and waits: refused it would be lost."""
    hold = standing_hold_on(Hold.Kind.PAYOUTS, payout.party)
    if hold is None or not hold_payout(payout, hold):
        ring("payments.send_payout", payout.pk)


# --- For the rooms that hold, send and cancel ----------------------------------------------------


def hold_payout(payout: Payout, hold: Hold) -> bool:
    """Stop it before it leaves; False for one that was held before or is being cancelled, and for
    one that the provider holds not much longer: it leaves, and finance is told.
    """
    if payout.hold_id is not None or payout.cancel_wished_at is not None:
        return False
    if near_limit(Payout.objects.filter(pk=payout.pk), now()).exists():
        tell_finance_it_leaves(payout, hold)
        return False
    LIFECYCLE.advance(payout, "hold", role=SYSTEM)
    payout.hold, payout.next_check_at = hold, None
    payout.save(update_fields=["status", "hold", "next_check_at"])
    return True


def tell_finance_it_leaves(payout: Payout, hold: Hold) -> None:
    """Once for each payout that no hold keeps any longer; whether or not it can be sent yet."""
    text = Words(
        "The payout of %(sum)s to %(who)s goes out although their payouts are held: the payment "
        "provider holds the money not much longer."
    )
    if what_it_waits_for(payout, payout.party.connected_account):
        text = Words(
            "The payout of %(sum)s to %(who)s is not held although their payouts are: the payment "
            "provider holds the money not much longer. It goes out as soon as its payee has done "
            "what it waits for."
        )
    for person in staff_with(StaffRole.FINANCE):
        if role_in(payout, person) != FINANCE:
            continue
        notify(
            to=person,
            kind="payout_left_hold",
            text=text.filled(sum=Money(payout.amount, payout.currency), who=payout.party.name),
            path=reverse("desk-hold", args=[hold.public_id]),
            key=f"payout_left_hold:{payout.public_id}",
        )


def refuse_if_being_cancelled(payout: Payout) -> None:
    """Nothing else is done to it meanwhile."""
    if payout.cancel_wished_at is not None:
        raise WrongState("This payout is being cancelled.")


def stands_elsewhere(payout: Payout, account: ConnectedAccount) -> bool:
    """Transferred to an account that was closed since: it has to be taken back from there first."""
    if not payout.transfer_id:
        return False
    sent_to = payout.attempts.latest("number").destination
    return sent_to != account.remote_id


def what_it_waits_for(payout: Payout, account: ConnectedAccount) -> str:
    """The code of what its payee has to do before it can be sent, or ''."""
    if account.status != ConnectedAccount.Status.ACTIVE:
        return "account_not_ready"
    return "account_replaced" if stands_elsewhere(payout, account) else ""


def lock_payout(**which: object) -> Payout:
    """The payout under its own lock, with its payee and their account."""
    return (
        Payout.objects.select_for_update(of=("self",))
        .select_related("party__connected_account", "cancel_wished_by")
        .get(**which)
    )


def book_payout(payout: Payout, source: str, target: str, deed: str) -> None:
    """Move all of it, once for each ``deed``, in its payee's book."""
    move_money(
        Move("payout", source, target, payout.amount, payout.currency),
        key=f"{payout.public_id}:{deed}",
        book=chart.payee_book(payout.party),
    )


def failure_of(attempt: PayoutAttempt, *, came_back: bool = False) -> str:
    """Names its failure in the books: a refused attempt that lives after all may fail once more, at
    the bank; and one that had arrived comes back once for each time that it did.
    """
    named = f"{attempt.number}:bank" if attempt.remote_id else str(attempt.number)
    return f"{named}:{ended_at(attempt)}" if came_back else named


def ended_at(attempt: PayoutAttempt) -> str:
    """Tells apart what became of it once and what became of it later."""
    return f"{attempt.closed_at.timestamp():.6f}" if attempt.closed_at else ""


def tell_payee(payout: Payout, kind: str, text: Words, by: User | None = None) -> None:
    """Notify whoever is paid, but not who did it; ``text`` may name the sum."""
    notify(
        to=payout.party,
        kind=kind,
        text=text.filled(sum=Money(payout.amount, payout.currency)),
        path=reverse("payout", args=[payout.public_id]),
        by=by,
    )
