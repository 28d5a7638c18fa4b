"""A payout whose account was closed under it: the provider says nothing of it any more, and finance
says what became of it.
"""

from django.db import IntegrityError, transaction
from django.db.models import TextChoices

from accounts.parties.selectors import person_ids_of
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import FINANCE
from marketplace.common.money import in_words
from marketplace.common.text import checked_text
from payments.payouts.models import LIFECYCLE, Payout, PayoutAttempt
from payments.payouts.roles import role_in
from payments.payouts.selectors import stranded_payouts
from payments.payouts.sending.services import arrive, fail
from payments.payouts.services import lock_payout

LONGEST_REASON, LONGEST_ID = 2_000, 255


class Outcome(TextChoices):
    ARRIVED = "arrived", "It has arrived at the payee’s bank"
    CAME_BACK = "came_back", "It came back"


# By which step of the table, and what the audit log says of it.
STEPS = {
    Outcome.ARRIVED: ("confirm", "Noted that a payout to a closed account arrived"),
    Outcome.CAME_BACK: ("return", "Noted that a payout to a closed account came back"),
}


@transaction.atomic
def attest_payout(
    *, payout_id: int, outcome: str, reason: str, by: User, bank_payout: str = ""
) -> Payout:
    """Note what became of a payout of which the provider says nothing any more, by what its desk or
    the bank says; ``reason`` tells from where that is known.

    Arrived, it is paid. What came back has failed: it stands at the closed account until its payee
    or finance cancels it, which takes its transfer back, and only then goes out anew.
    ``bank_payout`` is its id at the provider, where we were never told. Should the provider speak
    again, its word counts as ever. Raises NotAllowed, InvalidInput, or WrongState (its account
    answers, or its transfer is not known yet).
    """
    payout = lock_payout(pk=payout_id)
    if outcome not in Outcome.values:
        raise InvalidInput(f"It is one of {', '.join(Outcome.values)}.", param="outcome")
    step, text = STEPS[Outcome(outcome)]
    role = role_in(payout, by)
    LIFECYCLE.judge(payout, step, role=role)
    if not stranded_payouts().filter(pk=payout_id).exists():
        raise WrongState("Its account answers: what becomes of this payout is asked there.")
    if not payout.transfer_id:
        raise WrongState("The provider has not said yet whether its transfer was made.")
    reason = checked_text(reason, param="reason", longest=LONGEST_REASON, least=1)
    attempt = payout.attempts.get(failure_code="")
    if outcome == Outcome.ARRIVED:
        _name(attempt, bank_payout.strip())
        arrive(payout, attempt)
    else:
        fail(payout, attempt, "account_replaced")
    log_deed(
        f"{step} payout",
        payout.public_id,
        f"{text}: {in_words(payout.amount, payout.currency)}.",
        by=by,
        role=FINANCE,
        about=person_ids_of(payout.party_id),
        reason=reason,
    )
    return payout


def _name(attempt: PayoutAttempt, bank_payout: str) -> None:
    """What has arrived is one bank payout, by its id at the provider."""
    if attempt.remote_id:
        return
    if not bank_payout.startswith("po_") or len(bank_payout) > LONGEST_ID:
        raise InvalidInput(
            "Give the provider’s id of the bank payout: it begins with po_.", param="bank_payout"
        )
    attempt.remote_id = bank_payout
    try:
        with transaction.atomic():
            attempt.save(update_fields=["remote_id"])
    except IntegrityError:
        raise InvalidInput(
            "That bank payout is another one of ours.", param="bank_payout"
        ) from None
