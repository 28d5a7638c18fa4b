"""What can happen to a bonus, in the order it happens."""

from django.db import transaction

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, KeyReused, NotAllowed
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import checked_amount, in_words
from marketplace.common.text import checked_text
from marketplace.common.words import Money, Words
from payments.escrow import services as escrows
from payments.escrow.facts import facts_now
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.policies.fees import check_payable
from payments.policies.selectors import minimum_milestone
from projects.bonuses.models import Bonus
from projects.contracts.models import LIFECYCLE, Contract
from projects.contracts.roles import Actor, role_in
from projects.contracts.selectors import page_of
from projects.contracts.services import lock_contract, record, tell_other_side

LONGEST_NOTE = 1_000


def checked_bonus(amount: object, contract: Contract, *, param: str = "amount") -> int:
    """What can be given, in minor units, before fees. Raises InvalidInput."""
    value = checked_amount(amount, param=param)
    least = minimum_milestone(contract.policy, contract.currency)
    if value < least:
        words = in_words(least, contract.currency)
        raise InvalidInput(f"A bonus is at least {words}.", param=param)
    check_payable(value, currency=contract.currency, policy=contract.policy, param=param)
    return value


@transaction.atomic
def give_bonus(
    *, contract_id: int, by: Actor, amount: int, note: str = "", once: str = ""
) -> tuple[Bonus, Payment]:
    """Start paying ``amount``, in minor units, on top of what was agreed; the fees come as always.

    The payment's pay page is opened afterwards by the door; once it is paid, the money goes to the
    freelancer at once. ``once`` names the wish: the same one sent again finds the same bonus.
    Raises NotAllowed, WrongState (the contract is neither active nor completed), InvalidInput or
    KeyReused.
    """
    contract = lock_contract(contract_id)
    LIFECYCLE.judge(contract, "give_bonus", role=role_in(contract, by))
    amount = checked_bonus(amount, contract)
    note = checked_text(note, param="note", longest=LONGEST_NOTE)
    known = contract.bonuses.filter(once=once).first() if once else None
    if known is not None:
        if known.escrow.amount != amount:
            raise KeyReused("This bonus was asked for before with another amount.")
        return known, _ask(known)
    # The contract knows only people who act for a side as its client.
    assert isinstance(by, User)
    bonus = Bonus.objects.create(
        contract=contract,
        given_by=by,
        note=note,
        once=once,
        escrow=escrows.open_escrow(
            payer=contract.client,
            payee=contract.freelancer,
            amount=amount,
            currency=contract.currency,
            policy=contract.policy,
            book=contract.public_id,
            title=f"Bonus: {contract.title}",
            kind=Escrow.Kind.BONUS,
        ),
    )
    return bonus, _ask(bonus)


@transaction.atomic
def pay_bonus(*, bonus_id: int, by: Actor) -> Payment:
    """Go on with a bonus that was not paid: another pay page where the first has closed."""
    bonus = _judged(bonus_id, by)
    LIFECYCLE.judge(bonus.contract, "give_bonus", role=CLIENT)
    return _ask(bonus)


@transaction.atomic
def withdraw_bonus(*, bonus_id: int, by: Actor) -> Bonus:
    """Think better of it while it is not paid. Raises WrongState once it is."""
    bonus = _judged(bonus_id, by)
    bonus.escrow = escrows.drop(escrow_id=bonus.escrow_id)
    return bonus


@transaction.atomic
def tell_bonus(*, bonus_id: int) -> None:
    """It was paid below: the freelancer hears of it, to the cent. Safe to call again."""
    bonus = _locked(bonus_id)
    if bonus.told_at is not None or bonus.escrow.status != Escrow.Status.RELEASED:
        return
    bonus.told_at = now()
    bonus.save(update_fields=["told_at"])
    contract, escrow = bonus.contract, bonus.escrow
    words = in_words(escrow.amount, escrow.currency)
    record(contract, "bonus_paid", by=bonus.given_by, about=bonus, terms=words)
    text = Words(
        "%(who)s paid you a bonus of %(bonus)s for “%(title)s”: you get %(net)s.",
        who=contract.client.name,
        bonus=Money(escrow.amount, escrow.currency),
        title=contract.title,
        net=Money(facts_now(escrow).received, escrow.currency),
    )
    if bonus.note:
        text += Words.of_others(bonus.note)
    tell_other_side(contract, "bonus_paid", text, by=bonus.given_by)


def _ask(bonus: Bonus) -> Payment:
    return escrows.ask_for_funds(escrow_id=bonus.escrow_id, return_path=page_of(bonus.contract))


def _judged(bonus_id: int, by: Actor) -> Bonus:
    """Only the contract's client gives, pays or takes back."""
    bonus = _locked(bonus_id)
    if role_in(bonus.contract, by) != CLIENT:
        raise NotAllowed("The client of the contract gives the bonus.")
    return bonus


def _locked(bonus_id: int) -> Bonus:
    """The contract first, then its bonus, as everywhere."""
    contract = lock_contract(Bonus.objects.values_list("contract_id", flat=True).get(pk=bonus_id))
    bonus = Bonus.objects.select_for_update(of=("self",)).get(pk=bonus_id)
    bonus.contract = contract
    return bonus
