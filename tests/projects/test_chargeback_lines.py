"""What a client's bank does stands in the contract's timeline, for both sides, each thing once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.models import Chargeback, ChargebackMovement, ChargebackNews
from payments.chargebacks.services import record_chargeback
from payments.chargebacks.telling import services as telling
from payments.chargebacks.words import movement_in_words
from payments.escrow.services import take_in
from payments.gateway.chargebacks import ChargebackState
from projects.bonuses.services import give_bonus
from projects.contracts.banks import services as banks
from projects.contracts.banks.services import tell_chargeback
from projects.contracts.models import Contract, Event
from projects.contracts.sentences import sentence_of
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import deliver_notification, tell_chargebacks
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.test_roll_rest import rolled, two
from tests.races import at_once, meet_after
from tests.world import active_contract, api_of, browser, funded_milestone

pytestmark = pytest.mark.django_db


def lines() -> list[str]:
    """What the timeline says of banks by now."""
    assert tell_chargebacks()["failed"] == 0
    told = Event.objects.filter(kind__startswith="chargeback_").order_by("pk")
    return [sentence_of(event).text for event in told]


# --- Who has to answer ---------------------------------------------------------------------------


def asked_of(person) -> list[Notification]:
    assert tell_chargebacks()["failed"] == 0
    return list(person.notifications.filter(kind="chargeback_to_answer").order_by("pk"))


def test_finance_hears_each_time_that_a_bank_asks_and_by_when(ada, ben, dora):
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    chargeback = bank.asks()
    (asked,) = asked_of(dora)
    assert "asks about $1,030.00 that were paid for “Part 1”. Answer it by" in str(asked.text)
    assert asked.path == f"/desk/chargebacks/{chargeback.public_id}/"

    bank.takes()
    bank.says(ChargebackState.OPEN)  # said again, and nothing new
    assert len(asked_of(dora)) == 2
    assert asked_of(ada) == asked_of(ben) == []


def test_nobody_of_finance_is_asked_about_their_own_money(ada, ben, dora):
    for side in (ada, ben):
        grant_staff_roles(user_id=side.pk, roles={"finance"}, by=SYSTEM)
    Bank(payment_of(funded_milestone(ada, ben).escrow)).takes()

    assert len(asked_of(dora)) == 1
    assert asked_of(ada) == asked_of(ben) == []


def test_what_was_answered_or_decided_before_anybody_looked_asks_nobody(ada, ben, dora):
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    bank.takes()
    record_chargeback(remote=bank.word(ChargebackState.REVIEW, is_answered=True))

    assert asked_of(dora) == []
    assert len(lines()) == 3


def test_its_mail_is_called_off_once_the_bank_has_its_answer(ada, ben, dora):
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    bank.takes()
    (asked,) = asked_of(dora)
    record_chargeback(remote=bank.word(ChargebackState.REVIEW, is_answered=True))

    deliver_notification(notification_id=asked.pk)

    asked.refresh_from_db()
    assert "waits for no answer any more" in asked.mail_called_off


# --- Each thing ----------------------------------------------------------------------------------


def test_from_the_question_to_the_verdict_each_thing_is_a_line(ada, ben):
    milestone = funded_milestone(ada, ben)
    bank = Bank(payment_of(milestone.escrow))

    bank.asks()
    assert lines() == [
        "The client’s bank asks about the payment for “Part 1”, and takes nothing: $1,030.00"
    ]
    bank.takes()
    assert lines()[1:] == [
        "The client’s bank wants the payment for “Part 1” back: $1,030.00",
        "The client’s bank took money of “Part 1”: $1,030.00 of what was held",
    ]
    bank.says(ChargebackState.REVIEW)
    bank.gives_back()
    assert lines()[3:] == [
        "The client’s bank decides about the payment for “Part 1”: $1,030.00",
        "The client’s bank has found for us: the payment for “Part 1” stands: $1,030.00",
        "The client’s bank gave money of “Part 1” back: $1,030.00 of what is held again",
    ]


def test_what_the_freelancer_owes_is_said_to_the_cent(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)
    bank = Bank(payment_of(milestone.escrow))
    bank.takes()
    bank.keeps()

    assert lines()[1:] == [
        "The client’s bank took money of “Part 1”: $1,030.00 ($618.00 of what was held, "
        "$412.00 of what was released: the freelancer owes $388.00)",
        "The client’s bank has decided against us: it keeps what it took for “Part 1”: $1,030.00",
    ]
    taken = Event.objects.get(kind="chargeback_taken")
    assert taken.detail["owed"] == 38_800
    assert (taken.role, taken.about) == ("system", bank.payment.chargebacks.get().public_id)
    bank.gives_back()
    assert lines()[-1].endswith(
        "$618.00 of what is held again, $412.00 of what was released: the freelancer owes $388.00 "
        "less)"
    )


def test_a_demand_that_is_given_up_says_so(ada, ben):
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    bank.asks()
    bank.says(ChargebackState.CLOSED)
    assert lines()[-1] == "The client’s bank has given up its demand for “Part 1”: $1,030.00"


def test_what_changes_between_two_looks_is_not_lost(ada, ben):
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    bank.asks()
    bank.takes()
    bank.gives_back()
    kinds = [kind.removeprefix("chargeback_") for kind in told_kinds()]
    assert kinds == ["inquiry", "open", "taken", "won", "returned"]


def told_kinds() -> list[str]:
    lines()
    told = Event.objects.filter(kind__startswith="chargeback_").order_by("pk")
    return list(told.values_list("kind", flat=True))


def test_money_that_was_on_its_way_back_anyway_says_so(ada, ben):
    milestone = funded_milestone(ada, ben)
    cancel_milestone(milestone_id=milestone.pk, by=ben)
    Bank(payment_of(milestone.escrow)).takes()
    (taken,) = [line for line in lines() if "took money" in line]
    assert taken.endswith(": $1,030.00 that are on the way back to the client")


@pytest.mark.parametrize(
    ("owed", "less"), [(-38_800, "; the freelancer owes $388.00 less"), (0, "")]
)
def test_a_refund_that_was_refused_later_stands_in_for_what_was_owed(owed, less):
    movement = ChargebackMovement(
        chargeback=Chargeback(currency="USD"), amount=0, refunds=41_200, released=-41_200, owed=owed
    )
    said = f"$412.00 of it were on the way back to the client{less}"
    assert movement_in_words(movement) == said


def test_money_that_was_rolled_on_is_told_once(ada, ben):
    first, _ = rolled(*two(ada, ben), ada, ben)
    Bank(payment_of(first.escrow)).takes()
    assert lines()[1:] == [
        "The client’s bank took money of “Part 1”: $1,030.00 ($618.00 of what was held, "
        "$412.00 of what was released: the freelancer owes $388.00)"
    ]


def test_of_a_bonus_it_stands_there_too(ada, ben):
    contract = active_contract(ada, ben, [10_000])
    _, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    take_in(payment_id=payment.pk, intent_id="", charge_id="ch_bonus")
    payment.refresh_from_db()
    Bank(payment).takes()
    assert lines()[-1].endswith("$51.50 of what was released: the freelancer owes $48.50")


# --- Who reads it --------------------------------------------------------------------------------


def test_both_sides_read_the_same_and_nobody_else_does(ada, ben, cleo):
    milestone = funded_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    bank = Bank(payment_of(milestone.escrow))
    bank.takes()
    said = lines()
    path = f"/contracts/{milestone.contract.public_id}/"
    for person in (ada, ben):
        told = api_of(person).get(f"/api/v1{path}timeline/").json()["results"]
        assert [one["text"] for one in told if one["kind"].startswith("chargeback_")] == said
        page = browser(person).get(path).content.decode()
        assert all(line in page for line in said)
        assert "$15.00" not in page, "the provider's own fee is the platform's cost"
        assert bank.remote_id not in page
    assert browser(cleo).get(path).status_code == 404
    assert api_of(cleo).get(f"/api/v1{path}timeline/").status_code == 404


def test_nobody_is_mailed_a_second_time(ada, ben):
    Bank(payment_of(funded_milestone(ada, ben).escrow)).takes()
    before = Notification.objects.count()
    lines()
    assert Notification.objects.count() == before


# --- Once ----------------------------------------------------------------------------------------


def test_the_same_word_twice_is_one_line_and_so_is_a_second_look(ada, ben):
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    bank.takes()
    bank.says(ChargebackState.OPEN)
    bank.says(ChargebackState.OPEN)
    assert len(lines()) == len(lines()) == 2
    news = ChargebackNews.objects.first()
    assert tell_chargeback(news_id=news.pk) is None
    assert Event.objects.filter(kind__startswith="chargeback_").count() == 2


def test_money_of_no_contract_is_looked_at_once(ada, ben):
    milestone = funded_milestone(ada, ben)
    Bank(payment_of(milestone.escrow)).takes()
    type(milestone.escrow).objects.update(book="elsewhere")
    assert lines() == []
    assert not ChargebackNews.objects.filter(told_at=None).exists()


def test_a_line_that_fails_is_told_by_the_next_look(ada, ben, monkeypatch):
    Bank(payment_of(funded_milestone(ada, ben).escrow)).takes()
    real = banks.record

    def fails(*_: object, **__: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(banks, "record", fails)
    assert tell_chargebacks() == {"done": 0, "failed": 2}
    monkeypatch.setattr(banks, "record", real)
    assert len(lines()) == 2


@pytest.mark.django_db(transaction=True)
def test_eight_looks_at_once_write_one_line(ada, ben, bells):
    Bank(payment_of(funded_milestone(ada, ben).escrow)).takes()
    news = ChargebackNews.objects.earliest("pk")
    assert at_once(*[lambda: tell_chargeback(news_id=news.pk)] * 8) == ["done"] * 8
    assert Event.objects.filter(kind="chargeback_open").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_all_eight_write_it(ada, ben, bells, monkeypatch):
    Bank(payment_of(funded_milestone(ada, ben).escrow)).takes()
    news = ChargebackNews.objects.earliest("pk")
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, telling, "now")

    outcomes = at_once(*[lambda: tell_chargeback(news_id=news.pk)] * 8)

    monkeypatch.undo()
    assert outcomes == ["done"] * 8
    assert Event.objects.filter(kind="chargeback_open").count() == 8


def test_old_news_is_in_the_order_in_which_it_happened(ada, ben):
    contract = Contract.objects.get(pk=funded_milestone(ada, ben).contract_id)
    milestone = contract.milestones.get()
    bank = Bank(payment_of(milestone.escrow))
    bank.takes()
    bank.keeps()
    ChargebackNews.objects.update(created_at=now() - timedelta(days=1))
    assert [kind.removeprefix("chargeback_") for kind in told_kinds()] == ["open", "taken", "lost"]
