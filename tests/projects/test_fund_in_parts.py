"""A client may pay for a milestone in parts; the work need not begin before all of it is held."""

import pytest
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from marketplace.common.clock import after_days
from marketplace.common.errors import InvalidInput, WrongState
from payments.escrow.facts import facts_now
from payments.escrow.services import take_in
from payments.escrow.telling import services as telling
from payments.fundings.models import Payment
from projects.contracts.models import Event
from projects.contracts.sentences import sentence_of
from projects.milestones.arrivals.services import tell_funding
from projects.milestones.models import Milestone, Reminder
from projects.milestones.rules import open_steps
from projects.milestones.services import (
    cancel_milestone,
    fund_milestone,
    release_milestone,
    start_work,
    submit_work,
)
from projects.tasks import tell_fundings
from tests.races import at_once, meet_after
from tests.sandbox import play_on
from tests.world import api_of, fund, funded_milestone, planned_milestone

pytestmark = pytest.mark.django_db


def pay_part(milestone: Milestone, by, amount: int | None = None) -> Milestone:
    payment = fund_milestone(milestone_id=milestone.pk, by=by, amount=amount)
    take_in(
        payment_id=payment.pk,
        intent_id=f"pi_{payment.public_id}",
        charge_id=f"ch_{payment.public_id}",
    )
    return Milestone.objects.get(pk=milestone.pk)


def test_work_begins_when_all_of_it_is_held(ada, ben):
    milestone = pay_part(planned_milestone(ada, ben), ada, 40_000)

    for deed in (
        lambda: start_work(milestone_id=milestone.pk, by=ben),
        lambda: submit_work(milestone_id=milestone.pk, by=ben, note="Here."),
    ):
        with pytest.raises(WrongState, match=r"\$618.00 is missing"):
            deed()
    assert open_steps(milestone, "freelancer") == ["cancel", "propose_ending", "dispute"]
    client = ["fund", "release", "release_part", "propose_ending", "dispute"]
    assert open_steps(milestone, "client") == client

    pay_part(milestone, ada)
    assert start_work(milestone_id=milestone.pk, by=ben).started_at is not None


def test_both_hear_of_a_part_and_its_clock_starts_once_it_is_whole(ada, ben, later):
    milestone = pay_part(planned_milestone(ada, ben), ada, 40_000)
    agreed = milestone.due_at
    assert tell_fundings() == {"done": 1, "failed": 0}
    assert tell_fundings() == {"done": 0, "failed": 0}

    milestone.refresh_from_db()
    assert milestone.due_at == agreed and not Reminder.objects.exists()
    said = Notification.objects.filter(kind="part_funded")
    assert {notice.recipient for notice in said} == {ada, ben}
    assert "$412.00 of what" in said[0].text and "$618.00 is missing" in said[0].text
    (told,) = Event.objects.filter(kind="part_funded")
    assert sentence_of(told).text == f"A part of the money for “{milestone.title}” is held: $412.00"

    later(days=40)
    milestone = pay_part(milestone, ada)
    assert tell_fundings() == {"done": 1, "failed": 0}

    milestone.refresh_from_db()
    held_at, zone = milestone.escrow.held_at, milestone.days_end_in
    assert milestone.due_at == after_days(held_at, milestone.allowance, zone)
    assert Event.objects.filter(kind="milestone_funded").count() == 1


def test_a_part_can_be_released_cancelled_and_divided_like_the_whole(ada, ben):
    released = pay_part(planned_milestone(ada, ben), ada, 40_000)
    release_milestone(milestone_id=released.pk, by=ada)
    cancelled = pay_part(planned_milestone(ada, ben), ada, 40_000)
    cancel_milestone(milestone_id=cancelled.pk, by=ben)

    facts = [facts_now(Milestone.objects.get(pk=m.pk).escrow) for m in (released, cancelled)]

    assert [(f.released, f.refunded, f.dropped) for f in facts] == [
        (40_000, 0, 61_800),
        (0, 41_200, 61_800),
    ]


def test_the_client_cannot_drop_what_is_partly_held(ada, ben):
    milestone = pay_part(planned_milestone(ada, ben), ada, 40_000)
    with pytest.raises(WrongState, match="or both of you by agreement"):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="drop")


