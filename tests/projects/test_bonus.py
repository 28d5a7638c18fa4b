"""A bonus: paid on top of what was agreed, and the freelancer's the moment it is."""

import json
import threading
import time
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput, KeyReused, NotAllowed, WrongState
from marketplace.common.lifecycle import Lifecycle
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.escrow.services import take_in
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts.models import Earning
from payments.policies.fees import fee_on
from payments.refunds.models import Refund
from projects.agreements.services import close_finished_contract
from projects.bonuses import services as bonuses
from projects.bonuses.models import Bonus
from projects.bonuses.services import give_bonus, pay_bonus, withdraw_bonus
from projects.contracts.models import Contract, Event
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import tell_bonuses
from tests.payments.racing import at_once
from tests.projects.test_races import stopped_by_the_database, without_locks
from tests.races import meet_after, outcomes_at_once, somebody_waits
from tests.sandbox import play_on
from tests.world import active_contract, api_of, funded_milestone, offered_contract

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def pay(payment: Payment) -> Escrow:
    return take_in(payment_id=payment.pk, intent_id="", charge_id=f"ch_{payment.public_id}")


def earned(contract: Contract) -> int:
    return balance_of(chart.available(contract.freelancer, contract.currency))


def completed(ada, ben) -> Contract:
    milestone = funded_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    return close_finished_contract(contract_id=milestone.contract_id)


def test_it_is_the_freelancers_the_moment_it_is_paid(ada, ben):
    contract = active_contract(ada, ben, [10_000])
    bonus, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000, note="Thank you.")
    assert (payment.amount, payment.title) == (5_150, f"Bonus: {contract.title}")
    assert earned(contract) == 0

    escrow = pay(payment)

    assert (escrow.status, escrow.kind, escrow.released) == ("released", "bonus", 5_000)
    assert balance_of(chart.escrow(escrow.public_id)) == 0
    assert earned(contract) == 4_850
    assert balance_of(chart.platform_fees("USD")) == 300
    assert Earning.objects.get().earned_by == bonus.escrow.public_id


def test_it_stands_in_the_book_of_the_contract_and_its_timeline(ada, ben):
    contract = active_contract(ada, ben, [10_000])
    bonus, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000, note="Thank you.")
    pay(payment)

    assert tell_bonuses() == {"done": 1, "failed": 0}
    assert tell_bonuses() == {"done": 0, "failed": 0}
    bonuses.tell_bonus(bonus_id=bonus.pk)

    told = Notification.objects.get(kind="bonus_paid")
    assert told.recipient == ben
    assert "$50.00" in told.text and "$48.50" in told.text and "Thank you." in told.text
    assert Event.objects.get(kind="bonus_paid").detail["terms"] == "$50.00"
    answer = api_of(ben).get(f"/api/v1/contracts/{contract.public_id}/statement/")
    statement = json.loads(answer.getvalue())
    kinds = [line["kind"] for line in statement["lines"]]
    assert kinds == ["fund", "release", "freelancer_fee", "client_fee"]


def test_it_is_given_on_a_completed_contract_too(ada, ben):
    contract = completed(ada, ben)
    assert contract.status == "completed"
    _, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    assert pay(payment).status == "released"


def test_a_contract_whose_only_paid_work_was_a_part_is_completed(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=1_000)
    cancel_milestone(milestone_id=milestone.pk, by=ben)
    assert close_finished_contract(contract_id=milestone.contract_id).status == "completed"


def test_neither_on_an_offer_nor_on_what_was_cancelled(ada, ben):
    cancelled = funded_milestone(ada, ben)
    cancel_milestone(milestone_id=cancelled.pk, by=ben)
    close_finished_contract(contract_id=cancelled.contract_id)
    for contract_id in (offered_contract(ada, ben).pk, cancelled.contract_id):
        with pytest.raises(WrongState):
            give_bonus(contract_id=contract_id, by=ada, amount=5_000)
    assert not Bonus.objects.exists()


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
def test_only_the_client_gives_pays_and_takes_back(ada, ben, name, request):
    contract = active_contract(ada, ben, [10_000])
    bonus, _ = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    by = request.getfixturevalue(name)
    for deed in (
        lambda: give_bonus(contract_id=contract.pk, by=by, amount=5_000),
        lambda: pay_bonus(bonus_id=bonus.pk, by=by),
        lambda: withdraw_bonus(bonus_id=bonus.pk, by=by),
    ):
        with pytest.raises(NotAllowed):
            deed()


@pytest.mark.parametrize("amount", [0, -1, 499, 10**11, 2**53, 2**64, 1.5, "500", None, True])
def test_what_cannot_be_given_is_refused_about_its_field(ada, ben, amount):
    contract = active_contract(ada, ben, [10_000])
    with pytest.raises(InvalidInput) as refusal:
        give_bonus(contract_id=contract.pk, by=ada, amount=amount)
    assert refusal.value.param == "amount"
    assert not Payment.objects.exists()


