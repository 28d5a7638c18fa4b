"""How released money goes back: the client asks and the freelancer agrees, or gives unasked."""

from datetime import timedelta

from django.db import transaction

from accounts.parties.models import Party
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, KeyReused, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import in_words
from marketplace.common.outages.rules import judge_struck
from marketplace.common.text import checked_text
from marketplace.common.words import Money, Words
from payments.escrow.givebacks.rules import (
    checked_amount_back,
    given_back_by,
    judge_giving_back,
)
from payments.escrow.givebacks.services import give_back_released
from payments.escrow.models import Escrow
from projects.contracts.models import LIFECYCLE as CONTRACT_LIFECYCLE
from projects.contracts.models import Contract
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import lock_contract, record, tell_other_side
from projects.givebacks.models import LIFECYCLE, GiveBack

S = GiveBack.Status

LONGEST_NOTE = 2_000
# Of one contract: each is a mail to the other side.
MOST_ASKED = 20


@transaction.atomic
def ask_back(
    *, contract_id: int, escrow_id: int, by: Actor, amount: int, note: str = "", once: str = ""
) -> GiveBack:
    """Ask for ``amount`` of a released price back, in minor units, before fees.

    Nothing moves before the freelancer agrees; they have the policy's days to answer. Raises
    NotAllowed, InvalidInput, KeyReused, or WrongState: too late, one is asked for already or may be
    put off, or the client's bank takes it back by itself.
    """
    contract = lock_contract(contract_id)
    CONTRACT_LIFECYCLE.judge(contract, "ask_back", role=role_in(contract, by))
    if known := _known(contract, once, amount, escrow_id):
        return known
    escrow = _checked(contract, escrow_id, amount)
    _make_room(contract, escrow)
    giveback = _create(contract, escrow, by, amount, note, once, status=S.ASKED)
    record(contract, "giveback_asked", by=by, about=giveback, terms=_in_words(giveback))
    back = given_back_by(amount, escrow)
    text = Words(
        "%(who)s asks you to give back %(part)s of “%(title)s”: %(net)s of what you got. It is "
        "yours to decide. Without an answer by %(due)s nothing changes.",
        who=contract.client.name,
        part=Money(giveback.amount, escrow.currency),
        title=escrow.title,
        net=Money(back.payee, escrow.currency),
        due=giveback.answer_due_at,
    )
    tell_other_side(contract, "giveback_asked", text, by=by, about=giveback.public_id)
    return giveback


@transaction.atomic
def give_back(
    *, contract_id: int, escrow_id: int, by: Actor, amount: int, note: str = "", once: str = ""
) -> GiveBack:
    """Give ``amount`` of a released price back, unasked. Raises as ``accept_giveback`` does."""
    contract = lock_contract(contract_id)
    CONTRACT_LIFECYCLE.judge(contract, "give_back", role=role_in(contract, by))
    if known := _known(contract, once, amount, escrow_id):
        return known
    escrow = _checked(contract, escrow_id, amount)
    giveback = _create(contract, escrow, by, amount, note, once, status=S.DONE)
    _pay(giveback, by)
    return giveback


@transaction.atomic
def accept_giveback(*, giveback_id: int, by: Actor) -> GiveBack:
    """Agree as the freelancer: the money goes back, all of it or nothing.

    Raises NotAllowed or WrongState: it was answered or has lapsed, it is not with us any more, or
    the client's bank takes it back by itself.
    """
    giveback = _advance(giveback_id, "accept", by=by)
    if giveback.amount > giveback.escrow.kept:
        words = in_words(giveback.escrow.kept, giveback.escrow.currency)
        raise WrongState(f"{words} of its price is released by now, not more.")
    _pay(giveback, by)
    return giveback


@transaction.atomic
def decline_giveback(*, giveback_id: int, by: Actor) -> GiveBack:
    """Say no as the freelancer: nothing changes."""
    giveback = _advance(giveback_id, "decline", by=by)
    contract = giveback.contract
    record(contract, "giveback_declined", by=by, about=giveback)
    text = Words("%(who)s does not give back %(part)s of “%(title)s”. Nothing has changed.")
    text = _filled(text, giveback, contract.freelancer)
    tell_other_side(contract, "giveback_declined", text, by=by)
    return giveback


@transaction.atomic
def withdraw_giveback(*, giveback_id: int, by: Actor) -> GiveBack:
    """Ask no longer, as the client."""
    giveback = _advance(giveback_id, "withdraw", by=by)
    contract = giveback.contract
    record(contract, "giveback_withdrawn", by=by, about=giveback)
    text = Words("%(who)s no longer asks for %(part)s of “%(title)s” back. Nothing has changed.")
    text = _filled(text, giveback, contract.client)
    tell_other_side(contract, "giveback_withdrawn", text, by=by)
    return giveback


