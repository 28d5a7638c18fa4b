"""Revisions beyond those included go by agreement: a change names another number."""

import pytest

from marketplace.common.errors import InvalidInput, WrongState
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import accept_change
from projects.agreements.paper.writing import paper_of
from projects.agreements.sealing.document import signed_document
from projects.agreements.sealing.selectors import published_keys
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from projects.milestones.models import Milestone
from projects.milestones.services import return_work, submit_work
from tests.projects.change_world import another, now_of, proposed, the_books_agree, wish, wording
from tests.projects.test_verify_agreement import run
from tests.world import SIGNED, api_of, browser, funded_milestone

pytestmark = pytest.mark.django_db


@pytest.fixture
def milestone(ada, ben) -> Milestone:
    """Handed in again after the one revision that is included."""
    milestone = funded_milestone(ada, ben, revisions=1)
    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
    return_again(milestone, ada)
    submit_work(milestone_id=milestone.pk, by=ben, note="Here it is again.")
    return now_of(milestone)


def return_again(milestone: Milestone, ada) -> Milestone:
    return return_work(milestone_id=milestone.pk, by=ada, answer="One more thing.")


def test_one_more_is_signed_and_can_be_used(milestone, ada, ben, tmp_path):
    with pytest.raises(WrongState, match="one more revision"):
        return_again(milestone, ada)
    order = proposed(ada, wish(milestone, revisions=2), milestone=milestone)
    assert order.changes == [{"position": 1, "revisions": {"from": 1, "to": 2}}]
    with pytest.raises(WrongState):
        return_again(milestone, ada)
    accept_change(order_id=order.pk, by=ben)

    contract = milestone.contract
    said = wording(contract)
    assert (said["revisions"], said["milestones"][0]["revisions"]) == (1, 2)
    assert return_again(milestone, ada).status == "returned"
    submit_work(milestone_id=milestone.pk, by=ben, note="Now.")
    with pytest.raises(WrongState, match="includes 2 revisions, which are all used"):
        return_again(milestone, ada)
    status, found = run(tmp_path, signed_document(contract), published_keys())
    assert (status, found.count("   ok")) == (0, 5), found
    assert paper_of(agreement_of(contract))
    the_books_agree()


def test_it_is_of_one_milestone_and_follows_what_was_agreed_last(milestone, ada, ben):
    order = proposed(ada, wish(milestone, revisions=2), another(), milestone=milestone)
    accept_change(order_id=order.pk, by=ben)
    new = milestone.contract.milestones.get(position=2)
    assert (now_of(milestone).revisions, now_of(new).revisions) == (2, 1)
    order = proposed(ben, wish(milestone, revisions=5), milestone=milestone)
    assert order.changes[0]["revisions"] == {"from": 2, "to": 5}
    Milestone.objects.filter(pk=milestone.pk).update(revisions_agreed=3)
    with pytest.raises(WrongState, match="was changed since"):
        accept_change(order_id=order.pk, by=ada)


@pytest.mark.parametrize("wanted", [0, 21])
def test_not_fewer_than_are_used_nor_more_than_there_can_be(milestone, ada, wanted):
    with pytest.raises(InvalidInput) as refusal:
        proposed(ada, wish(milestone, revisions=wanted), milestone=milestone)
    assert refusal.value.param == "changes[0].revisions"


def test_what_is_not_counted_or_not_there_has_no_other_number(milestone, ada):
    with pytest.raises(InvalidInput, match="Name the milestone"):
        proposed(ada, another(revisions=2), milestone=milestone)
    Contract.objects.update(revisions=None)
    with pytest.raises(InvalidInput, match="does not limit"):
        proposed(ada, wish(milestone, revisions=2), milestone=now_of(milestone))


def test_by_the_api(milestone, ada, ben):
    path = f"/api/v1/contracts/{milestone.contract.public_id}/change-orders/"
    body = {"changes": [{"milestone": milestone.public_id, "revisions": 2}]} | SIGNED
    assert api_of(ada).post(path, body).status_code == 201
    order = ChangeOrder.objects.get()
    assert order.changes == [{"position": 1, "revisions": {"from": 1, "to": 2}}]
    accepted = api_of(ben).post(f"/api/v1/change-orders/{order.public_id}/accept/", SIGNED)
    assert accepted.status_code == 200
    shown = api_of(ada).get(f"/api/v1/milestones/{milestone.public_id}/").json()
    assert (shown["revisions"], shown["revisions_used"]) == (2, 1)
    assert "return" in shown["next_steps"]


def test_by_the_page(milestone, ada, ben):
    contract = f"/contracts/{milestone.contract.public_id}/"
    name = milestone.public_id
    form = {
        f"{name}-amount": "1000.00",
        f"{name}-due_on": f"{milestone.due_at:%Y-%m-%d}",
        f"{name}-criteria": "\n".join(milestone.criteria),
        f"{name}-place": "1",
        f"{name}-revisions": "2",
        "note": "",
    }
    assert f"{name}-revisions" in browser(ada).get(f"{contract}change/").content.decode()
    assert browser(ada).post(f"{contract}change/", form | SIGNED).status_code == 302
    order = ChangeOrder.objects.get()
    assert order.changes == [{"position": 1, "revisions": {"from": 1, "to": 2}}]
    sign = browser(ben).get(f"/change-orders/{order.public_id}/accept/").content.decode()
    assert "Revisions included:" in sign
    accept_change(order_id=order.pk, by=ben)

    assert "1 of 2 revisions used" in browser(ada).get(contract).content.decode()
    shown = browser(ada).get(f"{contract}agreement/").content.decode()
    assert "Revisions included: 2" in shown
    assert "names another number of revisions" in shown
    asked = browser(ada).get(f"/milestones/{name}/return/").content.decode()
    assert "This is revision 2 of 2" in asked
