"""What finance answers a bank: evidence, or that the bank may have it. The wish is noted first."""

from django.db import transaction

from accounts.parties.selectors import person_ids_of
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import FINANCE
from marketplace.common.text import checked_text
from marketplace.common.words import said_moment
from payments.chargebacks.models import ACCEPT, ANSWER, LIFECYCLE, Chargeback
from payments.chargebacks.roles import role_in
from payments.chargebacks.services import (
    ANSWER_AGAIN,
    ask_about_chargeback,
    is_same_wish,
    record_chargeback,
)
from payments.chargebacks.words import why_not_told
from payments.escrow.models import Escrow
from payments.gateway import chargebacks as provider
from payments.gateway.base import GatewayRefused, GatewayUnknown
from payments.gateway.chargebacks import RemoteChargeback
from payments.gateway.outcomes import unreachable

LONGEST_EVIDENCE = 20_000


def send_evidence(*, chargeback_id: int, by: User, text: str) -> Chargeback:
    """Answer the bank, once: it reads no second letter. Not atomic.

    Raises NotAllowed, InvalidInput (``evidence``), WrongState (answered, too late, decided, or
    refused by the provider) or ProviderUnreachable (the wish stays, and the sweep fulfils it).
    """
    wish_to_answer(chargeback_id=chargeback_id, by=by, text=text)
    return tell_bank(chargeback_id=chargeback_id)


def accept_loss(*, chargeback_id: int, by: User) -> Chargeback:
    """Let the bank have it. Not atomic; raises as ``send_evidence`` does."""
    wish_to_accept(chargeback_id=chargeback_id, by=by)
    return tell_bank(chargeback_id=chargeback_id)


@transaction.atomic
def wish_to_answer(*, chargeback_id: int, by: User, text: str) -> None:
    """The wish alone, which the sweep fulfils where nobody else does."""
    _wish(chargeback_id, ANSWER, by, text)


@transaction.atomic
def wish_to_accept(*, chargeback_id: int, by: User) -> None:
    """The wish alone, which the sweep fulfils where nobody else does."""
    _wish(chargeback_id, ACCEPT, by)


def tell_bank(*, chargeback_id: int) -> Chargeback:
    """Fulfil the wish that was just noted. Not atomic; raises as ``send_evidence`` does."""
    chargeback = fulfil_answer(chargeback_id=chargeback_id)
    if chargeback.failure_code:  # somebody else was faster, and it was not fulfilled
        raise WrongState(why_not_told(chargeback))
    return chargeback


def fulfil_answer(*, chargeback_id: int) -> Chargeback:
    """Tell the provider what is wished for. Not atomic. Safe to run again and by two at once: one
    wish has one key.
    """
    chargeback = Chargeback.objects.get(pk=chargeback_id)
    if not chargeback.answer:
        return chargeback
    try:
        remote = _tell_provider(chargeback)
    except GatewayRefused as refusal:
        _note_refusal(chargeback, refusal.code)
        raise WrongState(f"The payment provider does not take it: {refusal.message}") from refusal
    except GatewayUnknown as unknown:
        raise unreachable(unknown, "It is told as soon as it answers.") from unknown
    try:
        return record_chargeback(remote=remote, fulfilled=chargeback)
    except InvalidInput:
        # What it says cannot be booked, and a person looks at it; but told it is.
        _note_refusal(chargeback, "")
        raise


def look_after_chargeback(*, chargeback_id: int) -> None:
    """What the sweep does with one whose time has come: give its answer, or ask how it stands."""
    ask_about_chargeback(chargeback_id=chargeback_id)
    fulfil_answer(chargeback_id=chargeback_id)


def _tell_provider(chargeback: Chargeback) -> RemoteChargeback:
    key = f"{chargeback.public_id}:{chargeback.answer}:{chargeback.answer_attempt}"
    if chargeback.answer == ACCEPT:
        return provider.accept_chargeback(key=key, remote_id=chargeback.remote_id)
    return provider.send_evidence(key=key, remote_id=chargeback.remote_id, text=chargeback.evidence)


def _wish(chargeback_id: int, step: str, by: User, text: str = "") -> None:
    chargeback = Chargeback.objects.select_for_update().get(pk=chargeback_id)
    LIFECYCLE.judge(chargeback, step, role=role_in(chargeback, by))
    if chargeback.answer:
        raise WrongState("It is being answered already.")
    if step == ANSWER:
        text = checked_text(text, param="evidence", longest=LONGEST_EVIDENCE, least=1)
        if chargeback.answered_at is not None:
            raise WrongState("It was answered before, and the bank reads one answer only.")
        if chargeback.due_at is not None and chargeback.due_at <= now():
            raise WrongState(f"The bank took answers until {said_moment(chargeback.due_at)}.")
        chargeback.evidence = text
    chargeback.answer, chargeback.answered_by = step, by
    chargeback.answer_wished_at, chargeback.failure_code = now(), ""
    chargeback.answer_attempt += 1
    chargeback.next_check_at = now() + ANSWER_AGAIN
    chargeback.save()
    payment = chargeback.payment
    payee_id = Escrow.objects.get(public_id=payment.paid_for).payee_id
    log_deed(
        f"{step} chargeback",
        chargeback.public_id,
        "Let the bank have what it demanded." if step == ACCEPT else "Sent evidence to the bank.",
        by=by,
        role=FINANCE,
        about=person_ids_of(payment.payer_id, payee_id),
        reason=text,
    )


@transaction.atomic
def _note_refusal(told: Chargeback, code: str) -> None:
    """The next wish has a key of its own."""
    chargeback = Chargeback.objects.select_for_update().get(pk=told.pk)
    if is_same_wish(chargeback, told):
        chargeback.answer, chargeback.failure_code = "", code[:80]
        chargeback.save(update_fields=["answer", "failure_code"])
