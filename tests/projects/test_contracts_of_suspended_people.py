"""A contract goes on while a side is suspended; the other one is told, and may choose."""

from datetime import timedelta

import pytest
from django.utils.dateparse import parse_datetime

from accounts.holds.services import appeal_hold
from accounts.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from projects.agreements.outlook import prospects_of
from projects.agreements.services import close_finished_contract
from projects.contracts.models import Contract
from projects.holds.selectors import contracts_told_of, standstill_on
from projects.holds.services import let_go
from projects.milestones.services import cancel_milestone
from projects.tasks import end_due_holds
from tests.projects.holds_world import WHY, is_over_by_now, suspended
from tests.races import at_once
from tests.world import (
    active_contract,
    api_of,
    browser,
    funded_milestone,
    offered_contract,
    person,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def max_(db) -> User:
    """Another moderator."""
    return grant_staff_roles(user_id=person("Max").pk, roles={"moderator"}, by=SYSTEM)


def told(user: User, kind: str = "side_suspended") -> list[Notification]:
    return list(Notification.objects.filter(recipient=user, kind=kind))


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


def by_a_moderator(hold, mona, max_, later) -> None:
    let_go(hold_id=hold.pk, by=mona)


def by_time(hold, mona, max_, later) -> None:
    later(days=14)
    end_due_holds()
    end_due_holds()


def by_an_appeal(hold, mona, max_, later) -> None:
    appeal_hold(hold_id=hold.pk, statement="It was not me.", by=hold.party.members.get())
    let_go(hold_id=hold.pk, by=max_, ruling="You are right.")


def by_an_appeal_that_nobody_answers(hold, mona, max_, later) -> None:
    appeal_hold(hold_id=hold.pk, statement="It was not me.", by=hold.party.members.get())
    later(days=10.1)
    end_due_holds()
    end_due_holds()


ENDS = [by_a_moderator, by_time, by_an_appeal, by_an_appeal_that_nobody_answers]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_who_was_told_of_it_is_told_once_of_its_end(ada, ben, cleo, mona, max_, later, end):
    first, second = funded_milestone(ada, ben).contract, active_contract(ben, cleo)
    hold = suspended(ben, mona)
    active_contract(ada, cleo)
    cancel_milestone(milestone_id=first.milestones.get().pk, by=ben)
    close_finished_contract(contract_id=first.pk)
    end(hold, mona, max_, later)
    active_contract(ada, ben)

    # Also whose contract has ended meanwhile: they know until when it was to last.
    (to_ada,), (to_cleo,) = told(ada, "side_free"), told(cleo, "side_free")
    assert first.public_id in to_ada.path and second.public_id in to_cleo.path
    assert to_ada.text == f"Ben, the other side of “{first.title}”, is no longer suspended."
    assert told(ben, "side_free") == told(mona, "side_free") == []


def test_nobody_hears_of_the_end_of_what_was_before_their_contract(ada, ben, mona, later):
    over = suspended(ben, mona, days=2)
    let_go(hold_id=over.pk, by=mona)
    later(days=1)
    active_contract(ada, ben)
    hold = suspended(ben, mona, days=2)
    assert list(contracts_told_of(over)) == []
    assert len(list(contracts_told_of(hold))) == 1


@pytest.mark.django_db(transaction=True)
def test_lifted_and_ended_at_once_the_others_are_told_once(ada, ben, mona):
    contract = active_contract(ada, ben)
    hold = suspended(ben, mona)
    is_over_by_now(hold)
    Contract.objects.filter(pk=contract.pk).update(accepted_at=now() - timedelta(days=15))
    acts = [lambda: let_go(hold_id=hold.pk, by=mona), lambda: let_go(hold_id=hold.pk, by=SYSTEM)]

    assert sorted(at_once(*acts * 4)) == ["done"] + ["wrong_state"] * 7
    assert len(told(ada, "side_free")) == 1


def test_a_client_reads_what_each_choice_gives_in_money(ada, ben, mona):
    contract = funded_milestone(ada, ben).contract
    assert "is suspended" not in page(ada, contract)
    suspended(ben, mona)

    shown = page(ada, contract)
    assert "Ben is suspended from new business" in shown
    assert "$1,030.00 stays held" in shown
    assert "how much of the $1,000.00 pays for what is done" in shown
    assert f"/contracts/{contract.public_id}/leave/" not in shown  # nothing is late
    assert "Choose “Hand it over” as you end it." in shown
    own = page(ben, contract)
    assert "You are suspended, and this contract goes on" in own
    assert "Ada can, by one of these endings" in own and "Choose “Hand it over”" not in own


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
    money = {"held": 103_000, "price_held": 100_000, "back_if_you_leave": 103_000}
    assert to_ben == money | {"can_hand_over": False}
    assert (to_ada["back_if_you_leave"], to_ada["can_hand_over"]) == (None, True)


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
