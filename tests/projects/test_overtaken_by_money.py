"""What is proposed about money is about what is held then: where it moves, nobody is bound."""

import pytest

from accounts.notifications.models import Notification
from marketplace.common.errors import WrongState
from payments.escrow.selectors import held_in
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.selectors import effect_now
from projects.agreements.changes.services import accept_change, withdraw_change
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import (
    accept_proposal,
    decline_proposal,
    propose_ending,
    withdraw_proposal,
)
from projects.agreements.selectors import standing_proposal
from projects.contracts.models import Event
from projects.contracts.sentences import sentence_of
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.tasks import deliver_notification, lapse_proposals
from tests.projects.change_world import facts_of, proposed, the_books_agree, wish, wording
from tests.projects.ending_world import contract_at_work, to_end
from tests.projects.test_roll_rest import fresh, two
from tests.projects.test_roll_rest import propose as propose_roll
from tests.races import at_once
from tests.world import browser, fund, funded_milestone

pytestmark = pytest.mark.django_db

DONE, NOTHING = {"done": 1, "failed": 0}, {"done": 0, "failed": 0}


def drop_of(milestone: Milestone, by) -> ChangeOrder:
    return proposed(by, wish(milestone, drop=True), milestone=milestone)


def proposal_of(milestone: Milestone, by) -> Proposal:
    return propose_ending(milestone_id=milestone.pk, by=by, to_freelancer=60_000)


def pay_a_part(milestone: Milestone, ada, *, once: str = "") -> None:
    release_part(milestone_id=milestone.pk, by=ada, amount=30_000, once=once)


# --- A milestone is dropped ----------------------------------------------------------------------


def test_a_drop_names_the_price_and_what_is_held(ada, ben):
    _, second = two(ada, ben)
    order = drop_of(second, ben)

    assert order.changes == [{"position": 2, "drop": {"amount": 50_000, "held": 51_500}}]
    page = browser(ada).get(f"/contracts/{second.contract.public_id}/").content.decode()
    for shown in ("Price:", "$500.00", "$515.00", "all of it back to the client"):
        assert shown in page
    accept_change(order_id=order.pk, by=ada)
    assert facts_of(second).refunded == 51_500
    assert wording(second.contract)["changes"] == order.changes
    the_books_agree()


def test_what_was_rolled_into_it_since_is_not_dropped_with_it(ada, ben):
    first, second = two(ada, ben)
    order = drop_of(second, ben)
    accept_proposal(proposal_id=propose_roll(first, second, ada, 60_000).pk, by=ben)

    with pytest.raises(WrongState, match="has moved since") as refusal:
        accept_change(order_id=order.pk, by=ada)
    assert refusal.value.code == "changed_meanwhile"
    assert effect_now(order) == (None, str(refusal.value))
    assert held_in(fresh(second).escrow) == 92_700
    withdraw_change(order_id=order.pk, by=ben)
    the_books_agree()


def test_nor_what_was_paid_in_since(ada, ben):
    _, second = two(ada, ben, both=False)
    order = drop_of(second, ben)
    fund(second)

    with pytest.raises(WrongState, match="has moved since"):
        accept_change(order_id=order.pk, by=ada)


def test_one_that_was_proposed_before_it_named_the_money_can_still_be_accepted(ada, ben):
    _, second = two(ada, ben)
    order = drop_of(second, ben)
    ChangeOrder.objects.update(changes=[{"position": 2, "drop": True}])

    page = browser(ada).get(f"/change-orders/{order.public_id}/accept/")
    assert page.status_code == 200
    accept_change(order_id=order.pk, by=ada)
    assert facts_of(second).refunded == 51_500


@pytest.mark.django_db(transaction=True)
def test_dropped_and_rolled_into_at_once_is_one_or_the_other(ada, ben):
    first, second = two(ada, ben)
    order = drop_of(second, ben)
    roll = propose_roll(first, second, ada, 60_000)

    outcomes = at_once(
        *[lambda: accept_change(order_id=order.pk, by=ada)] * 4,
        *[lambda: accept_proposal(proposal_id=roll.pk, by=ben)] * 4,
    )

    assert outcomes.count("done") == 1, outcomes
    is_dropped = "done" in outcomes[:4]
    assert facts_of(second).refunded == (51_500 if is_dropped else 0)
    assert held_in(fresh(second).escrow) == (0 if is_dropped else 92_700)
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_dropped_and_paid_a_part_of_at_once_is_one_or_the_other(ada, ben):
    _, second = two(ada, ben)
    order = drop_of(second, ben)

    outcomes = at_once(
        *[lambda: accept_change(order_id=order.pk, by=ada)] * 4,
        *[lambda: pay_a_part(second, ada, once="a click")] * 4,
    )

    assert outcomes[:4].count("done") + ("done" in outcomes[4:]) == 1, outcomes
    assert facts_of(second).refunded == (51_500 if "done" in outcomes[:4] else 0)
    the_books_agree()


