"""A payout whose account was closed: the provider says nothing of it any more, or does not take it
back from there, and finance says what became of it.
"""

from django.db import IntegrityError, transaction
from django.db.models import TextChoices

from accounts.parties.selectors import person_ids_of
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import FINANCE
from marketplace.common.money import in_words
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payouts.models import LIFECYCLE, Payout, PayoutAttempt
from payments.payouts.roles import role_in
from payments.payouts.selectors import payouts_to_attest
from payments.payouts.sending.services import arrive, fail
from payments.payouts.services import (
    book_payout,
    ended_at,
    lock_payout,
    refuse_if_being_cancelled,
    tell_payee,
)
from payments.policies.selectors import refuse_alone

LONGEST_REASON, LONGEST_ID = 2_000, 255
OF_ANOTHER = "That bank payout is another one of ours."


class Outcome(TextChoices):
    ARRIVED = "arrived", "It has arrived at the payee’s bank"
    CAME_BACK = "came_back", "It came back"
    LOST = "lost", "It is lost, and the platform bears it"


# By which step of the table, and what the audit log says of it.
STEPS = {
    Outcome.ARRIVED: ("confirm", "Noted that a payout to a closed account arrived"),
    Outcome.CAME_BACK: ("return", "Noted that a payout to a closed account came back"),
    Outcome.LOST: ("write_off", "Noted that a payout to a closed account is lost"),
}
UNDER_WAY = {Payout.Status.SENDING, Payout.Status.IN_TRANSIT}


def outcomes_of(payout: Payout) -> list[Outcome]:
    """What may have become of it: one that is under way is not lost, and what was not taken back
    has not come back.
    """
    other = Outcome.CAME_BACK if payout.status in UNDER_WAY else Outcome.LOST
    return [Outcome.ARRIVED, other]


def attempt_of(payout: Payout) -> PayoutAttempt:
    """The one that it went by."""
    if payout.status in UNDER_WAY:
        return payout.attempts.get(failure_code="")
    return payout.attempts.latest("number")


def _step_of(payout: Payout, outcome: str) -> str:
    is_taken_up = outcome == Outcome.ARRIVED and payout.status not in UNDER_WAY
    return "take_up" if is_taken_up else STEPS[Outcome(outcome)][0]


@transaction.atomic
def judge_attesting(
    *, payout_id: int, outcome: str, by: User, bank_payout: str = ""
) -> tuple[Payout, str]:
    """Whether this person may say so of it now; from here on it is locked. The second value is the
    provider's id of the bank payout where it was not known and is needed. Raises as
    ``attest_payout`` does.
    """
    payout = lock_payout(pk=payout_id)
    if outcome not in Outcome.values:
        raise InvalidInput(f"It is one of {', '.join(Outcome.values)}.", param="outcome")
    LIFECYCLE.judge(payout, _step_of(payout, outcome), role=role_in(payout, by))
    if not payouts_to_attest().filter(pk=payout_id).exists():
        if payout.status in UNDER_WAY:
            raise WrongState("Its account answers: what becomes of this payout is asked there.")
        raise WrongState("The provider can still take it back: have it cancelled, or tried again.")
    if not payout.is_called_back:  # for a debt the house goes on asking
        refuse_if_being_cancelled(payout)
    if not payout.transfer_id:
        raise WrongState("The provider has not said yet whether its transfer was made.")
    if outcome != Outcome.ARRIVED or attempt_of(payout).remote_id:
        return payout, ""
    return payout, _checked_id(bank_payout.strip())


