"""Approving the work, which pays the freelancer."""

import pytest
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import Lifecycle
from payments.escrow.selectors import held_in
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.payouts.models import Earning
from projects.contracts.models import Event
from projects.milestones.models import Reminder
from projects.milestones.services import (
    cancel_milestone,
    release_milestone,
    release_unreviewed,
    return_work,
)
from tests.races import at_once, meet_after
from tests.world import api_of, funded_milestone, planned_milestone, submitted_milestone

pytestmark = pytest.mark.django_db


def earned(milestone) -> int:
    return balance_of(chart.available(milestone.contract.freelancer, milestone.currency))


def test_it_pays_the_freelancer_less_both_fees(ada, ben):
    milestone = submitted_milestone(ada, ben, amount=100_001)

    milestone = release_milestone(milestone_id=milestone.pk, by=ada)

    assert (milestone.status, milestone.review_ends_at) == ("released", None)
    assert milestone.closed_at is not None
    assert earned(milestone) == 97_001
    assert balance_of(chart.platform_fees("USD")) == 6_000
    assert held_in(milestone.escrow) == 0
    assert Earning.objects.get().amount == 97_001
    assert Notification.objects.get(kind="milestone_released").recipient == ben
    assert Event.objects.get(kind="milestone_released").detail == {"silent": False}
    assert not Reminder.objects.filter(told_at=None).exists()


def test_it_rings_for_the_contract(ada, ben, bells, django_capture_on_commit_callbacks):
    milestone = submitted_milestone(ada, ben)
    with django_capture_on_commit_callbacks(execute=True):
        release_milestone(milestone_id=milestone.pk, by=ada)
        assert bells == [], "nobody is told before it is true"
    assert ("projects.close_finished_contract", (milestone.contract_id,)) in bells


def test_the_client_may_pay_before_and_without_a_delivery(ada, ben):
    early, returned = funded_milestone(ada, ben), submitted_milestone(ada, ben)
    return_work(milestone_id=returned.pk, by=ada, answer="More.")
    for milestone in (early, returned):
        assert release_milestone(milestone_id=milestone.pk, by=ada).status == "released"
    assert earned(early) == 2 * 97_000


@pytest.mark.django_db(transaction=True)
def test_it_asks_for_no_more_than_it_needs(ada, ben, bells, django_assert_max_num_queries):
    milestone, by = submitted_milestone(ada, ben), User.objects.get(pk=ada.pk)

    # With BEGIN, COMMIT and one savepoint: each more is felt by whoever waits for the answer.
    with django_assert_max_num_queries(17):
        release_milestone(milestone_id=milestone.pk, by=by)


def test_nothing_moves_twice(ada, ben):
    milestone = submitted_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    for deed in (
        lambda: release_milestone(milestone_id=milestone.pk, by=ada),
        lambda: cancel_milestone(milestone_id=milestone.pk, by=ben),
    ):
        with pytest.raises(WrongState):
            deed()
    assert release_unreviewed(milestone_ids=[milestone.pk]) == 0
    assert Transfer.objects.filter(kind="release").count() == 1


