"""Both sides end a whole contract in one step: all of it, to the cent, or nothing."""

import json

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from payments.escrow.facts import facts_now
from projects.agreements.changes.asking.services import propose_ending
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.selectors import changes_of as orders_of
from projects.agreements.changes.selectors import standing_on
from projects.agreements.changes.services import (
    accept_change,
    counter_change,
    decline_change,
    lapse_change,
    propose_change,
    withdraw_change,
)
from projects.agreements.models import Proposal
from projects.agreements.outlook import prospects_of
from projects.agreements.proposals.services import propose_ending as propose_end_of_one
from projects.agreements.selectors import open_steps
from projects.agreements.turns import turn_of
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from projects.contracts.sentences import sentence_of
from projects.disputes.models import Dispute
from projects.milestones.parts.services import release_part
from projects.milestones.services import (
    cancel_milestone,
    fund_milestone,
    release_milestone,
)
from projects.tasks import lapse_changes
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.ending_world import changes_of, contract_at_work, part, states_of, to_end
from tests.world import active_contract, fund

pytestmark = pytest.mark.django_db


def test_all_of_it_ends_at_once_and_to_the_cent(ada, ben):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada, {1: 100_000, 3: 33_333})
    assert changes_of(order) == [
        (1, 100_000, 103_000),
        (3, 33_333, 103_000),
        (2, 0, 103_000),
        (4, 0, 0),
    ]

    accept_change(order_id=order.pk, by=ben)

    assert states_of(contract) == ["released", "cancelled", "split", "cancelled"]
    money = [facts_now(part(contract, position).escrow) for position in (1, 2, 3, 4)]
    assert [(one.received, one.refunded, one.held) for one in money] == [
        (97_000, 0, 0),
        (0, 103_000, 0),
        (32_333, 68_667, 0),
        (0, 0, 0),
    ]
    contract.refresh_from_db()
    assert contract.status == Contract.Status.COMPLETED and contract.closed_at
    assert Dispute.objects.get().state == Dispute.Status.CLOSED
    call_command("check_ledger")


def test_without_a_word_all_of_it_goes_back_and_the_contract_is_cancelled(ada, ben):
    contract = contract_at_work(ada, ben)

    accept_change(order_id=to_end(contract, ben).pk, by=ada)

    assert states_of(contract) == ["cancelled"] * 4
    total = prospects_of(contract).total
    assert (total.refunded, total.held, total.received) == (309_000, 0, 0)
    contract.refresh_from_db()
    assert contract.status == Contract.Status.CANCELLED
    call_command("check_ledger")


def test_what_was_released_before_stays_and_makes_it_completed(ada, ben):
    contract = contract_at_work(ada, ben)
    release_milestone(milestone_id=part(contract, 1).pk, by=ada)
    order = to_end(contract, ada)
    assert [position for position, *_ in changes_of(order)] == [2, 3, 4]

    accept_change(order_id=order.pk, by=ben)

    assert states_of(contract) == ["released", "cancelled", "cancelled", "cancelled"]
    contract.refresh_from_db()
    assert contract.status == Contract.Status.COMPLETED


def test_both_have_signed_the_end_as_the_last_version(ada, ben):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada, {2: 40_000}, confirmed_with="password")

    accept_change(order_id=order.pk, by=ben, confirmed_with="password")

    last = agreement_of(contract)
    wording = json.loads(last.body)
    assert (last.version, last.client_signer, last.freelancer_signer) == (2, ada, ben)
    assert wording["changed_by"] == {"change_order": order.public_id}
    assert wording["changes"] == order.changes
    assert [one["amount"] for one in wording["milestones"]] == [100_000] * 4, "as it was signed"
    assert last.seal


def test_what_waits_for_an_answer_lapses_with_it(ada, ben):
    contract = contract_at_work(ada, ben)
    waiting = propose_end_of_one(milestone_id=part(contract, 2).pk, by=ben, to_freelancer=10_000)
    accept_change(order_id=to_end(contract, ada).pk, by=ben)
    waiting.refresh_from_db()
    assert waiting.status == Proposal.Status.LAPSED


def test_a_pay_page_that_is_open_closes_with_it(ada, ben):
    contract = active_contract(ada, ben, [100_000, 50_000])
    payment = fund_milestone(milestone_id=part(contract, 1).pk, by=ada)
    accept_change(order_id=to_end(contract, ada).pk, by=ben)
    payment.refresh_from_db()
    assert payment.status == "cancelled"


def test_what_a_bank_brings_after_the_end_is_the_clients(ada, ben):
    """Both signed 500 for Ben: all that was held then, while a bank had the other half."""
    contract = active_contract(ada, ben, [100_000])
    escrow = fund(part(contract, 1)).escrow
    bank = Bank(payment_of(escrow), 51_500)
    bank.takes()
    accept_change(order_id=to_end(contract, ada, {1: 50_000}).pk, by=ben)
    assert states_of(contract) == ["split"]
    call_command("check_ledger")

    bank.gives_back()

    money = facts_now(part(contract, 1).escrow)
    assert (money.received, money.refunded, money.held) == (48_500, 51_500, 0)
    call_command("check_ledger")


