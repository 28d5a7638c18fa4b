"""Ending a milestone unpaid: each ground has its right and its clock."""

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from payments.escrow.selectors import held_in
from payments.ledger.models import Transfer
from payments.refunds.models import Refund
from projects.contracts.models import Event
from projects.milestones.rules import late_from, open_steps
from projects.milestones.services import (
    cancel_milestone,
    return_work,
    start_work,
    submit_work,
)
from tests.payments.chargeback_world import Bank, payment_of
from tests.races import at_once
from tests.world import (
    api_of,
    funded_milestone,
    opened_dispute,
    planned_milestone,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def returned_milestone(ada, ben):
    milestone = submitted_milestone(ada, ben)
    return return_work(milestone_id=milestone.pk, by=ada, answer="More.")


def disputed_milestone(ada, ben):
    return opened_dispute(ada, ben).milestone


@pytest.mark.parametrize(
    "made", [funded_milestone, submitted_milestone, returned_milestone, disputed_milestone]
)
def test_the_freelancer_may_always_and_all_goes_back(ada, ben, made):
    milestone = made(ada, ben)

    milestone = cancel_milestone(milestone_id=milestone.pk, by=ben)

    assert (milestone.status, milestone.review_ends_at) == ("cancelled", None)
    milestone.escrow.refresh_from_db()
    assert milestone.escrow.status == "refunded"
    assert held_in(milestone.escrow) == 0
    assert Refund.objects.get().amount == 103_000, "the client's fee goes back with it"
    assert not Transfer.objects.filter(kind__in=["release", "client_fee"]).exists()
    told = Notification.objects.get(kind="milestone_cancelled")
    assert told.recipient == ada and "goes back to the client" in told.text
    assert Event.objects.get(kind="milestone_cancelled").detail == {"ground": "cancel"}


def test_without_money_nothing_moves(ada, ben):
    milestone = cancel_milestone(milestone_id=planned_milestone(ada, ben).pk, by=ben)
    milestone.escrow.refresh_from_db()
    assert milestone.escrow.status == "dropped"
    assert not Transfer.objects.exists()


def test_the_client_drops_what_is_not_funded(ada, ben):
    milestone = planned_milestone(ada, ben)
    assert open_steps(milestone, "client") == ["fund", "drop", "propose_ending"]
    assert cancel_milestone(milestone_id=milestone.pk, by=ada, step="drop").status == "cancelled"


def test_the_client_drops_what_a_bank_has_taken_all_of(ada, ben):
    """Nothing is held any more, and no clock runs: it would never end otherwise. Not before the
    bank has decided: then what it gives back would be the client's alone.
    """
    milestone = funded_milestone(ada, ben)
    bank = Bank(payment_of(milestone.escrow))
    bank.takes()
    with pytest.raises(WrongState, match="has not decided yet"):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="drop")
    bank.keeps()
    assert cancel_milestone(milestone_id=milestone.pk, by=ada, step="drop").status == "cancelled"
    call_command("check_ledger")


@pytest.mark.parametrize("ground", ["drop", "cancel", "cancel after a bank took all"])
def test_what_was_not_held_does_not_go_back(ada, ben, ground):
    if ground == "cancel after a bank took all":
        milestone = funded_milestone(ada, ben)
        Bank(payment_of(milestone.escrow)).takes()
    else:
        milestone = planned_milestone(ada, ben)
    by, step = (ada, "drop") if ground == "drop" else (ben, "cancel")

    cancel_milestone(milestone_id=milestone.pk, by=by, step=step)

    told = Notification.objects.get(kind="milestone_cancelled")
    assert "is cancelled" in told.text and "goes back" not in told.text


def test_the_client_does_not_drop_what_is_held(ada, ben):
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=funded_milestone(ada, ben).pk, by=ada, step="drop")
    with pytest.raises(NotAllowed):
        cancel_milestone(milestone_id=submitted_milestone(ada, ben).pk, by=ada, step="cancel")