def test_nothing_is_released_that_is_not_held(ada, ben):
    with pytest.raises(WrongState):
        release_milestone(milestone_id=planned_milestone(ada, ben).pk, by=ada)
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
def test_only_the_client_may(ada, ben, name, request):
    milestone = submitted_milestone(ada, ben)
    with pytest.raises(NotAllowed):
        release_milestone(milestone_id=milestone.pk, by=request.getfixturevalue(name))
    assert earned(milestone) == 0


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_pay_once(ada, ben, bells):
    milestone = submitted_milestone(ada, ben)

    outcomes = at_once(*[lambda: release_milestone(milestone_id=milestone.pk, by=ada)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert earned(milestone) == 97_000
    assert Event.objects.filter(kind="milestone_released").count() == 1


@pytest.mark.django_db(transaction=True)
def test_approving_returning_and_cancelling_at_once_is_one_of_them(ada, ben, bells):
    for _ in range(3):
        milestone = submitted_milestone(ada, ben)
        outcomes = at_once(
            *[lambda pk=milestone.pk: release_milestone(milestone_id=pk, by=ada)] * 4,
            *[lambda pk=milestone.pk: cancel_milestone(milestone_id=pk, by=ben)] * 4,
        )
        assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
        milestone.refresh_from_db()
        milestone.escrow.refresh_from_db()
        expected = {"released": "released", "cancelled": "refunded"}[milestone.status]
        assert milestone.escrow.status == expected
        assert held_in(milestone.escrow) == 0


@pytest.mark.django_db(transaction=True)
def test_without_row_locks_the_write_says_no_and_the_ledger_moves_once(
    ada, ben, bells, monkeypatch
):
    """The lower guards. Without locks several pass the judgement of the milestone; its UPDATE
    queues them up and closes nothing twice, and below it are the escrow's and the ledger's key.
    """
    milestone = submitted_milestone(ada, ben)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, Lifecycle, "advance")
    said = []

    def click():
        try:
            release_milestone(milestone_id=milestone.pk, by=ada)
        except WrongState as refusal:
            said.append(refusal.message)
            raise

    outcomes = at_once(*[click] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert all("has ended just now" in words for words in said), "the lock lets none so far"
    assert earned(milestone) == 97_000
    assert Transfer.objects.filter(kind="release").count() == 1


# --- Doors ---------------------------------------------------------------------------------------


def test_the_api_answers_the_same_key_with_the_same_release(ada, ben, cleo):
    milestone = submitted_milestone(ada, ben)
    api, url = api_of(ada), f"/api/v1/milestones/{milestone.public_id}/release/"
    key = {"Idempotency-Key": "once"}

    assert api_of(cleo).post(url).status_code == 404
    assert api_of(ben).post(url).status_code == 403
    first, again = api.post(url, headers=key), api.post(url, headers=key)

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["money"] == {
        "held": 0,
        "price_held": 0,
        "to_fund": 0,
        "price_to_fund": 0,
        "released": 100_000,
        "refunded": 0,
        "client_pays": 103_000,
        "client_fee": 3_000,
        "freelancer_gets": 97_000,
        "freelancer_fee": 3_000,
        "spent": 103_000,
        "received": 97_000,
        "charged_back": 0,
        "owed_back": 0,
    }
    assert api.post(url).status_code == 409
    assert earned(milestone) == 97_000


def test_the_page_says_to_the_cent_who_gets_what_and_releases(ada, ben, cleo, client):
    milestone = submitted_milestone(ada, ben, amount=100_001)
    url = f"/milestones/{milestone.public_id}/release/"
    for user, status in ((cleo, 404), (ben, 403)):
        client.force_login(user)
        assert client.get(url).status_code == client.post(url).status_code == status
    client.force_login(ada)

    page = client.get(url).content.decode()
    assert "$1,030.01" in page and "$970.01" in page and "$30.00" in page
    assert earned(milestone) == 0, "looking pays nothing"

    assert client.post(url).url.startswith(f"/contracts/{milestone.contract.public_id}/")
    assert earned(milestone) == 97_001
    assert client.get(url).status_code == client.post(url).status_code == 409


@pytest.mark.parametrize(
    ("currency", "amount", "net"), [("JPY", 10_001, 9_701), ("KWD", 10_000, 9_700)]
)
def test_currencies_without_cents_and_with_mils(ada, ben, client, currency, amount, net):
    milestone = submitted_milestone(ada, ben, amount, currency=currency)
    client.force_login(ada)
    page = client.get(f"/milestones/{milestone.public_id}/release/").content.decode()
    assert ("¥9,701" if currency == "JPY" else "9.700") in page
    release_milestone(milestone_id=milestone.pk, by=ada)
    assert earned(milestone) == net
