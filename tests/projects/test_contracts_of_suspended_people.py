"""A contract goes on while a side is suspended; the other one is told, and may choose."""

import pytest
from django.utils.dateparse import parse_datetime

from accounts.models import Notification
from accounts.people.models import User
from marketplace.common.lifecycle import CLIENT, FREELANCER
from projects.agreements.outlook import prospects_of
from projects.holds.selectors import standstill_on
from projects.holds.services import let_go
from tests.projects.holds_world import WHY, suspended
from tests.world import active_contract, api_of, browser, funded_milestone, offered_contract

pytestmark = pytest.mark.django_db


def told(user: User) -> list[Notification]:
    return list(Notification.objects.filter(recipient=user, kind="side_suspended"))


def page(user: User, contract) -> str:
    return browser(user).get(f"/contracts/{contract.public_id}/").text


def test_the_other_side_of_each_running_contract_is_told_and_not_why(ada, ben, cleo, mona):
    first, second = funded_milestone(ada, ben).contract, active_contract(ben, cleo)
    offered_contract(cleo, ben)
    suspended(ben, mona)

    (to_ada,), (to_cleo,) = told(ada), told(cleo)
    assert first.public_id in to_ada.path and second.public_id in to_cleo.path
    assert told(ben) == told(mona) == []
    assert WHY["reason"] not in to_ada.text + page(ada, first)


def test_a_client_reads_what_each_choice_gives_in_money(ada, ben, mona):
    contract = funded_milestone(ada, ben).contract
    assert "is suspended" not in page(ada, contract)
    suspended(ben, mona)

    shown = page(ada, contract)
    assert "Ben is suspended from new business" in shown
    assert "$1,030.00 stays held" in shown
    assert "how much of the $1,000.00 pays for what is done" in shown
    assert f"/contracts/{contract.public_id}/leave/" not in shown  # nothing is late
    assert "You are suspended, and this contract goes on" in page(ben, contract)


def test_a_freelancer_may_also_end_alone_what_is_not_handed_in(ada, ben, mona):
    contract = funded_milestone(ada, ben).contract
    suspended(ada, mona)

    shown = page(ben, contract)
    assert "End alone what is not handed in" in shown
    assert "$1,030.00 goes back to Ada" in shown
    assert f'href="/contracts/{contract.public_id}/leave/"' in shown


def test_programs_read_the_same_choices(ada, ben, mona):
    contract = funded_milestone(ada, ben).contract
    url = f"/api/v1/contracts/{contract.public_id}/next/"
    assert api_of(ada).get(url).json()["standstill"] is None
    hold = suspended(ada, mona)

    to_ben, to_ada = (api_of(one).get(url).json()["standstill"] for one in (ben, ada))

    assert (to_ben.pop("is_you"), to_ada["is_you"]) == (False, True)
    assert parse_datetime(to_ben.pop("until")) == hold.closes_at
    assert to_ben == {"held": 103_000, "price_held": 100_000, "back_if_you_leave": 103_000}
    assert to_ada["back_if_you_leave"] is None


def test_it_says_nothing_any_more_once_it_is_over(ada, ben, mona, later):
    contract = funded_milestone(ada, ben).contract
    hold = suspended(ben, mona, days=3)
    for role in (CLIENT, FREELANCER):
        found = standstill_on(prospects_of(contract), role)
        assert found and found.is_own == (role == FREELANCER)
    later(days=3)
    assert standstill_on(prospects_of(contract), CLIENT) is None
    let_go(hold_id=hold.pk, by=mona)
    assert standstill_on(prospects_of(contract), CLIENT) is None
