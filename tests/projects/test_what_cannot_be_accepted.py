"""A proposal whose money is no longer there is offered to nobody to be accepted."""

import html

import pytest

from marketplace.common.errors import DomainError
from projects.agreements.models import Proposal
from projects.agreements.outlook import Prospect, prospects_of
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.agreements.turns import turn_of
from projects.disputes.services import open_dispute
from projects.milestones.models import Milestone
from projects.milestones.outlook import Stop
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.test_roll_rest import fresh, propose, two
from tests.world import api_of, browser, funded_milestone, opened_dispute

pytestmark = pytest.mark.django_db

ACCEPT = Stop("freelancer", "accept")


def cut(milestone: Milestone) -> Milestone:
    """Its client's bank takes half of what is held for it."""
    Bank(payment_of(milestone.escrow), 51_500).takes()
    return milestone


def prospect_of(milestone: Milestone) -> Prospect:
    milestone = fresh(milestone)
    return prospects_of(milestone.contract).of(milestone)


def named(milestone: Milestone) -> set[Stop]:
    """All the ways to stop a clock of it."""
    told = prospect_of(milestone).outlook
    strikes = [*told.strikes, *([told.end] if told.end else [])]
    return {stop for strike in strikes for stop in strike.stopped_by}


def refused(proposal: Proposal, by) -> str:
    with pytest.raises(DomainError) as refusal:
        accept_proposal(proposal_id=proposal.pk, by=by)
    return str(refusal.value)


def in_dispute(ada, ben) -> Milestone:
    return opened_dispute(ada, ben).milestone


@pytest.mark.parametrize("begin", [funded_milestone, in_dispute])
def test_it_is_named_while_it_can_be_made_and_not_after(ada, ben, begin):
    milestone = begin(ada, ben)
    proposal = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=60_000)
    assert ACCEPT in named(milestone)
    path = f"/api/v1/proposals/{proposal.public_id}/"
    assert api_of(ben).get(path).json()["next_steps"] == ["accept", "decline", "counter"]

    cut(milestone)

    why = refused(proposal, ben)
    assert "held is $500.00, not more" in why
    assert ACCEPT not in named(milestone)
    assert Stop("freelancer", "decline") in named(milestone)
    lapses = next(
        one for one in prospect_of(milestone).outlook.strikes if one.kind == "proposal_lapses"
    )
    assert lapses.stops == ("Ben can decline it before, or propose something else.")
    assert prospect_of(milestone).refusal == why
    assert api_of(ben).get(path).json()["next_steps"] == ["decline", "counter"]
    assert api_of(ada).get(path).json()["next_steps"] == ["withdraw"]


def test_the_page_and_the_turn_say_why_and_have_no_button(ada, ben):
    milestone = funded_milestone(ada, ben)
    proposal = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=60_000)
    page, accept = f"/contracts/{milestone.contract.public_id}/", f"{proposal.public_id}/accept/"
    assert accept in browser(ben).get(page).content.decode()

    cut(milestone)

    shown = html.unescape(browser(ben).get(page).content.decode())
    assert accept not in shown and f"{proposal.public_id}/decline/" in shown
    why = f"It cannot be accepted as things are: {refused(proposal, ben)}"
    assert why in shown
    assert why in turn_of(prospects_of(fresh(milestone).contract), "freelancer").text


def test_a_rest_that_can_go_nowhere_is_named_no_more(ada, ben):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    assert ACCEPT in named(first)
    open_dispute(milestone_id=second.pk, by=ada, reason="late", statement="Late.", asked_for=0)

    assert ACCEPT not in named(first)
    assert prospect_of(first).refusal == refused(proposal, ben)


def test_nor_one_whose_money_a_bank_wants(ada, ben):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    Bank(payment_of(second.escrow), 1_000).takes()
    assert ACCEPT not in named(first)
    assert prospect_of(first).refusal == refused(proposal, ben)


def test_it_costs_the_same_however_many_there_are(ada, ben, django_assert_max_num_queries):
    first, second = two(ada, ben)
    for milestone in (first, second):
        propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=10_000)
    contract = fresh(first).contract
    prospects_of(contract)  # what it brings along is read once
    with django_assert_max_num_queries(16) as found:
        assert all(one.proposal for one in prospects_of(contract).milestones)
    many = len(found)
    Proposal.objects.filter(milestone=second).delete()
    with django_assert_max_num_queries(16) as found:
        prospects_of(contract)
    assert len(found) == many
