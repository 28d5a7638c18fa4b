"""What a client's bank did, as lines of the contract's timeline; who has to answer it hears so."""

from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse

from accounts.notifications.services import notify
from accounts.people.models import StaffRole
from accounts.people.selectors import staff_with
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import in_words
from marketplace.common.words import Money, Words
from payments.chargebacks.models import Chargeback, ChargebackNews
from payments.chargebacks.reminding.selectors import KIND as REMINDER
from payments.chargebacks.reminding.selectors import key_of
from payments.chargebacks.reminding.services import take_reminder
from payments.chargebacks.roles import role_in
from payments.chargebacks.telling.services import take_news
from payments.chargebacks.words import movement_in_words
from payments.escrow.models import Escrow
from projects.contracts.models import Contract, Event
from projects.contracts.services import record


@dataclass(frozen=True)
class _Subject:
    """The chargeback, under the name of what its payment was for."""

    public_id: str
    title: str

    def __str__(self) -> str:
        return self.title


@transaction.atomic
def tell_chargeback(*, news_id: int) -> Event | None:
    """Write down one thing that a bank did. Both sides read the same; mails have gone out below.

    Found by a sweep, since the payments floor has never heard of a contract. None where it was
    told before, or the money is no contract's.
    """
    news = take_news(news_id=news_id)
    if news is None:
        return None
    escrow = Escrow.objects.get(public_id=news.chargeback.payment.paid_for)
    contract = Contract.objects.filter(public_id=escrow.book).first()
    if contract is None:
        return None
    if news.status and news.chargeback.waits_for_answer:
        _ask_finance(news.chargeback, escrow.title)
    subject = _Subject(news.chargeback.public_id, escrow.title)
    return record(contract, _kind_of(news), by=SYSTEM, about=subject, **_detail_of(news))


def _ask_finance(chargeback: Chargeback, title: str) -> None:
    """Whoever may answer, each time that a bank asks anew: unanswered, it keeps what it wants."""
    text = Words("A client's bank asks about %(amount)s that were paid for “%(title)s”.")
    if chargeback.due_at:
        text += Words("Answer it by %(due)s.", due=chargeback.due_at)
    _tell_finance(chargeback, title, "chargeback_to_answer", text)
    # It names the date: where that is near, nobody is reminded of it in the same minute.
    take_reminder(chargeback_id=chargeback.pk)


@transaction.atomic
def remind_finance(*, chargeback_id: int) -> None:
    """A bank's time for our answer is nearly over: whoever may give it hears so, each time once.
    Safe to call too early, too late or again.
    """
    chargeback = take_reminder(chargeback_id=chargeback_id)
    if chargeback is None:
        return
    assert chargeback.reminded_of and chargeback.due_at
    escrow = Escrow.objects.get(public_id=chargeback.payment.paid_for)
    text = Words(
        "A client's bank has no answer yet about %(amount)s that were paid for “%(title)s”. It "
        "takes one until %(due)s, and after that none.",
        due=chargeback.due_at,
    )
    key = key_of(chargeback, chargeback.reminded_of)
    _tell_finance(chargeback, escrow.title, REMINDER, text, key=key)


def _tell_finance(
    chargeback: Chargeback, title: str, kind: str, text: Words, *, key: str = ""
) -> None:
    amount = Money(chargeback.amount, chargeback.currency)
    for person in staff_with(StaffRole.FINANCE):
        if role_in(chargeback, person) is None:
            continue
        notify(
            to=person,
            kind=kind,
            text=text.filled(amount=amount, title=title),
            path=reverse("desk-chargeback", args=[chargeback.public_id]),
            key=key,
            about=chargeback.public_id,
            title=title,
        )


def _kind_of(news: ChargebackNews) -> str:
    movement = news.movement
    if movement is None:
        return f"chargeback_{news.status}"
    if movement.amount == 0:
        return "chargeback_shifted"
    return "chargeback_taken" if movement.amount > 0 else "chargeback_returned"


def _detail_of(news: ChargebackNews) -> dict[str, int | str]:
    chargeback, movement = news.chargeback, news.movement
    if movement is None:
        words = in_words(chargeback.amount, chargeback.currency)
        return {"amount": chargeback.amount, "terms": words}
    movement.chargeback = chargeback
    return {
        "amount": movement.amount,
        "held": movement.held,
        "released": movement.released,
        "owed": movement.owed,
        "terms": movement_in_words(movement),
    }