@transaction.atomic
def attest_payout(
    *,
    payout_id: int,
    outcome: str,
    reason: str,
    by: User,
    bank_payout: str = "",
    second: User | None = None,
) -> Payout:
    """Note what became of a payout of which the provider says nothing any more, or which it does
    not take back, by what its desk or the bank says; ``reason`` tells from where that is known.

    Arrived, it is paid, and whatever its payee owes stays owed. What came back has failed: it
    stands at the closed account until its payee or finance cancels it, which takes its transfer
    back, and only then goes out anew. What the provider would not take back may be lost: then the
    platform bears it, and what was earned goes out with the next one.
    ``bank_payout`` is its id at the provider, where we were never told. Should the provider speak
    again, its word counts as ever. ``second`` has confirmed it, as somebody must above the limit.
    Raises NotAllowed, InvalidInput, or WrongState (its account answers, its transfer is not known
    yet, or nobody has confirmed it).
    """
    payout, remote_id = judge_attesting(
        payout_id=payout_id, outcome=outcome, by=by, bank_payout=bank_payout
    )
    step, text = _step_of(payout, outcome), STEPS[Outcome(outcome)][1]
    if second is None:
        refuse_alone(payout.amount, payout.currency)
    else:
        LIFECYCLE.judge(payout, step, role=role_in(payout, second))
    reason = checked_text(reason, param="reason", longest=LONGEST_REASON, least=1)
    attempt = attempt_of(payout)
    _name(attempt, remote_id)
    if outcome == Outcome.LOST:
        _write_off(payout)
    elif outcome == Outcome.CAME_BACK:
        fail(payout, attempt, "account_replaced")
    elif payout.status in UNDER_WAY:
        arrive(payout, attempt)
    else:
        _arrive_after_all(payout, attempt)
    log_deed(
        f"{step} payout".replace("_", " "),
        payout.public_id,
        f"{text}: {in_words(payout.amount, payout.currency)}.",
        by=by,
        role=FINANCE,
        about=person_ids_of(payout.party_id),
        reason=reason,
    )
    return payout


def _arrive_after_all(payout: Payout, attempt: PayoutAttempt) -> None:
    """Its payee had it all the time: what a failure gave back, or still stands set aside, leaves.

    Raises InsufficientFunds where what was given back is not all there any more.
    """
    is_back = payout.status == Payout.Status.FAILED
    available = chart.available(payout.party, payout.currency)
    source = available if is_back else chart.leaving(payout.public_id)
    # It may fail, and turn out to have arrived, more than once: each time has a key of its own.
    deed = f"after_all:{attempt.number}:{ended_at(attempt)}"
    book_payout(payout, source, chart.provider(payout.currency), deed)
    attempt.failure_code, attempt.closed_at = "", now()
    attempt.save(update_fields=["failure_code", "closed_at"])
    payout.failure_code, payout.closed_at, payout.next_check_at = "", now(), None
    payout.cancel_wished_at = payout.cancel_wished_by = None
    for step in ("take_up", "confirm"):
        LIFECYCLE.advance(payout, step, role=FINANCE)
        payout.save()
    tell_payee(payout, "payout_paid", Words("%(sum)s have been paid to your bank."))


def _write_off(payout: Payout) -> None:
    """It is gone from our balance at the provider, and is still its payee's."""
    if payout.status != Payout.Status.FAILED:  # a failure has given it back before
        available = chart.available(payout.party, payout.currency)
        book_payout(payout, chart.leaving(payout.public_id), available, "cancel")
    losses, provider = chart.losses(payout.currency), chart.provider(payout.currency)
    move_money(
        Move("transfer_lost", losses, provider, payout.amount, payout.currency),
        key=f"{payout.public_id}:lost",
    )
    LIFECYCLE.advance(payout, "write_off", role=FINANCE)
    payout.lost_at = payout.closed_at = now()
    payout.next_check_at = payout.cancel_wished_at = payout.cancel_wished_by = None
    payout.save()
    payout.earnings.update(payout=None)
    tell_payee(
        payout,
        "payout_cancelled",
        Words("Your payout of %(sum)s was cancelled. The money goes out with the next one."),
    )


def _checked_id(bank_payout: str) -> str:
    """What has arrived is one bank payout, by its id at the provider."""
    if not bank_payout.startswith("po_") or len(bank_payout) > LONGEST_ID:
        raise InvalidInput(
            "Give the provider’s id of the bank payout: it begins with po_.", param="bank_payout"
        )
    if PayoutAttempt.objects.filter(remote_id=bank_payout).exists():
        raise InvalidInput(OF_ANOTHER, param="bank_payout")
    return bank_payout


def _name(attempt: PayoutAttempt, remote_id: str) -> None:
    if not remote_id:
        return
    attempt.remote_id = remote_id
    try:
        with transaction.atomic():
            attempt.save(update_fields=["remote_id"])
    except IntegrityError:
        raise InvalidInput(OF_ANOTHER, param="bank_payout") from None