@pytest.mark.parametrize("made", [funded_milestone, returned_milestone])
def test_lateness_lets_the_client_cancel_after_the_grace_and_not_before(ada, ben, later, made):
    milestone = made(ada, ben)
    if milestone.status == "planned":
        start_work(milestone_id=milestone.pk, by=ben)
    milestone.refresh_from_db()
    later(seconds=(late_from(milestone) - now()).total_seconds() - 3_600)
    assert "cancel_late" not in open_steps(milestone, "client")
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_late")

    later(hours=2)
    assert "cancel_late" in open_steps(milestone, "client")
    milestone = cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_late")

    assert milestone.status == "cancelled"
    assert Refund.objects.get().amount == 103_000


def test_a_late_delivery_is_a_delivery(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    later(days=40)
    submit_work(milestone_id=milestone.pk, by=ben, note="At last.")
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_late")


def test_what_was_never_funded_is_never_late(ada, ben, later):
    milestone = planned_milestone(ada, ben)
    later(days=300)
    assert open_steps(milestone, "client") == ["fund", "drop", "propose_ending"]
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_late")


def test_work_that_was_never_started_may_be_cancelled_after_its_clock(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    later(days=13, hours=23)
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_idle")

    later(hours=2)
    milestone.refresh_from_db()
    assert "cancel_idle" in open_steps(milestone, "client")
    cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_idle")
    assert Event.objects.get(kind="milestone_cancelled").detail == {"ground": "cancel_idle"}


def test_starting_stops_that_clock(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    start_work(milestone_id=milestone.pk, by=ben)
    later(days=15)
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_idle")


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
@pytest.mark.parametrize("step", ["drop", "cancel_late", "cancel_idle"])
def test_the_clients_grounds_are_the_clients(ada, ben, later, name, step, request):
    milestone = funded_milestone(ada, ben)
    later(days=60)
    with pytest.raises(NotAllowed):
        cancel_milestone(milestone_id=milestone.pk, by=request.getfixturevalue(name), step=step)


@pytest.mark.parametrize("step", ["release", "resolve", "", "nonsense"])
def test_there_are_no_other_grounds(ada, ben, step):
    milestone = funded_milestone(ada, ben)
    with pytest.raises(InvalidInput):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step=step)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_refund_once(ada, ben, bells):
    milestone = funded_milestone(ada, ben)
    outcomes = at_once(*[lambda: cancel_milestone(milestone_id=milestone.pk, by=ben)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Refund.objects.count() == 1


def test_the_api_takes_a_ground(ada, ben, cleo):
    milestone = funded_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/cancel/"
    assert api_of(cleo).post(url, {"ground": "cancel"}).status_code == 404
    assert api_of(ada).post(url, {"ground": "cancel"}).status_code == 403
    assert api_of(ada).post(url, {"ground": "drop"}).status_code == 409
    for body in ({}, {"ground": "release"}, {"ground": None}, {"ground": ["cancel"]}):
        refused = api_of(ben).post(url, body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "ground")

    shown = api_of(ben).post(url, {"ground": "cancel"}).json()
    assert (shown["status"], shown["escrow_status"]) == ("cancelled", "refunded")
    assert (shown["money"]["refunded"], shown["money"]["held"]) == (103_000, 0)


def test_the_page_says_who_gets_what_and_cancels(ada, ben, cleo, client):
    milestone = funded_milestone(ada, ben)
    url = f"/milestones/{milestone.public_id}/cancel/"
    client.force_login(cleo)
    assert client.get(url).status_code == client.post(url).status_code == 404
    client.force_login(ada)
    assert client.get(url).status_code == 403
    assert client.get(f"{url}?ground=cancel_late").status_code == 409
    assert client.get(f"{url}?ground=nonsense").status_code == 400
    client.force_login(ben)

    page = client.get(url).content.decode()
    assert "Ada gets back" in page and "$1,030.00" in page and "$0.00" in page
    milestone.refresh_from_db()
    assert milestone.status == "planned", "looking cancels nothing"

    assert client.post(url, {"ground": "cancel"}).status_code == 302
    assert client.get(url).status_code == 409