def test_a_note_has_an_end(ada, ben):
    contract = active_contract(ada, ben, [10_000])
    with pytest.raises(InvalidInput) as refusal:
        give_bonus(contract_id=contract.pk, by=ada, amount=5_000, note="x" * 1_001)
    assert refusal.value.param == "note"


def test_one_wish_sent_twice_is_one_bonus_and_two_wishes_are_two(ada, ben):
    contract = active_contract(ada, ben, [10_000])
    payments = {
        give_bonus(contract_id=contract.pk, by=ada, amount=5_000, once=once)[1].pk
        for once in ("a", "a", "b", "")
    }
    assert len(payments) == Bonus.objects.count() == 3
    with pytest.raises(KeyReused):
        give_bonus(contract_id=contract.pk, by=ada, amount=5_001, once="a")


def test_what_is_paid_is_not_paid_again_nor_taken_back(ada, ben):
    contract = active_contract(ada, ben, [10_000])
    bonus, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    pay(payment)
    for deed in (pay_bonus, withdraw_bonus):
        with pytest.raises(WrongState):
            deed(bonus_id=bonus.pk, by=ada)


def test_money_for_a_withdrawn_bonus_goes_straight_back(ada, ben):
    contract = active_contract(ada, ben, [10_000])
    bonus, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    withdraw_bonus(bonus_id=bonus.pk, by=ada)

    pay(payment)

    assert Refund.objects.get().amount == 5_150
    assert earned(contract) == 0
    assert tell_bonuses() == {"done": 0, "failed": 0}


def in_its_own_connection(act) -> None:
    try:
        act()
    finally:
        connection.close()


def wait_until_somebody_waits() -> None:
    for _ in range(1_000):
        if somebody_waits():
            return
        time.sleep(0.01)
    raise AssertionError("Nobody waits.")


# --- Eight at once -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_times_the_same_wish_are_one_bonus(ada, ben, bells):
    contract = active_contract(ada, ben, [10_000])

    outcomes = at_once(
        lambda _: give_bonus(contract_id=contract.pk, by=ada, amount=5_000, once="x")
    )

    assert outcomes == {"done": 8}
    assert Bonus.objects.count() == Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_contracts_lock_the_constraint_keeps_one(ada, ben, bells, monkeypatch):
    contract = active_contract(ada, ben, [10_000])
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, bonuses, "checked_text")

    outcomes = at_once(
        lambda _: give_bonus(contract_id=contract.pk, by=ada, amount=5_000, once="x")
    )

    monkeypatch.undo()
    assert set(outcomes) == {"done", "IntegrityError"}
    assert Bonus.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_letters_at_once_pay_one_bonus(ada, ben, bells):
    contract = active_contract(ada, ben, [10_000])
    _, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)

    assert at_once(lambda _: pay(payment)) == {"done": 8}

    assert earned(contract) == 4_850
    assert Earning.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_the_letter_at_once_are_one_of_the_two(ada, ben, bells):
    contract = active_contract(ada, ben, [10_000])
    bonus, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)

    at_once(lambda n: pay(payment) if n % 2 else withdraw_bonus(bonus_id=bonus.pk, by=ada))

    went_back = sum(Refund.objects.values_list("amount", flat=True))
    assert (earned(contract), went_back) in {(4_850, 0), (0, 5_150)}


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_the_row_keeps_a_bonus_that_was_paid(ada, ben, bells, monkeypatch):
    contract = active_contract(ada, ben, [10_000])
    bonus, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance", then=lambda: pay(payment))

    outcomes = outcomes_at_once(*[lambda: withdraw_bonus(bonus_id=bonus.pk, by=ada)] * 8)

    assert all("decided just now" in str(one) for one in outcomes), outcomes
    assert (earned(contract), Refund.objects.count()) == (4_850, 0)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_database_keeps_money_out_of_a_bonus_that_was_withdrawn(
    ada, ben, bells, monkeypatch
):
    contract = active_contract(ada, ben, [10_000])
    bonus, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    without_locks(monkeypatch)
    meet_after(
        monkeypatch,
        escrows,
        "_lock_paid_for",
        then=lambda: withdraw_bonus(bonus_id=bonus.pk, by=ada),
    )

    outcomes = outcomes_at_once(*[lambda: pay(payment)] * 8)

    words = "no move leads from dropped to held"
    assert all(stopped_by_the_database(one, words) for one in outcomes), outcomes
    assert earned(contract) == 0


