"""Nobody proposes, and by that signs, a change of what they have not read."""

import re
from datetime import timedelta
from typing import Any

import pytest

from projects.agreements.changes.models import ChangeOrder
from projects.contracts.models import Contract
from projects.disputes.services import open_dispute
from projects.milestones.models import Milestone
from projects.web.change_forms import ChangeForm
from tests.projects.change_world import price_to
from tests.world import SIGNED, active_contract, api_of, browser, fund, plan_of

pytestmark = pytest.mark.django_db

MEANWHILE = "has changed since you read it"


def two(ada, ben) -> tuple[Contract, Milestone, Milestone]:
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    first, second = contract.milestones.order_by("position")
    return contract, fund(first), fund(second)


def opened(person, path: str) -> dict[str, str]:
    """What a browser sends back of the page as it is shown now, untouched."""
    answer = browser(person).get(path)
    form: ChangeForm = answer.context["form"]
    fields = [part[name] for part in (form, *form.known, *form.new) for name in part.fields]
    kept = {field.html_name: field.value() for field in fields if field.name != "drop"}
    assert kept["seen"] in answer.content.decode()
    return {name: "" if value is None else str(value) for name, value in kept.items()} | SIGNED


def tag_in(answer: Any) -> str:
    (tag,) = re.findall(r'name="seen" value="(\w+)"', answer.content.decode())
    return tag


def put_off(milestone: Milestone) -> None:
    """As a late funding does."""
    moved = milestone.due_at + timedelta(days=10)
    Milestone.objects.filter(pk=milestone.pk).update(due_at=moved)


def reworded(milestone: Milestone) -> None:
    Milestone.objects.filter(pk=milestone.pk).update(criteria=["It is fast."])


@pytest.mark.parametrize("meanwhile", [put_off, reworded])
@pytest.mark.parametrize("is_answer", [False, True])
def test_a_page_that_was_open_meanwhile_proposes_nothing(ada, ben, meanwhile, is_answer):
    contract, first, second = two(ada, ben)
    path = f"/contracts/{contract.public_id}/change/"
    if is_answer:
        path = f"/change-orders/{price_to(60_000, first, ada).public_id}/counter/"
    before = ChangeOrder.objects.count()
    sent = opened(ben, path) | {f"{first.public_id}-amount": "400.00", "note": "Less of it."}
    meanwhile(second)

    refused = browser(ben).post(path, sent)

    assert (refused.status_code, ChangeOrder.objects.count()) == (409, before)
    text = refused.content.decode()
    assert MEANWHILE in text and "Less of it." in text and "$400.00" in text
    assert len(refused.context["lines"]) > 1, "what would be signed, against what stands now"

    anew = opened(ben, path) | {f"{first.public_id}-amount": "400.00"}
    assert anew["seen"] == tag_in(refused) != sent["seen"]
    assert browser(ben).post(path, anew).status_code == 302
    (change,) = ChangeOrder.objects.latest("pk").changes
    assert set(change) == {"position", "amount"}


def test_nothing_that_was_typed_is_passed_over_where_it_cannot_be_changed_any_more(ada, ben):
    contract, first, second = two(ada, ben)
    path = f"/contracts/{contract.public_id}/change/"
    typed = {f"{one.public_id}-amount": "400.00" for one in (first, second)}
    sent = opened(ben, path) | typed
    case = {"reason": "other", "statement": "No.", "asked_for": 0}
    open_dispute(milestone_id=second.pk, by=ada, **case)
    refused = browser(ben).post(path, sent)
    assert refused.status_code == 409 and MEANWHILE in refused.content.decode()
    assert not ChangeOrder.objects.exists()


def test_neither_a_look_nor_another_mistake_hides_it(ada, ben):
    contract, first, second = two(ada, ben)
    path = f"/contracts/{contract.public_id}/change/"
    sent = opened(ben, path) | {f"{first.public_id}-amount": "400.00"}
    put_off(second)

    wrong = browser(ben).post(path, sent | {f"{first.public_id}-due_on": "soon"})
    assert wrong.status_code == 400 and tag_in(wrong) == sent["seen"]
    look = browser(ben).post(path, sent | {"preview": "1"})
    assert MEANWHILE in look.content.decode() and look.context["lines"]


def test_a_look_at_what_was_read_says_nothing_of_it(ada, ben):
    contract, first, _ = two(ada, ben)
    path = f"/contracts/{contract.public_id}/change/"
    sent = opened(ben, path) | {f"{first.public_id}-amount": "400.00"}
    look = browser(ben).post(path, sent | {"preview": "1"})
    assert look.status_code == 200 and tag_in(look) == sent["seen"]
    assert MEANWHILE not in look.content.decode()


def test_what_changes_between_the_page_and_the_lock_is_refused_too(ada, ben, monkeypatch):
    contract, first, second = two(ada, ben)
    path = f"/contracts/{contract.public_id}/change/"
    sent = opened(ben, path) | {f"{first.public_id}-amount": "400.00"}
    wishes = ChangeForm.wishes

    def overtaken(form: ChangeForm):
        put_off(second)
        return wishes(form)

    monkeypatch.setattr(ChangeForm, "wishes", overtaken)
    refused = browser(ben).post(path, sent)
    assert refused.status_code == 409 and MEANWHILE in refused.content.decode()
    assert tag_in(refused) == sent["seen"] and not ChangeOrder.objects.exists()


def test_an_end_is_of_the_money_that_was_read(ada, ben):
    """What was paid in meanwhile would all go back, and its field was never on the page."""
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    first, second = contract.milestones.order_by("position")
    fund(first)
    path = f"/contracts/{contract.public_id}/end/"
    sent = {"seen": tag_in(browser(ben).get(path)), first.public_id: "123.00"} | SIGNED
    fund(second)

    refused = browser(ben).post(path, sent)

    text = refused.content.decode()
    assert (refused.status_code, ChangeOrder.objects.count()) == (409, 0)
    assert MEANWHILE in text and "123.00" in text and second.public_id in text
    anew = {"seen": tag_in(refused), second.public_id: "45.00"}
    assert anew["seen"] != sent["seen"]
    assert browser(ben).post(path, sent | anew).status_code == 302
    ends = [change["end"]["to_freelancer"] for change in ChangeOrder.objects.get().changes]
    assert ends == [12_300, 4_500]


@pytest.mark.parametrize("is_answer", [False, True])
def test_the_api_shows_the_tag_and_takes_it_back(ada, ben, is_answer):
    contract, first, second = two(ada, ben)
    path = f"/api/v1/contracts/{contract.public_id}/"
    door = f"{path}change-orders/"
    if is_answer:
        door = f"/api/v1/change-orders/{price_to(60_000, first, ada).public_id}/counter/"
    seen = api_of(ben).get(path).json()["change_tag"]
    wishes = {"changes": [{"milestone": first.public_id, "amount": 40_000}]} | SIGNED
    put_off(second)

    refused = api_of(ben).post(door, wishes | {"seen": seen}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "changed_meanwhile")

    anew = api_of(ben).get(path).json()["change_tag"]
    assert anew != seen
    assert api_of(ben).post(door, wishes | {"seen": anew}, format="json").status_code == 201
