"""Funding a milestone: the money arrives below, and is told here."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, ProviderUnreachable, WrongState
from payments.escrow.selectors import held_in
from payments.escrow.services import take_in
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.ledger.models import Transfer
from projects.contracts.models import Event
from projects.milestones.arrivals.services import tell_funding
from projects.milestones.models import Reminder
from projects.milestones.rules import due_of, late_from, open_steps
from projects.milestones.services import (
    cancel_milestone,
    fund_milestone,
    submit_work,
)
from projects.tasks import tell_fundings
from tests.races import at_once, meet_after
from tests.sandbox import DECLINED_CARD, play_on
from tests.world import (
    active_contract,
    api_of,
    fund,
    funded_milestone,
    offered_contract,
    planned_milestone,
)

pytestmark = pytest.mark.django_db


def pay(payment: Payment) -> None:
    take_in(payment_id=payment.pk, intent_id="pi_1", charge_id="ch_1")


def test_it_asks_for_the_price_with_the_clients_fee(ada, ben):
    milestone = planned_milestone(ada, ben, amount=100_001)

    payment = fund_milestone(milestone_id=milestone.pk, by=ada)

    assert (payment.amount, payment.currency) == (103_001, "USD")
    assert payment.paid_for == milestone.escrow.public_id
    assert payment.return_path == f"/contracts/{milestone.contract.public_id}/"
    assert held_in(milestone.escrow) == 0, "asking moves no money"


def test_asking_again_finds_the_same_payment(ada, ben):
    milestone = planned_milestone(ada, ben)
    first = fund_milestone(milestone_id=milestone.pk, by=ada)
    assert fund_milestone(milestone_id=milestone.pk, by=ada) == first


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
def test_only_the_client_may(ada, ben, name, request):
    milestone = planned_milestone(ada, ben)
    with pytest.raises(NotAllowed):
        fund_milestone(milestone_id=milestone.pk, by=request.getfixturevalue(name))
    assert not Payment.objects.exists()


def test_it_is_funded_once(ada, ben):
    milestone = funded_milestone(ada, ben)
    with pytest.raises(WrongState):
        fund_milestone(milestone_id=milestone.pk, by=ada)


def test_an_ended_milestone_is_not_funded(ada, ben):
    contract = active_contract(ada, ben, [10_000, 10_000])
    milestone = contract.milestones.first()
    cancel_milestone(milestone_id=milestone.pk, by=ada, step="drop")
    with pytest.raises(WrongState):
        fund_milestone(milestone_id=milestone.pk, by=ada)


def test_both_are_told_once_that_it_is_held(ada, ben):
    milestone = planned_milestone(ada, ben)
    pay(fund_milestone(milestone_id=milestone.pk, by=ada))
    assert not Notification.objects.filter(kind="milestone_funded").exists()

    assert tell_fundings() == {"done": 1, "failed": 0}
    assert tell_fundings() == {"done": 0, "failed": 0}

    tell_funding(milestone_id=milestone.pk)
    told = Notification.objects.filter(kind="milestone_funded")
    assert {notice.recipient for notice in told} == {ada, ben}
    assert told.count() == 2
    assert Event.objects.filter(kind="milestone_funded").count() == 1


def test_a_late_funding_moves_the_delivery_even_before_anybody_is_told(ada, ben, later):
    milestone = planned_milestone(ada, ben)
    agreed = milestone.due_at
    later(days=30)
    pay(fund_milestone(milestone_id=milestone.pk, by=ada))
    milestone.refresh_from_db()

    due_at = due_of(milestone)
    assert due_at - agreed >= timedelta(days=30)
    assert "cancel_late" not in open_steps(milestone, "client"), "paid a moment ago, not late"

    milestone = tell_funding(milestone_id=milestone.pk)
    assert milestone.due_at == due_at
    assert late_from(milestone) == due_at + timedelta(days=3)


def test_an_early_funding_moves_nothing(ada, ben):
    contract = active_contract(ada, ben, [10_000, 10_000])
    second = contract.milestones.get(position=2)
    assert fund(second).due_at == second.due_at


def test_nobody_is_reminded_of_a_delivery_before_it_is_funded(ada, ben):
    milestone = planned_milestone(ada, ben)
    assert not Reminder.objects.filter(kind__startswith="due_").exists()
    fund(milestone)
    assert Reminder.objects.filter(milestone=milestone, kind__startswith="due_").count() == 5


def test_work_may_begin_the_moment_the_money_is_held(ada, ben):
    """The money's state is asked below: nobody waits for the sweep that tells of it."""
    milestone = planned_milestone(ada, ben)
    pay(fund_milestone(milestone_id=milestone.pk, by=ada))

    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
    tell_funding(milestone_id=milestone.pk)

    milestone.refresh_from_db()
    kinds = set(Reminder.objects.filter(told_at=None).values_list("kind", flat=True))
    assert milestone.status == "submitted"
    assert all(kind.startswith("review_") for kind in kinds), "telling late undoes no warning"


