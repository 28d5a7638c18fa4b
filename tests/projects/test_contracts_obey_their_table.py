"""Every state of a contract, every person, every step: tried by its deed."""

from typing import Any

import pytest

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER
from projects.agreements.changes.asking.services import propose_ending
from projects.agreements.changes.services import propose_change
from projects.agreements.leaving.services import leave_contract
from projects.agreements.services import (
    accept_offer,
    close_finished_contract,
    decline_offer,
    lapse_offer,
    withdraw_offer,
)
from projects.bonuses.services import give_bonus
from projects.contracts.models import LIFECYCLE, Contract
from projects.contracts.roles import role_in
from projects.givebacks.services import ask_back, give_back
from projects.milestones.services import cancel_milestone, submit_work
from tests.projects.change_world import wish
from tests.projects.ending_world import tag_for
from tests.projects.giveback_world import released
from tests.walking import Deed, Walk, people
from tests.world import active_contract, fund, funded_milestone, offered_contract, planned_milestone

pytestmark = pytest.mark.django_db

RUNNING = {Contract.Status.OFFERED, Contract.Status.ACTIVE}


def offered(who: Any) -> Contract:
    return offered_contract(who.ada, who.ben)


def forgotten_offer(who: Any) -> Contract:
    contract = offered(who)
    who.later(days=8)
    return contract


def active(who: Any) -> Contract:
    return active_contract(who.ada, who.ben, [100_000])


def half_delivered(who: Any) -> Contract:
    """Whoever leaves it alone leaves something behind: it is not over with that."""
    contract = active_contract(who.ada, who.ben, [100_000, 50_000])
    first = fund(contract.milestones.order_by("position").first())
    submit_work(milestone_id=first.pk, by=who.ben, note="Half of it.")
    return contract


def at_work(who: Any) -> Contract:
    return funded_milestone(who.ada, who.ben).contract


def worked_on(who: Any) -> Contract:
    """All of it is released, and nobody has looked at the contract since."""
    return released(who.ada, who.ben).contract


def given_up(who: Any) -> Contract:
    milestone = planned_milestone(who.ada, who.ben)
    return cancel_milestone(milestone_id=milestone.pk, by=who.ben).contract


def _one(pk: int) -> Any:
    return Contract.objects.get(pk=pk).milestones.get()


def _leave(pk: int, by: Any) -> None:
    contract = Contract.objects.get(pk=pk)
    is_side = role_in(contract, by) in (CLIENT, FREELANCER)
    is_side = is_side and contract.status == Contract.Status.ACTIVE
    leave_contract(contract_id=pk, by=by, seen=tag_for(contract, by) if is_side else "")


DEEDS = {
    "accept": Deed(offered, lambda pk, by: accept_offer(contract_id=pk, by=by)),
    "decline": Deed(
        offered,
        lambda pk, by: decline_offer(contract_id=pk, by=by, reason="other", note="No time."),
    ),
    "withdraw": Deed(offered, lambda pk, by: withdraw_offer(contract_id=pk, by=by)),
    "lapse": Deed(forgotten_offer, lambda pk: lapse_offer(contract_id=pk), by_house=True),
    "propose_change": Deed(
        at_work,
        lambda pk, by: propose_change(
            contract_id=pk, by=by, wishes=[wish(_one(pk), amount=70_000)]
        ),
    ),
    "propose_ending": Deed(
        at_work,
        lambda pk, by: propose_ending(contract_id=pk, by=by, parts=[(_one(pk).public_id, 40_000)]),
    ),
    "leave": Deed(half_delivered, _leave),
    "give_bonus": Deed(active, lambda pk, by: give_bonus(contract_id=pk, by=by, amount=5_000)),
    "ask_back": Deed(
        worked_on,
        lambda pk, by: ask_back(contract_id=pk, escrow_id=_one(pk).escrow_id, by=by, amount=40_000),
    ),
    "give_back": Deed(
        worked_on,
        lambda pk, by: give_back(
            contract_id=pk, escrow_id=_one(pk).escrow_id, by=by, amount=40_000
        ),
    ),
    "complete": Deed(worked_on, lambda pk: close_finished_contract(contract_id=pk), by_house=True),
    "cancel": Deed(given_up, lambda pk: close_finished_contract(contract_id=pk), by_house=True),
}


def as_it_would_be(status: str) -> dict[str, Any]:
    """What has ended is closed, whoever declines says why, and nobody waits for money."""
    return {
        "funding_due_at": None,
        "closed_at": None if status in RUNNING else now(),
        "declined_for": "price" if status == Contract.Status.DECLINED else "",
    }


def test_every_step_has_its_deed():
    assert set(DEEDS) == set(LIFECYCLE.steps)


@pytest.mark.parametrize("step", DEEDS)
def test_contracts_obey_their_table(step, who):
    Walk(LIFECYCLE, DEEDS, people, as_it_would_be).of(step, who)
