"""A decision overtakes what was proposed before it: nobody is taken at their word of before."""

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.errors import WrongState
from projects.agreements.changes.services import accept_change
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import (
    accept_proposal,
    decline_proposal,
    propose_ending,
    withdraw_proposal,
)
from projects.contracts.models import Event
from projects.contracts.sentences import sentence_of
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.services import answer_dispute
from projects.milestones.models import Milestone
from projects.tasks import lapse_changes, lapse_proposals
from tests.projects.ending_world import contract_at_work, states_of, to_end
from tests.races import outcomes_at_once
from tests.world import browser, reviewed_dispute, to_mediator, why

pytestmark = pytest.mark.django_db

NOTHING = {"done": 0, "failed": 0}


@pytest.fixture
def dispute(ada, ben):
    return reviewed_dispute(ada, ben)


def propose(milestone: Milestone, by: User) -> Proposal:
    return propose_ending(milestone_id=milestone.pk, by=by, to_freelancer=40_000)


def decide(dispute: Dispute, by: User) -> None:
    decide_dispute(dispute_id=dispute.pk, by=by, to_freelancer=0, **why())


def test_it_cannot_be_accepted_and_both_are_told(dispute, ada, ben, dora):
    proposal = propose(dispute.milestone, ada)
    assert lapse_proposals() == NOTHING
    decide(dispute, dora)

    for answer, by in (
        (accept_proposal, ben),
        (decline_proposal, ben),
        (withdraw_proposal, ada),
    ):
        with pytest.raises(WrongState, match="is lapsed"):
            answer(proposal_id=proposal.pk, by=by)
    proposal.refresh_from_db()
    assert proposal.status == "proposed"
    assert lapse_proposals() == {"done": 1, "failed": 0}
    assert lapse_proposals() == NOTHING
    proposal.refresh_from_db()
    assert proposal.status == "lapsed"
    event = Event.objects.get(kind="ending_overtaken")
    assert (event.about, event.role) == (proposal.public_id, "system")
    told = Notification.objects.filter(kind="ending_overtaken")
    assert sorted(one.recipient.name for one in told) == ["Ada", "Ben"]
    assert "the proposal from before to end it has lapsed" in told[0].text
    dispute.refresh_from_db()
    assert dispute.status == "decided"


def test_there_is_room_for_another_before_the_sweep_comes(dispute, ada, ben, dora):
    old = propose(dispute.milestone, ada)
    decide(dispute, dora)

    new = propose(dispute.milestone, ada)
    old.refresh_from_db()
    assert (old.status, new.status) == ("lapsed", "proposed")
    assert accept_proposal(proposal_id=new.pk, by=ben).status == "accepted"
    assert lapse_proposals() == NOTHING
    call_command("check_ledger")


def test_one_whose_time_was_over_before_has_lapsed_by_itself(dispute, ada, dora, later):
    propose(dispute.milestone, ada)
    later(days=4)
    decide(dispute, dora)
    assert lapse_proposals() == {"done": 1, "failed": 0}
    assert Event.objects.filter(kind="ending_lapsed").count() == 1
    assert not Event.objects.filter(kind="ending_overtaken").exists()


@pytest.mark.django_db(transaction=True)
def test_decided_and_accepted_at_once_is_one_or_the_other(dispute, ada, ben, dora):
    proposal = propose(dispute.milestone, ada)

    def accept() -> None:
        accept_proposal(proposal_id=proposal.pk, by=ben)

    outcomes = outcomes_at_once(*[accept] * 7, lambda: decide(dispute, dora))
    assert sum(not isinstance(one, Exception) for one in outcomes) == 1, outcomes
    dispute.refresh_from_db()
    is_decided = dispute.status == "decided"
    dispute.milestone.refresh_from_db()
    assert is_decided == (dispute.milestone.closed_at is None)
    call_command("check_ledger")


def test_nor_can_an_end_of_the_whole_contract(ada, ben, dora):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada, {1: 100_000})
    dispute = Dispute.objects.get()
    other = ben if dispute.opened_by == ada else ada
    answer_dispute(dispute_id=dispute.pk, by=other, statement="It is as agreed.")
    to_mediator(dispute, ada, ben)
    decide(dispute, dora)
    before = states_of(contract)

    with pytest.raises(WrongState, match="is lapsed"):
        accept_change(order_id=order.pk, by=ben)
    assert states_of(contract) == before
    page = browser(ben).get(f"/contracts/{contract.public_id}/").content.decode()
    assert f"/change-orders/{order.public_id}/" not in page

    assert lapse_changes() == {"done": 1, "failed": 0}
    told = Notification.objects.filter(kind="change_overtaken")
    assert sorted(one.recipient.name for one in told) == ["Ada", "Ben"]
    assert f"A dispute on “{contract.title}” was decided" in told[0].text
    event = Event.objects.get(kind="change_overtaken")
    assert "since a dispute was decided" in sentence_of(event).text
    accept_change(order_id=to_end(contract, ada, {1: 100_000}).pk, by=ben)
    call_command("check_ledger")