@transaction.atomic
def lapse_giveback(*, giveback_id: int) -> GiveBack:
    """Write down that nobody answered in time. Safe to call too early or again."""
    giveback = _lock(giveback_id)
    if giveback.status == S.ASKED and giveback.state == S.LAPSED:
        _lapse(giveback)
    return giveback


def _lapse(giveback: GiveBack) -> None:
    LIFECYCLE.advance(giveback, "lapse", role=SYSTEM)
    _close(giveback)
    contract = giveback.contract
    record(contract, "giveback_lapsed", by=SYSTEM, about=giveback)
    text = Words("Nobody answered whether %(part)s of “%(title)s” goes back. Nothing has changed.")
    text = _filled(text, giveback, contract.client)
    tell_other_side(contract, "giveback_lapsed", text, by=SYSTEM)


def _pay(giveback: GiveBack, by: Actor) -> None:
    """The money moves, and the client hears of it to the cent."""
    contract, escrow = giveback.contract, giveback.escrow
    back = give_back_released(escrow_id=escrow.pk, amount=giveback.amount, deed=giveback.public_id)
    record(contract, "giveback_done", by=by, about=giveback, terms=_in_words(giveback))
    text = Words(
        "%(who)s gives back %(part)s of “%(title)s”: with your fee on it, %(back)s go back to your "
        "card.",
        back=Money(back.payer, escrow.currency),
    )
    text = _filled(text, giveback, contract.freelancer)
    tell_other_side(contract, "giveback_done", text, by=by)


def _filled(text: Words, giveback: GiveBack, who: Party) -> Words:
    escrow = giveback.escrow
    part = Money(giveback.amount, escrow.currency)
    return text.filled(who=who.name, part=part, title=escrow.title)


def _known(contract: Contract, once: str, amount: int, escrow_id: int) -> GiveBack | None:
    known = contract.givebacks.filter(once=once).first() if once else None
    if known is not None and (known.amount, known.escrow_id) != (amount, escrow_id):
        raise KeyReused("This was sent before with another amount, or for something else.")
    return known


def _checked(contract: Contract, escrow_id: int, amount: int) -> Escrow:
    escrow = (
        Escrow.objects.select_related("policy")
        .filter(pk=escrow_id, book=contract.public_id)
        .first()
    )
    if escrow is None:
        raise InvalidInput("This is nothing that was paid on this contract.", param="of")
    judge_giving_back(escrow)
    checked_amount_back(amount, escrow)
    return escrow


def _make_room(contract: Contract, escrow: Escrow) -> None:
    """One question at a time; the caller holds the contract's lock."""
    standing = contract.givebacks.select_for_update().filter(escrow=escrow, status=S.ASKED).first()
    if standing is not None:
        if standing.state == S.ASKED:
            raise WrongState("You have asked for money of this already: wait for the answer.")
        judge_struck()
        _lapse(standing)
    if contract.givebacks.exclude(status=S.DONE).count() >= MOST_ASKED:
        raise WrongState(f"You have asked {MOST_ASKED} times on this contract: more will not help.")


def _create(
    contract: Contract, escrow: Escrow, by: Actor, amount: int, note: str, once: str, *, status: str
) -> GiveBack:
    # The contract knows only people who act for a side.
    assert isinstance(by, User)
    moment = now()
    return GiveBack.objects.create(
        contract=contract,
        escrow=escrow,
        made_by=by,
        amount=amount,
        note=checked_text(note, param="note", longest=LONGEST_NOTE),
        once=once,
        status=status,
        created_at=moment,
        answer_due_at=moment + timedelta(days=contract.policy.proposal_answer_days),
        closed_at=moment if status == S.DONE else None,
    )


def _advance(giveback_id: int, step: str, *, by: Actor) -> GiveBack:
    """Lock the rows first, judge them second."""
    giveback = _lock(giveback_id)
    giveback.status = giveback.state
    LIFECYCLE.advance(giveback, step, role=role_in(giveback.contract, by))
    _close(giveback)
    return giveback


def _close(giveback: GiveBack) -> None:
    giveback.closed_at = now()
    giveback.save(update_fields=["status", "closed_at"])


def _lock(giveback_id: int) -> GiveBack:
    """The contract first, then what is on it, as everywhere."""
    contract_id = GiveBack.objects.values_list("contract_id", flat=True).get(pk=giveback_id)
    contract = lock_contract(contract_id)
    giveback = (
        GiveBack.objects.select_for_update(of=("self",))
        .select_related("escrow__policy")
        .get(pk=giveback_id)
    )
    giveback.contract = contract
    return giveback


def _in_words(giveback: GiveBack) -> str:
    return in_words(giveback.amount, giveback.escrow.currency)