# --- It is what was proposed, or it is nothing ----------------------------------------------------


def a_bank_takes(contract: Contract, *_: object) -> None:
    Bank(payment_of(part(contract, 1).escrow), 30_000).takes()


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda c, ada, ben: release_milestone(milestone_id=part(c, 1).pk, by=ada),
        lambda c, ada, ben: release_part(milestone_id=part(c, 1).pk, by=ada, amount=20_000),
        lambda c, ada, ben: cancel_milestone(milestone_id=part(c, 2).pk, by=ben),
        lambda c, ada, ben: fund(part(c, 4)),
        a_bank_takes,
    ],
)
def test_what_has_moved_meanwhile_is_not_what_was_proposed(ada, ben, meanwhile):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ben, {1: 50_000})
    assert lapse_changes() == {"done": 0, "failed": 0}
    meanwhile(contract, ada, ben)
    before = states_of(contract)

    for answer, by in ((accept_change, ada), (decline_change, ada), (withdraw_change, ben)):
        with pytest.raises(WrongState, match="is lapsed"):
            answer(order_id=order.pk, by=by)

    assert states_of(contract) == before
    contract.refresh_from_db()
    assert contract.status == Contract.Status.ACTIVE
    assert standing_on([contract.pk]) == {}
    assert "propose_change" in open_steps(contract, "client")
    assert orders_of(ada).get().state == ChangeOrder.Status.LAPSED
    assert lapse_changes() == {"done": 1, "failed": 0}
    told = Notification.objects.filter(kind="change_overtaken")
    assert sorted(one.recipient.name for one in told) == ["Ada", "Ben"]
    assert f"The money of “{contract.title}” has moved" in told[0].text
    accept_change(order_id=to_end(contract, ben).pk, by=ada)
    call_command("check_ledger")


def test_there_is_room_for_another_before_the_sweep_comes(ada, ben):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ben)
    fund(part(contract, 4))
    another = to_end(contract, ada)
    order.refresh_from_db()
    assert (order.status, another.status) == ("lapsed", "proposed")
    assert lapse_changes() == {"done": 0, "failed": 0}


def test_one_whose_time_was_over_before_has_lapsed_by_itself(ada, ben, later):
    contract = contract_at_work(ada, ben)
    to_end(contract, ben)
    later(days=4)
    fund(part(contract, 4))
    assert lapse_changes() == {"done": 1, "failed": 0}
    assert not Notification.objects.filter(kind="change_overtaken").exists()


def test_one_from_before_released_parts_were_named_stands_while_its_money_does(ada, ben):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ben)
    for change in order.changes:
        del change["end"]["released"]
    order.save(update_fields=["changes"])
    assert list(standing_on([contract.pk])) == [contract.pk]
    assert lapse_changes() == {"done": 0, "failed": 0}
    release_part(milestone_id=part(contract, 1).pk, by=ada, amount=20_000)
    assert lapse_changes() == {"done": 1, "failed": 0}


def test_as_much_held_after_another_release_is_not_what_was_proposed(ada, ben):
    contract = active_contract(ada, ben, [100_000])
    fund(part(contract, 1), 50_000)
    order = to_end(contract, ben, {1: 40_000})
    release_part(milestone_id=part(contract, 1).pk, by=ada, amount=20_000)
    fund(part(contract, 1), 20_000)
    assert facts_now(part(contract, 1).escrow).held == order.changes[0]["end"]["held"]
    with pytest.raises(WrongState, match="is lapsed"):
        accept_change(order_id=order.pk, by=ada)
    accept_change(order_id=to_end(contract, ben, {1: 40_000}).pk, by=ada)
    assert part(contract, 1).escrow.released == 60_000
    call_command("check_ledger")


def test_what_fails_in_the_middle_leaves_nothing(ada, ben, monkeypatch):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada, {1: 100_000})

    def fall(*_: object, **__: object) -> None:
        raise RuntimeError("at the very end")

    monkeypatch.setattr("projects.agreements.changes.services.close_if_finished", fall)
    with pytest.raises(RuntimeError):
        accept_change(order_id=order.pk, by=ben)

    assert states_of(contract) == ["submitted", "planned", "disputed", "planned"]
    assert agreement_of(contract).version == 1
    call_command("check_ledger")


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ({2: 100_001}, "parts[0].to_freelancer"),
        ({1: 0, 4: 1}, "parts[1].to_freelancer"),
        ({2: -1}, "parts[0].to_freelancer"),
    ],
)
def test_a_part_that_nobody_holds_is_refused(ada, ben, parts, param):
    contract = contract_at_work(ada, ben)
    with pytest.raises(InvalidInput) as refusal:
        to_end(contract, ada, parts)
    assert refusal.value.param == param
    assert not ChangeOrder.objects.exists()


