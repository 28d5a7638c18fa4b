"""A bank takes an answer for some days only: finance is reminded, and reads that it is over."""

from datetime import timedelta

import pytest
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.answering.services import wish_to_accept, wish_to_answer
from payments.chargebacks.models import Chargeback
from payments.chargebacks.reminding import services as reminding
from payments.chargebacks.reminding.services import take_reminder
from payments.chargebacks.services import record_chargeback
from payments.gateway.chargebacks import ChargebackState
from projects.contracts.banks.services import remind_finance
from projects.tasks import deliver_notification, remind_of_banks, tell_chargebacks
from tests.payments.chargeback_world import Bank, payment_of
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import api_of, browser, funded_milestone, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(ada, ben, dora) -> Bank:
    """It has asked for an answer within seven days, and finance knows."""
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    bank.takes()
    assert tell_chargebacks()["failed"] == 0
    return bank


def reminders() -> QuerySet[Notification]:
    return Notification.objects.filter(kind="chargeback_answer_due").order_by("pk")


def struck() -> int:
    """How many reminders the sweep tells now."""
    before = reminders().count()
    counts = remind_of_banks()
    assert counts["failed"] == 0
    return reminders().count() - before


def test_finance_is_reminded_three_days_and_one_day_before_each_once(bank, dora, later):
    chargeback = Chargeback.objects.get()
    later(days=3, hours=23)
    assert struck() == 0
    later(hours=2)
    assert struck() == 1
    assert remind_of_banks() == {"done": 0, "failed": 0}
    later(days=1, hours=22)
    assert struck() == 0
    later(hours=1)
    assert struck() == 1
    later(days=1)
    assert struck() == 0, "the bank takes none any more"

    first, _ = reminders()
    assert (first.recipient, first.path) == (dora, f"/desk/chargebacks/{chargeback.public_id}/")
    assert "no answer yet about $1,030.00 that were paid for “Part 1”. It takes" in str(first.text)


def test_another_date_is_told_of_anew(bank, later):
    later(days=5)
    assert struck() == 1
    bank.due_in_days = 5
    bank.says(ChargebackState.OPEN)
    assert struck() == 0
    later(days=3)
    assert struck() == 1


def test_what_was_asked_just_now_is_not_reminded_of_in_the_same_minute(ada, ben, dora, later):
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    bank.due_in_days = 2
    bank.takes()
    assert struck() == 0, "finance has to be asked first"
    assert tell_chargebacks()["failed"] == 0
    assert struck() == 0
    later(days=1, hours=1)
    assert struck() == 1


@pytest.mark.parametrize("answered", ["told", "to be accepted"])
def test_what_needs_no_answer_reminds_nobody(bank, dora, later, answered):
    if answered == "told":
        record_chargeback(remote=bank.word(ChargebackState.REVIEW, is_answered=True))
    else:
        wish_to_accept(chargeback_id=Chargeback.objects.get().pk, by=dora)
    later(days=6, hours=1)
    assert struck() == 0
    remind_finance(chargeback_id=Chargeback.objects.get().pk)
    assert not reminders().exists()


def test_an_answer_that_has_not_arrived_is_none(bank, dora, later):
    wish_to_answer(chargeback_id=Chargeback.objects.get().pk, by=dora, text="All was delivered.")
    later(days=6, hours=1)
    assert struck() == 1


def test_nobody_of_finance_is_reminded_of_their_own_money(bank, ada, ben, dora, later):
    for side in (ada, ben):
        grant_staff_roles(user_id=side.pk, roles={"finance"}, by=SYSTEM)
    later(days=6, hours=1)
    assert struck() == 1
    assert reminders().get().recipient == dora


@pytest.mark.parametrize(
    ("since", "why"),
    [
        ("", ""),
        ("answered", "waits for no answer any more"),
        ("accepted", "waits for no answer any more"),
        ("over", "waits for no answer any more"),
        ("another date", "waits for no answer any more"),
    ],
)
def test_its_mail_is_called_off_once_it_is_no_longer_so(bank, dora, later, since, why):
    later(days=6, hours=1)
    remind_of_banks()
    if since == "answered":
        record_chargeback(remote=bank.word(ChargebackState.REVIEW, is_answered=True))
    if since == "accepted":
        wish_to_accept(chargeback_id=Chargeback.objects.get().pk, by=dora)
    if since == "over":
        Chargeback.objects.update(due_at=now() - timedelta(seconds=1))
    if since == "another date":
        bank.says(ChargebackState.OPEN)

    deliver_notification(notification_id=reminders().get().pk)

    assert why in reminders().get().mail_called_off
    assert bool(reminders().get().mail_called_off) == bool(why)


def test_the_desk_and_the_api_mark_what_is_overdue(bank, dora, later):
    chargeback = Chargeback.objects.get()
    shown, desk = browser(dora), f"/desk/chargebacks/{chargeback.public_id}/"

    def marks() -> tuple[bool, ...]:
        pages = [shown.get(path).content.decode() for path in ("/desk/", "/desk/chargebacks/")]
        one = shown.get(desk).content.decode()
        told = api_of(dora).get(f"/api/v1{desk}").json()
        listed = api_of(dora).get("/api/v1/desk/chargebacks/").json()["results"][0]
        return (
            *("Overdue" in page for page in pages),
            "Nobody has answered in time" in one,
            "Send evidence" not in one,
            told["is_overdue"],
            listed["is_overdue"],
        )

    later(days=6, hours=23)
    assert set(marks()) == {False}
    later(hours=2)
    assert set(marks()) == {True}
    record_chargeback(remote=bank.word(ChargebackState.REVIEW, is_answered=True))
    assert marks()[:3] == (False, False, False)


def test_a_second_of_finance_hears_it_too(bank, dora, later):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"finance"}, by=SYSTEM)
    later(days=6, hours=1)
    assert struck() == 2
    assert {one.recipient for one in reminders()} == {dora, emil}


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_tell_it_once(bank, later):
    later(days=6, hours=1)
    pk = Chargeback.objects.get().pk

    assert at_once(*[lambda: remind_finance(chargeback_id=pk)] * 8) == ["done"] * 8

    assert reminders().count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_locked", "times"), [(True, 1), (False, 8)])
def test_its_lock_lets_one_of_eight_take_a_reminder(bank, later, monkeypatch, is_locked, times):
    later(days=6, hours=1)
    pk = Chargeback.objects.get().pk
    if not is_locked:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
        meet_after(monkeypatch, reminding, "reminder_of")

    taken = outcomes_at_once(*[lambda: take_reminder(chargeback_id=pk)] * 8)

    monkeypatch.undo()
    assert sum(isinstance(one, Chargeback) for one in taken) == times
    assert taken.count(None) == 8 - times