def test_money_for_a_cancelled_milestone_goes_straight_back(ada, ben):
    milestone = planned_milestone(ada, ben)
    payment = fund_milestone(milestone_id=milestone.pk, by=ada)
    cancel_milestone(milestone_id=milestone.pk, by=ada, step="drop")
    payment.refresh_from_db()
    assert payment.status == "cancelled"

    pay(payment)

    assert held_in(milestone.escrow) == 0
    assert Transfer.objects.get(kind="return").amount == 103_000


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_make_one_payment(ada, ben, bells):
    milestone = planned_milestone(ada, ben)

    outcomes = at_once(*[lambda: fund_milestone(milestone_id=milestone.pk, by=ada)] * 8)

    assert outcomes == ["done"] * 8
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_row_locks_the_constraint_keeps_it_to_one_payment(ada, ben, bells, monkeypatch):
    """The lower guard: one_open_payment_at_a_time. The person would see a failure, though."""
    milestone = planned_milestone(ada, ben)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, fundings, "_lock_open")

    def click():
        try:
            fund_milestone(milestone_id=milestone.pk, by=ada)
        except Exception as crash:
            raise WrongState(str(crash), code=crash.__cause__.diag.constraint_name) from crash

    outcomes = at_once(*[click] * 8)

    assert Payment.objects.count() == 1
    assert sorted(outcomes) == ["done"] + ["one_open_payment_at_a_time"] * 7


# --- Doors ---------------------------------------------------------------------------------------


def test_the_whole_way_over_the_api(ada, ben, sandbox):
    milestone = planned_milestone(ada, ben)
    api, url = api_of(ada), f"/api/v1/milestones/{milestone.public_id}"

    key = {"Idempotency-Key": "fund-1"}
    payment = api.post(f"{url}/fund/", headers=key).json()["payment"]
    assert (payment["amount"], payment["currency"], payment["status"]) == (
        103_000,
        "USD",
        "pending",
    )
    assert payment["url"].startswith(sandbox.url)
    assert api.post(f"{url}/fund/", headers=key).json()["payment"] == payment
    assert api.get(f"{url}/").json()["payment"]["id"] == payment["id"]
    assert api_of(ben).get(f"{url}/").json()["payment"] is None, "the pay page is the client's"

    sandbox.pay(payment["url"], DECLINED_CARD)
    play_on(sandbox)
    shown = api.get(f"{url}/").json()
    assert (shown["escrow_status"], shown["money"]["held"]) == ("awaiting", 0)
    assert "fund" in shown["next_steps"], "another card may follow"
    assert api.post(f"{url}/fund/").json()["payment"]["id"] == payment["id"]

    sandbox.pay(payment["url"])
    play_on(sandbox)
    shown = api.get(f"{url}/").json()
    assert (shown["escrow_status"], shown["money"]["held"]) == ("held", 103_000)
    assert shown["payment"] is None
    assert "fund" not in shown["next_steps"]
    assert api.post(f"{url}/fund/").status_code == 409


def test_the_page_leads_to_the_pay_page(ada, ben, client, sandbox):
    milestone = planned_milestone(ada, ben)
    client.force_login(ada)
    url = f"/milestones/{milestone.public_id}/fund/"

    answer = client.post(url)
    assert answer.status_code == 303
    assert urlsplit(answer.url).netloc == urlsplit(sandbox.url).netloc
    swapped = client.post(url, headers={"HX-Request": "true"})
    assert swapped["HX-Redirect"] == answer.url

    page = client.get(f"/contracts/{milestone.contract.public_id}/").content.decode()
    payment = Payment.objects.get()
    assert "Continue to pay" in page
    assert f"/payments/{payment.public_id}/" in page
    assert client.put(url).status_code == 405


def test_a_silent_provider_is_said_and_may_be_asked_again(ada, ben, client, sandbox):
    milestone = planned_milestone(ada, ben)
    client.force_login(ada)
    sandbox.trouble({"fault": "error_500", "path": "/v1/checkout/sessions", "times": 100})

    answer = client.post(f"/milestones/{milestone.public_id}/fund/")

    assert answer.status_code == ProviderUnreachable.status
    assert "Nothing was charged" in answer.content.decode()
    sandbox.trouble()
    assert client.post(f"/milestones/{milestone.public_id}/fund/").status_code == 303
    assert Payment.objects.count() == 1


def test_an_offer_has_nothing_to_fund(ada, ben, cleo):
    contract = offered_contract(ada, ben)
    assert api_of(ada).get(f"/api/v1/contracts/{contract.public_id}/milestones/").json() == []


def test_who_pays_a_second_time_reads_that_it_goes_back(ada, ben, client):
    milestone = funded_milestone(ada, ben)
    first = Payment.objects.get()
    another = fundings.note_another_charge(payment_id=first.pk, charge_id="ch_another")
    for _ in range(2):
        take_in(payment_id=another.pk, intent_id="pi_another", charge_id="ch_another")

    (told,) = Notification.objects.filter(kind="payment_returned")
    assert (told.recipient, told.path) == (ada, first.return_path)
    assert "$1,030.00 that you paid" in told.text and "Nothing is to be done." in told.text
    client.force_login(ada)
    page = client.get(f"/payments/{another.public_id}/").content.decode()
    assert "None of it is kept" in page
    assert "is held until you release it" not in page
    assert "is held until you release it" in client.get(f"/payments/{first}/").content.decode()
    assert held_in(milestone.escrow) == 103_000


def test_held_before_told_is_shown_as_held(ada, ben, client):
    milestone = planned_milestone(ada, ben)
    pay(fund_milestone(milestone_id=milestone.pk, by=ada))
    client.force_login(ben)

    page = client.get(f"/contracts/{milestone.contract.public_id}/").content.decode()

    assert "Funds held" in page and "Start work" in page
    assert "Not funded" not in page.split("What happened")[0].split("<main")[1]
    assert milestone.due_at >= now()