@pytest.mark.django_db(transaction=True)
def test_telling_of_it_waits_for_its_contract_with_nothing_in_hand(ada, ben, bells):
    """Whoever holds the contract can still take the bonus: in the other order each waits for the
    other.
    """
    contract = active_contract(ada, ben, [10_000])
    bonus, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    pay(payment)
    # The sweep passes over what somebody holds (test_sweeps_wait_for_nobody.py); the deed waits.
    tell = partial(bonuses.tell_bonus, bonus_id=bonus.pk)
    told = threading.Thread(target=in_its_own_connection, args=[tell])

    with transaction.atomic():
        Contract.objects.select_for_update().get(pk=contract.pk)
        told.start()
        wait_until_somebody_waits()
        Bonus.objects.select_for_update(nowait=True).get(pk=bonus.pk)

    told.join(timeout=20)
    bonus.refresh_from_db()
    assert bonus.told_at is not None


# --- To the unit ---------------------------------------------------------------------------------


@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
@settings(
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=st.integers(0, 5_000))
def test_its_fees_are_those_of_the_formula(ada, ben, currency, value):
    amount = 5_000 + value * 1_000 if currency == "KWD" else 500 + value
    contract = Milestone.objects.filter(currency=currency).first()
    contract = (contract or funded_milestone(ada, ben, amount=10_000, currency=currency)).contract
    before = earned(contract)
    _, payment = give_bonus(contract_id=contract.pk, by=ada, amount=amount)

    pay(payment)

    assert payment.amount == amount + fee_on(amount, 300)
    assert earned(contract) - before == amount - fee_on(amount, 300)


# --- Doors ---------------------------------------------------------------------------------------


def test_the_whole_way_over_the_api(ada, ben, cleo, sandbox):
    contract = active_contract(ada, ben, [10_000])
    url, key = f"/api/v1/contracts/{contract.public_id}/bonuses/", {"Idempotency-Key": "b-1"}
    body = {"amount": 5_000, "note": "Thank you."}

    assert api_of(cleo).post(url, body).status_code == 404
    assert api_of(ben).post(url, body).status_code == 403
    first, again = (api_of(ada).post(url, body, headers=key) for _ in range(2))
    assert first.status_code == 201 and first.json() == again.json()
    assert api_of(ada).post(url, body | {"amount": 5_001}, headers=key).status_code == 409
    given_, waits = first.json()["bonus"], first.json()["payment"]
    assert (given_["status"], waits["amount"]) == ("awaiting", 5_150)
    assert api_of(ben).get(url).json()["results"] == [], "not before it is paid"

    found = api_of(ada).post(f"/api/v1/bonuses/{given_['id']}/pay/").json()["payment"]
    assert found["id"] == waits["id"]
    sandbox.pay(waits["url"])
    play_on(sandbox)
    (seen,) = api_of(ben).get(url).json()["results"]
    assert (seen["status"], seen["note"]) == ("released", "Thank you.")
    assert api_of(ada).post(f"/api/v1/bonuses/{given_['id']}/withdraw/").status_code == 409


@pytest.mark.parametrize("amount", [0, -1, 1.5, "a", 499, 2**64, None, [], True])
def test_the_api_refuses_what_is_no_bonus(ada, ben, amount):
    contract = active_contract(ada, ben, [10_000])
    url = f"/api/v1/contracts/{contract.public_id}/bonuses/"
    answer = api_of(ada).post(url, {"amount": amount})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "amount")


def test_the_page_shows_the_fees_before_anybody_pays(ada, ben, client, sandbox):
    contract = active_contract(ada, ben, [10_000])
    client.force_login(ada)
    url, form = f"/contracts/{contract.public_id}/bonus/", {"amount": "50", "once": "abc"}

    assert client.get(url).status_code == 200
    preview = client.post(url, form | {"preview": "1"}, headers={"HX-Request": "true"})
    shown = preview.content.decode()
    assert "$51.50" in shown and "$48.50" in shown and "$1.50" in shown
    assert not Bonus.objects.exists()
    refused = client.post(url, form | {"amount": "4.99"})
    assert refused.status_code == 400 and "at least $5.00" in refused.content.decode()

    assert client.post(url, form).status_code == client.post(url, form).status_code == 303
    assert Bonus.objects.count() == 1
    page = client.get(f"/contracts/{contract.public_id}/").content.decode()
    assert "not paid yet" in page and "Continue to pay" in page
    bonus = Bonus.objects.get()
    assert client.post(f"/bonuses/{bonus.public_id}/pay/").status_code == 303
    assert client.post(f"/bonuses/{bonus.public_id}/withdraw/").status_code == 302
    page = client.get(f"/contracts/{contract.public_id}/").content.decode()
    assert "not paid yet" not in page and "Pay a bonus" in page


def test_the_payment_of_a_bonus_does_not_promise_that_it_is_held(ada, ben, client):
    contract = active_contract(ada, ben, [10_000])
    _, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000, note="")
    pay(payment)
    client.force_login(ada)

    shown = client.get(f"/payments/{payment.public_id}/").content.decode()

    assert "It goes to the freelancer at once." in shown
    assert "held until you release it" not in shown