# --- A part of it is released --------------------------------------------------------------------


@pytest.mark.parametrize("proposer", ["ada", "ben"])
def test_a_released_part_overtakes_what_was_proposed_before(ada, ben, proposer):
    by, other = (ada, ben) if proposer == "ada" else (ben, ada)
    milestone = funded_milestone(ada, ben, 100_000)
    proposal = proposal_of(milestone, by)
    assert lapse_proposals() == NOTHING
    pay_a_part(milestone, ada)

    for answer, who in ((accept_proposal, other), (decline_proposal, other)):
        with pytest.raises(WrongState, match="is lapsed"):
            answer(proposal_id=proposal.pk, by=who)
    with pytest.raises(WrongState, match="is lapsed"):
        withdraw_proposal(proposal_id=proposal.pk, by=by)
    standing = standing_proposal(milestone)
    assert standing and standing.state == "lapsed"
    assert lapse_proposals() == DONE
    assert lapse_proposals() == NOTHING
    proposal.refresh_from_db()
    assert proposal.status == "lapsed"
    assert facts_of(milestone).released == 30_000
    told = Notification.objects.filter(kind="ending_overtaken")
    assert sorted(one.recipient.name for one in told) == ["Ada", "Ben"]
    assert "A part of the price" in told[0].text
    event = Event.objects.get(kind="ending_overtaken")
    assert sentence_of(event).text.endswith("and lapsed: a part of the price was released")
    the_books_agree()


def test_there_is_room_for_another_at_once(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    old = proposal_of(milestone, ada)
    pay_a_part(milestone, ada)
    new = proposal_of(milestone, ada)

    old.refresh_from_db()
    assert (old.status, new.status) == ("lapsed", "proposed")
    accept_proposal(proposal_id=new.pk, by=ben)
    assert facts_of(milestone).released == 90_000
    the_books_agree()


def is_called_off(kind: str, recipient) -> str:
    """Why the mail of this notice never leaves; '' where it has left."""
    notice = Notification.objects.get(kind=kind, recipient=recipient)
    deliver_notification(notification_id=notice.pk)
    notice.refresh_from_db()
    assert bool(notice.mailed_at) != bool(notice.mail_called_off)
    return notice.mail_called_off


def test_no_mail_asks_for_an_answer_to_it_before_the_sweep_has_written_it(ada, ben):
    milestone, standing = funded_milestone(ada, ben, 100_000), funded_milestone(ada, ben, 100_000)
    proposal_of(milestone, ada)
    pay_a_part(milestone, ada)
    assert is_called_off("ending_proposed", ben) == "The proposal is open no longer."

    Notification.objects.filter(kind="ending_proposed").delete()
    proposal_of(standing, ada)
    assert is_called_off("ending_proposed", ben) == ""


def test_nor_to_the_ending_of_a_whole_contract(ada, ben):
    contract = contract_at_work(ada, ben)
    to_end(contract, ada)
    pay_a_part(contract.milestones.get(position=1), ada)
    assert ChangeOrder.objects.get().status == "proposed"
    assert is_called_off("change_proposed", ben) == "The change is open no longer."


@pytest.mark.django_db(transaction=True)
def test_accepted_and_paid_a_part_of_at_once_never_pays_both(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    proposal = proposal_of(milestone, ada)

    outcomes = at_once(
        *[lambda: accept_proposal(proposal_id=proposal.pk, by=ben)] * 4,
        *[lambda: pay_a_part(milestone, ada, once="a click")] * 4,
    )

    accepted, paid = outcomes[:4].count("done"), outcomes[4:].count("done")
    assert (accepted, paid) in {(1, 0), (0, 4)}, outcomes
    assert facts_of(milestone).released == (60_000 if accepted else 30_000)
    the_books_agree()
