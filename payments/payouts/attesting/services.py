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
from payments.policies.selectors import refuse_alone

LONGEST_REASON, LONGEST_ID = 2_000, 255
OF_ANOTHER = "That bank payout is another one of ours."


class Outcome(TextChoices):
    ARRIVED = "arrived", "It has arrived at the payee’s bank"
    CAME_BACK = "came_back", "It came back"


# By which step of the table, and what the audit log says of it.
STEPS = {
    Outcome.ARRIVED: ("confirm", "Noted that a payout to a closed account arrived"),
    Outcome.CAME_BACK: ("return", "Noted that a payout to a closed account came back"),
}


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
    LIFECYCLE.judge(payout, STEPS[Outcome(outcome)][0], role=role_in(payout, by))
    if not stranded_payouts().filter(pk=payout_id).exists():
        raise WrongState("Its account answers: what becomes of this payout is asked there.")
    if not payout.transfer_id:
        raise WrongState("The provider has not said yet whether its transfer was made.")
    if outcome != Outcome.ARRIVED or payout.attempts.get(failure_code="").remote_id:
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
    """Note what became of a payout of which the provider says nothing any more, by what its desk or
    the bank says; ``reason`` tells from where that is known.

    Arrived, it is paid. What came back has failed: it stands at the closed account until its payee
    or finance cancels it, which takes its transfer back, and only then goes out anew.
    ``bank_payout`` is its id at the provider, where we were never told. Should the provider speak
    again, its word counts as ever. ``second`` has confirmed it, as somebody must above the limit.
    Raises NotAllowed, InvalidInput, or WrongState (its account answers, its transfer is not known
    yet, or nobody has confirmed it).
    """
    payout, remote_id = judge_attesting(
        payout_id=payout_id, outcome=outcome, by=by, bank_payout=bank_payout
    )
    step, text = STEPS[Outcome(outcome)]
    if second is None:
        refuse_alone(payout.amount, payout.currency)
    else:
        LIFECYCLE.judge(payout, step, role=role_in(payout, second))
    reason = checked_text(reason, param="reason", longest=LONGEST_REASON, least=1)
    attempt = payout.attempts.get(failure_code="")
    if outcome == Outcome.ARRIVED:
        _name(attempt, remote_id)
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
