"""What a contract goes by is what its signed wordings say: what differs is found by its name."""

import pytest
from django.core.management import call_command

from payments.escrow.models import Escrow
from payments.policies.models import Policy
from payments.policies.services import add_version
from projects.agreements.changes.services import accept_change
from projects.agreements.checks import (
    contracts_go_by_the_rules_that_were_signed,
    criteria_and_revisions_are_those_that_were_signed,
)
from projects.contracts.models import Contract
from projects.milestones.models import Milestone
from tests.projects.change_world import another, proposed, wish
from tests.world import active_contract, fund, offered_contract

pytestmark = pytest.mark.django_db

OF_CONTRACTS, OF_MILESTONES = (
    contracts_go_by_the_rules_that_were_signed,
    criteria_and_revisions_are_those_that_were_signed,
)


@pytest.fixture
def changed(ada, ben) -> Contract:
    """Signed under version 1, when version 2 is in force; of its milestones both changed one,
    dropped one, added one, and left the first as it was.
    """
    contract = active_contract(ada, ben, [30_000, 40_000, 50_000])
    add_version({"lateness_grace_days": 9})
    _, second, third = map(fund, contract.milestones.order_by("position"))
    order = proposed(
        ada,
        wish(second, criteria=["It is blue."], revisions=7),
        wish(third, drop=True),
        another(criteria=["It is there."]),
        contract=contract,
    )
    accept_change(order_id=order.pk, by=ben)
    return contract


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"policy": 2}, "goes by version 2 of the policy, 7 days of review, 3 revisions"),
        ({"review_days": 8}, "version 1 of the policy, 8 days of review, 3 revisions"),
        ({"revisions": None}, "version 1 of the policy, 7 days of review, no number of revisions"),
    ],
)
def test_a_contract_is_moved_to_no_other_rules(changed, moved, said):
    assert OF_CONTRACTS() == []
    if "policy" in moved:
        Escrow.objects.update(policy=_version(2))
        moved = {"policy": _version(2)}

    Contract.objects.update(**moved)

    first, second = OF_CONTRACTS()
    assert said in first and changed.public_id in first
    assert (first + second).count("7 days of review, 3 revisions was signed in version") == 2


def test_nor_is_its_money_alone(changed):
    second = changed.milestones.get(position=2)
    Escrow.objects.filter(pk=second.escrow_id).update(policy=_version(2))

    assert OF_CONTRACTS() == [
        f"{second.public_id} has its money under version 2 of the policy, and its contract goes by "
        "version 1."
    ]


@pytest.mark.parametrize("position", [1, 2, 4])
@pytest.mark.parametrize("moved", [{"criteria": ["Else."]}, {"revisions_agreed": 5}])
def test_a_milestone_is_judged_by_what_was_signed_last(changed, position, moved):
    assert OF_MILESTONES() == []
    changed.milestones.filter(position=position).update(**moved)

    milestone = changed.milestones.get(position=position)
    assert OF_MILESTONES() == [
        f"{milestone.public_id} has other criteria or revisions than were signed."
    ]


def test_each_is_proved_by_as_many_questions_as_many(changed, ada, ben, django_assert_num_queries):
    with django_assert_num_queries(2):
        OF_CONTRACTS()
    with django_assert_num_queries(1):
        OF_MILESTONES()
    offered_contract(ada, ben)
    active_contract(ada, ben, [30_000, 40_000])

    with django_assert_num_queries(2):
        assert OF_CONTRACTS() == []
    with django_assert_num_queries(1):
        assert OF_MILESTONES() == []
    assert Milestone.objects.count() == 6
    call_command("check_ledger")


def _version(number: int) -> Policy:
    return Policy.objects.get(version=number)