def test_milestones_of_others_twice_named_or_ended_are_refused(ada, ben):
    contract, another = contract_at_work(ada, ben), active_contract(ada, ben)
    one, foreign = part(contract, 1).public_id, part(another, 1).public_id
    with pytest.raises(InvalidInput) as refusal:
        propose_ending(contract_id=contract.pk, by=ada, parts=[(one, 0), (foreign, 0)])
    assert refusal.value.param == "parts[1].milestone"
    with pytest.raises(InvalidInput) as refusal:
        propose_ending(contract_id=contract.pk, by=ada, parts=[(one, 0), (one, 0)])
    assert refusal.value.param == "parts"
    release_milestone(milestone_id=part(contract, 1).pk, by=ada)
    with pytest.raises(WrongState):
        propose_ending(contract_id=contract.pk, by=ada, parts=[(one, 0)])


@pytest.mark.parametrize(
    "besides",
    [
        [],
        [Wish(title="More", amount=20_000)],
        [Wish(milestone="2", drop=True)],
    ],
)
def test_an_end_is_whole_and_stands_alone(ada, ben, besides, later):
    contract = active_contract(ada, ben, [100_000, 50_000])
    names = {str(one.position): one.public_id for one in contract.milestones.all()}
    wishes = [
        Wish(
            milestone=names.get(wish.milestone, ""),
            drop=wish.drop,
            title=wish.title,
            amount=wish.amount,
            due_at=None if wish.milestone else part(contract, 2).due_at,
        )
        for wish in besides
    ]
    with pytest.raises(InvalidInput, match="every milestone that is open"):
        propose_change(
            contract_id=contract.pk,
            by=ada,
            wishes=[Wish(milestone=names["1"], to_freelancer=0), *wishes],
        )
    both = Wish(milestone=names["1"], to_freelancer=0, amount=70_000)
    with pytest.raises(InvalidInput, match="not changed besides"):
        propose_change(contract_id=contract.pk, by=ada, wishes=[both])
    with pytest.raises(InvalidInput, match="Name the milestone"):
        propose_change(contract_id=contract.pk, by=ada, wishes=[Wish(to_freelancer=0)])


# --- Who answers, and until when ------------------------------------------------------------------


def test_only_the_other_side_answers_and_only_once(ada, ben, cleo):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada)
    for deed in (accept_change, decline_change):
        for stranger in (ada, cleo):
            with pytest.raises(NotAllowed):
                deed(order_id=order.pk, by=stranger)
    with pytest.raises(NotAllowed):
        to_end(contract, cleo)
    with pytest.raises(WrongState, match="Another change"):
        to_end(contract, ben)
    decline_change(order_id=order.pk, by=ben)
    with pytest.raises(WrongState):
        accept_change(order_id=order.pk, by=ben)
    assert states_of(contract) == ["submitted", "planned", "disputed", "planned"]


def test_it_lapses_after_the_days_of_its_policy(ada, ben, later):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada)
    later(days=contract.policy.proposal_answer_days)
    with pytest.raises(WrongState):
        accept_change(order_id=order.pk, by=ben)
    lapse_change(order_id=order.pk)
    order.refresh_from_db()
    assert order.status == ChangeOrder.Status.LAPSED
    told = Notification.objects.filter(kind="change_lapsed")
    assert {notice.text for notice in told} == {
        f"The ending of “{contract.title}” has lapsed. Nothing has changed."
    }


def test_it_goes_round_by_round(ada, ben):
    contract = contract_at_work(ada, ben)
    first = to_end(contract, ada, {1: 50_000})
    wishes = [
        Wish(milestone=part(contract, at).public_id, to_freelancer=amount)
        for at, amount in {1: 80_000, 2: 0, 3: 0, 4: 0}.items()
    ]
    second = counter_change(order_id=first.pk, by=ben, wishes=wishes)
    assert second.counters == first and second.is_ending

    accept_change(order_id=second.pk, by=ada)

    assert states_of(contract) == ["split", "cancelled", "cancelled", "cancelled"]


# --- What people are told -------------------------------------------------------------------------


def test_both_read_what_each_gets(ada, ben):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada, {1: 40_000})
    asked = Notification.objects.get(kind="change_proposed")
    assert asked.recipient == ben
    assert "Ada proposes to end: " in asked.text and "4 milestones end" in asked.text
    assert "You get $388.00 after fees. Ada gets $2,678.00 back at once." in asked.text
    prospects = prospects_of(contract)
    theirs, mine = (turn_of(prospects, role) for role in ("freelancer", "client"))
    assert theirs.title == "Answer the proposal to end the contract"
    assert "You would get $388.00, and Ada $2,678.00." in theirs.text
    assert (theirs.at, theirs.about) == (order.answer_due_at, order.public_id)
    assert mine.title != theirs.title and "proposal to end the contract" not in theirs.when
    (strike,) = [one for one in prospects.strikes if one.kind == "change_lapses"]
    assert strike.title == "The end of the contract"

    accept_change(order_id=order.pk, by=ben)

    told = Notification.objects.get(kind="change_accepted")
    assert told.recipient == ada
    assert "Ben has accepted your ending of" in told.text
    assert "The freelancer gets $388.00 after fees. You get $2,678.00 back at once." in told.text
    lines = [sentence_of(event).text for event in contract.events.order_by("-pk")[:2]]
    assert lines == [
        "The contract is completed",
        "Accepted: the agreement has a new version: 4 milestones end",
    ]