def test_what_is_too_much_is_refused_at_every_door(ada, ben, client):
    milestone = pay_part(planned_milestone(ada, ben), ada, 40_000)
    client.force_login(ada)

    with pytest.raises(InvalidInput):
        fund_milestone(milestone_id=milestone.pk, by=ada, amount=60_001)
    answer = api_of(ada).post(f"/api/v1/milestones/{milestone.public_id}/fund/", {"amount": 60_001})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "amount"
    page = client.post(f"/milestones/{milestone.public_id}/fund/", {"amount": "600.01"})
    assert page.status_code == 400
    assert "$600.00 is still to be funded, not more" in page.content.decode()


@pytest.mark.parametrize("amount", [0, -1, 1.5, "a", 2**53, 2**64, [], {}, True])
def test_the_api_refuses_what_is_no_part(ada, ben, amount):
    milestone = planned_milestone(ada, ben)

    answer = api_of(ada).post(f"/api/v1/milestones/{milestone.public_id}/fund/", {"amount": amount})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "amount")
    assert not Payment.objects.exists()


def test_the_whole_way_in_two_parts_over_the_api(ada, ben, sandbox):
    milestone = planned_milestone(ada, ben)
    api, url = api_of(ada), f"/api/v1/milestones/{milestone.public_id}"

    part = api.post(f"{url}/fund/", {"amount": 33_333}).json()["payment"]
    assert part["amount"] == 34_333
    assert api.post(f"{url}/fund/").json()["payment"]["id"] == part["id"], "it waits"
    sandbox.pay(part["url"])
    play_on(sandbox)

    money = api.get(f"{url}/").json()["money"]
    assert (money["held"], money["price_held"]) == (34_333, 33_333)
    assert (money["to_fund"], money["price_to_fund"]) == (68_667, 66_667)
    rest = api.post(f"{url}/fund/").json()["payment"]
    assert rest["amount"] == 68_667
    sandbox.pay(rest["url"])
    play_on(sandbox)
    assert api.get(f"{url}/").json()["money"]["to_fund"] == 0


def test_the_page_says_what_a_part_costs_and_leads_to_its_pay_page(ada, ben, client, sandbox):
    milestone = planned_milestone(ada, ben)
    client.force_login(ada)
    url = f"/milestones/{milestone.public_id}/fund/"

    assert "$1,030.00" in client.get(url).content.decode(), "all of it, unless asked otherwise"
    preview = client.post(
        url, {"amount": "400", "preview": "1"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "$412.00" in preview and "<html" not in preview
    assert not Payment.objects.exists(), "looking costs nothing"

    assert client.post(url, {"amount": "400"}).status_code == 303
    assert Payment.objects.get().amount == 41_200


def test_the_contract_page_tells_what_is_missing(ada, ben, client):
    milestone = pay_part(planned_milestone(ada, ben), ada, 40_000)
    client.force_login(ada)

    page = client.get(f"/contracts/{milestone.contract.public_id}/").content.decode()

    assert "Partly funded" in page
    assert "Fund the rest with $618.00" in page
    assert "Fund a part" in page


def test_a_funded_one_has_no_page_to_fund(ada, ben, client):
    milestone = funded_milestone(ada, ben)
    client.force_login(ada)
    assert client.get(f"/milestones/{milestone.public_id}/fund/").status_code == 409


# --- The telling, at the same moment -------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_tellers_at_once_tell_of_a_part_once(ada, ben, bells):
    milestone = pay_part(planned_milestone(ada, ben), ada, 40_000)

    at_once(*[lambda: tell_funding(milestone_id=milestone.pk)] * 8)

    assert Event.objects.filter(kind="part_funded").count() == 1
    assert Notification.objects.filter(kind="part_funded").count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_they_tell_it_more_than_once(ada, ben, bells, monkeypatch):
    begun = fund(planned_milestone(ada, ben), 20_000)  # so that no time to fund it is to be stopped
    milestone = pay_part(begun, ada, 40_000)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, telling, "_lock")

    at_once(*[lambda: tell_funding(milestone_id=milestone.pk)] * 8)

    assert Event.objects.filter(kind="part_funded").count() > 2


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_arrives_during_the_telling_is_told_too(ada, ben, bells):
    milestone = pay_part(planned_milestone(ada, ben), ada, 40_000)

    at_once(lambda: tell_funding(milestone_id=milestone.pk), lambda: pay_part(milestone, ada))
    tell_funding(milestone_id=milestone.pk)

    assert Event.objects.filter(kind="milestone_funded").count() == 1
    milestone.escrow.refresh_from_db()
    assert milestone.escrow.untold_since is None
