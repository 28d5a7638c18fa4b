"""What happens next if nobody acts, and whose turn it is."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import in_words
from payments.escrow.facts import facts_of_each
from payments.ledger.models import Transfer
from projects.agreements.outlook import prospects_of
from projects.agreements.proposals.services import propose_ending
from projects.agreements.services import close_finished_contract
from projects.agreements.turns import turn_of
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.negotiating.services import ask_mediator
from projects.disputes.rules import open_steps
from projects.disputes.rulings.services import accept_ruling, appeal_ruling, decide_dispute
from projects.disputes.services import add_statement, answer_dispute
from projects.milestones.endings.services import resolve_milestone
from projects.milestones.limits.services import refund_at_limit
from projects.milestones.models import Milestone
from projects.milestones.services import (
    cancel_milestone,
    fund_milestone,
    release_milestone,
    release_unreviewed,
    return_work,
    start_work,
    submit_work,
)
from tests.payments.chargeback_world import Bank, payment_of
from tests.world import (
    active_contract,
    api_of,
    browser,
    fund,
    funded_milestone,
    negotiated_dispute,
    offered_contract,
    opened_dispute,
    planned_milestone,
    reviewed_dispute,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db


def fresh(contract: Contract):
    return prospects_of(
        Contract.objects.select_related("client", "freelancer", "policy").get(pk=contract.pk)
    )


def strikes(milestone: Milestone):
    return fresh(milestone.contract).of(milestone).outlook.strikes


def test_an_unfunded_milestone_waits_without_a_clock(ada, ben):
    (strike,) = strikes(planned_milestone(ada, ben))
    assert (strike.kind, strike.at, strike.by_itself) == ("unfunded", None, False)
    assert "need not start" in strike.text


def test_a_review_ends_in_money_to_the_cent_and_it_comes_true(ada, ben, later):
    milestone = submitted_milestone(ada, ben, amount=100_001)
    (strike,) = strikes(milestone)
    assert (strike.kind, strike.at, strike.by_itself) == (
        "approved",
        milestone.review_ends_at,
        True,
    )
    assert (strike.to_freelancer, strike.fee, strike.to_client) == (97_001, 6_000, 0)
    assert "$970.01 goes to Ben" in strike.text

    later(days=7.1)
    release_unreviewed(milestone_ids=[milestone.pk])
    prospects = fresh(milestone.contract)
    assert prospects.total.received == strike.to_freelancer
    assert prospects.total.spent - prospects.total.received == strike.fee


def test_funded_work_may_be_late_or_never_started(ada, ben):
    milestone = funded_milestone(ada, ben)
    found = {strike.kind: strike for strike in strikes(milestone)}
    assert list(found) == ["may_cancel_idle", "late", "may_cancel_late"], "the nearest first"
    assert found["late"].at == milestone.due_at
    assert found["may_cancel_late"].at == milestone.due_at + timedelta(days=3)
    assert found["may_cancel_late"].to_client == 103_000
    assert not found["may_cancel_late"].by_itself

    start_work(milestone_id=milestone.pk, by=ben)
    assert [s.kind for s in strikes(milestone)] == ["late", "may_cancel_late"]


def test_what_has_struck_is_said_so(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    later(days=21)
    found = {strike.kind: strike for strike in strikes(milestone)}
    assert found["late"].has_struck and "is late" in found["late"].text
    outlook = fresh(milestone.contract).of(milestone).outlook
    assert outlook.next_strike.kind == "may_cancel_late"


def test_a_dispute_has_its_own_clocks(ada, ben):
    opened = opened_dispute(ada, ben)
    (strike,) = strikes(opened.milestone)
    assert (strike.kind, strike.at) == ("dispute_answer", opened.answer_due_at)

    reviewed = reviewed_dispute(ada, ben)
    late, ruling = strikes(reviewed.milestone)
    assert (late.kind, late.at) == ("dispute_ruling_late", reviewed.ruling_expected_at)
    assert (ruling.kind, ruling.at) == ("dispute_ruling", reviewed.ruling_due_at)


def test_released_money_clears(ada, ben):
    milestone = submitted_milestone(ada, ben)
    milestone = release_milestone(milestone_id=milestone.pk, by=ada)
    (strike,) = strikes(milestone)
    assert (strike.kind, strike.to_freelancer) == ("payout", 97_000)
    days = (strike.at - milestone.closed_at).total_seconds() / 86_400
    assert round(days) == 7, "a first payout is held longer"


def test_an_ended_milestone_has_nothing_ahead(ada, ben):
    milestone = funded_milestone(ada, ben)
    cancel_milestone(milestone_id=milestone.pk, by=ben)
    assert strikes(milestone) == ()


def test_an_offer_lapses(ada, ben):
    contract = offered_contract(ada, ben)
    (strike,) = fresh(contract).strikes
    assert (strike.kind, strike.at) == ("lapses", contract.offer_lapses_at)


# --- Who can stop a clock, and what silence comes to ---


def stopped_by(strike) -> set[tuple[str, str]]:
    return {(stop.role, stop.step) for stop in strike.stopped_by}


def test_each_clock_names_who_can_stop_it_and_it_can_be_done(ada, ben):
    situations = [
        planned_milestone(ada, ben),
        funded_milestone(ada, ben),
        submitted_milestone(ada, ben),
    ]
    named = set()
    for milestone in situations:
        prospect = fresh(milestone.contract).of(milestone)
        for strike in prospect.outlook.strikes:
            named.add(strike.kind)
            assert strike.stopped_by, strike.kind
            for stop in strike.stopped_by:
                assert stop.step in prospect.open_to(stop.role), (strike.kind, stop)
    assert named >= {"unfunded", "late", "may_cancel_late", "may_cancel_idle", "approved"}


def test_the_clocks_of_a_dispute_name_who_can_stop_them_and_it_can_be_done(ada, ben, dora):
    silent, asked = opened_dispute(ada, ben), negotiated_dispute(ada, ben)
    ask_mediator(dispute_id=asked.pk, by=ben)
    judged, decided, accepted, both, appealed = (reviewed_dispute(ada, ben) for _ in "12345")
    offered = negotiated_dispute(ada, ben)
    propose_ending(milestone_id=offered.milestone_id, by=ada, to_freelancer=1)
    for one in (decided, accepted, both, appealed):
        decide_dispute(dispute_id=one.pk, by=dora, to_freelancer=0, **why())
    appeal_ruling(dispute_id=appealed.pk, by=ben, statement="It is done.")
    accept_ruling(dispute_id=accepted.pk, by=ada)
    Dispute.objects.filter(pk=both.pk).update(appeal_ends_at=now())
    each = {("client", "seal"), ("freelancer", "seal")}
    own = {
        silent: {("freelancer", "answer")},
        asked: {("client", "ask_mediator")},
        judged: set(),
        decided: {("client", "appeal"), ("freelancer", "appeal")},
        accepted: {("freelancer", "appeal")},
        both: set(),
        offered: {("freelancer", "accept")},
        appealed: set(),
    }
    for dispute, expected in own.items():
        prospect = fresh(dispute.milestone.contract).of(dispute.milestone)
        ends = [one for one in prospect.outlook.strikes if one.kind.startswith("dispute_")]
        assert ends
        for strike in ends:
            can = {
                (role, step)
                for role in ("client", "freelancer")
                for step in [*prospect.open_to(role), *open_steps(prospect.dispute, role)]
            }
            if prospect.proposal:
                can.add(("freelancer", "accept"))
            assert stopped_by(strike) <= can, strike.kind
            assert stopped_by(strike) >= each | expected, strike.kind


def test_a_review_without_revisions_left_is_stopped_by_a_dispute_alone(ada, ben):
    milestone = submitted_milestone(ada, ben)
    (strike,) = strikes(milestone)
    disputes = {("client", "dispute"), ("freelancer", "dispute")}
    assert stopped_by(strike) == {("client", "return")} | disputes
    assert (strike.step, strike.by) == ("release_silent", "system")

    Contract.objects.filter(pk=milestone.contract_id).update(revisions=0)
    (strike,) = strikes(milestone)
    assert stopped_by(strike) == disputes
    assert "ask for changes" not in strike.stops


def test_nobody_stops_a_review_that_is_over(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    later(days=7.1)
    (strike,) = strikes(milestone)
    assert (strike.stopped_by, strike.stops) == ((), "")


def test_silence_is_summed_over_the_contract_and_comes_true(ada, ben, later):
    contract = active_contract(ada, ben, [100_001, 50_000, 20_000])
    first, second, _ = contract.milestones.all()
    for milestone in (first, second):
        fund(milestone)
    submit_work(milestone_id=first.pk, by=ben, note="Done.")

    foretold = fresh(contract).silence

    assert (foretold.to_freelancer, foretold.fee, foretold.to_client) == (97_001, 6_000, 51_500)
    second.escrow.refresh_from_db()
    assert foretold.at == second.escrow.limit_at
    later(days=7.1)
    release_unreviewed(milestone_ids=[first.pk])
    later(days=91)
    refund_at_limit(milestone_id=second.pk)
    total = fresh(contract).total
    assert (total.received, total.refunded, total.held) == (97_001, 51_500, 0)
    assert fresh(contract).silence is None


def test_programs_read_it_of_one_milestone_and_of_all(ada, ben, cleo):
    milestone = submitted_milestone(ada, ben, amount=100_001)
    path = f"/api/v1/milestones/{milestone.public_id}/next/"

    one = api_of(ada).get(path).json()
    all_of_them = api_of(ben).get(f"/api/v1/contracts/{milestone.contract.public_id}/next/").json()

    (strike,) = one["happens"]
    assert one["if_nobody_acts"] == strike
    assert one["contract"] == milestone.contract.public_id
    assert (one["role"], one["currency"]) == ("client", milestone.currency)
    assert "release" in one["next_steps"]
    assert {"role": "client", "step": "return"} in strike["stopped_by"]
    assert (strike["to_freelancer"], strike["fee"], strike["to_client"]) == (97_001, 6_000, 0)
    assert all_of_them["milestones"][0]["happens"] == [strike]
    assert all_of_them["if_nobody_acts"] == {
        name: strike[name] for name in ("at", "to_freelancer", "fee", "to_client")
    }
    assert api_of(cleo).get(path).status_code == 404
    assert "goes to Ben" in strike["text"]


def test_the_page_says_what_silence_comes_to(ada, ben, client):
    milestone = submitted_milestone(ada, ben, amount=100_001)
    client.force_login(ada)
    page = client.get(f"/contracts/{milestone.contract.public_id}/").content.decode()
    assert "If nobody ever acts" in page
    assert "$970.01 has gone to Ben" in page


def test_the_card_of_a_milestone_has_all_of_its_clocks_and_where_its_money_goes(ada, ben, client):
    contract = active_contract(ada, ben, [100_001, 50_000, 20_000])
    milestones = list(contract.milestones.order_by("position"))
    for milestone in milestones:
        fund(milestone)
    client.force_login(ben)
    page = client.get(f"/contracts/{contract.public_id}/").content.decode()
    prospects = fresh(contract)
    for milestone in milestones:
        outlook = prospects.of(milestone).outlook
        card = page.partition(f'id="{milestone.public_id}"')[2].partition("</article>")[0]
        assert len(outlook.strikes) > 1
        for strike in outlook.strikes:
            assert strike.at.isoformat() in card, strike.kind
        assert f"{in_words(outlook.end.to_client, 'USD')} back to Ada" in card


# --- The money of a whole contract ---------------------------------------------------------------


def test_the_parts_of_the_clients_money_sum_to_all_of_it(ada, ben, dora):
    contract = active_contract(ada, ben, [100_001, 33_333, 5_000, 70_000, 12_345])
    released, held, dropped, refunded, _unpaid = contract.milestones.order_by("position")
    for milestone in (released, held, refunded):
        fund(milestone)
    release_milestone(milestone_id=released.pk, by=ada)
    cancel_milestone(milestone_id=dropped.pk, by=ada, step="drop")
    cancel_milestone(milestone_id=refunded.pk, by=ben)

    total = fresh(contract).total

    assert total.spent == 103_001
    assert total.received == 97_001
    assert total.held == 33_333 + 1_000
    assert total.refunded == 72_100
    assert total.dropped == 5_150
    assert total.to_fund == 12_345 + 370
    assert total.payer_pays == sum(
        (total.spent, total.held, total.refunded, total.dropped, total.to_fund)
    )


@pytest.mark.parametrize("part", [1, 33_333, 99_999])
def test_a_split_is_told_as_it_was_booked(ada, ben, dora, part):
    milestone = reviewed_dispute(ada, ben).milestone
    resolve_milestone(milestone_id=milestone.pk, by=SYSTEM, to_freelancer=part, reason="ruling")
    milestone.escrow.refresh_from_db()

    facts = facts_of_each([milestone.escrow])[milestone.escrow_id]

    booked = dict(Transfer.objects.values_list("kind").annotate(total=Sum("amount")))
    assert (facts.released, facts.held) == (part, 0)
    assert facts.received == booked["release"]
    assert facts.spent == booked["release"] + booked.get("freelancer_fee", 0) + booked.get(
        "client_fee", 0
    )
    assert facts.refunded == booked["refund"]


def test_facts_of_many_are_one_query(ada, ben, django_assert_num_queries):
    contract = active_contract(ada, ben, [10_000] * 20)
    escrows = [m.escrow for m in contract.milestones.select_related("escrow__policy")]
    with django_assert_num_queries(1):
        assert len(facts_of_each(escrows)) == 20


# --- Whose turn it is ----------------------------------------------------------------------------


def turns(contract: Contract) -> list[tuple[str, bool]]:
    found = fresh(contract)
    return [(turn.step, turn.waits) for turn in (turn_of(found, r) for r in SIDES)]


SIDES = ("client", "freelancer")


def test_the_turn_goes_back_and_forth(ada, ben):
    contract = offered_contract(ada, ben)
    assert turns(contract) == [("withdraw", True), ("accept", False)]

    milestone = planned_milestone(ada, ben)
    contract = milestone.contract
    assert turns(contract) == [("fund", False), ("", True)]
    fund_milestone(milestone_id=milestone.pk, by=ada)
    assert turn_of(fresh(contract), "client").title.startswith("Finish the payment")
    fund(milestone)
    assert turns(contract) == [("", True), ("start", False)]
    start_work(milestone_id=milestone.pk, by=ben)
    assert turns(contract) == [("", True), ("submit", False)]

    milestone = submitted_milestone(ada, ben)
    assert turns(milestone.contract) == [("release", False), ("", True)]
    return_work(milestone_id=milestone.pk, by=ada, answer="More.")
    assert turns(milestone.contract) == [("", True), ("submit", False)]
    disputed = opened_dispute(ada, ben).milestone.contract
    assert turns(disputed) == [("dispute", True), ("dispute", False)], "Ada opened it"

    milestone = submitted_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    close_finished_contract(contract_id=milestone.contract_id)
    assert turns(milestone.contract) == [("", True), ("", True)]


def test_in_a_dispute_it_is_the_turn_of_who_has_something_to_say(ada, ben, dora):
    dispute = opened_dispute(ada, ben)
    contract, its = dispute.milestone.contract, {"dispute_id": dispute.pk}
    theirs, both, nobody, mine = (
        [("dispute", waits) for waits in pair]
        for pair in ((True, False), (False, False), (True, True), (False, True))
    )
    assert turns(contract) == theirs, "Ada opened it"

    answer_dispute(by=ben, statement="It is all there.", **its)
    assert turns(contract) == both
    ask_mediator(by=ada, **its)
    assert turns(contract) == theirs
    assert "Ada has asked for a mediator" in turn_of(fresh(contract), "freelancer").text
    ask_mediator(by=ben, **its)
    assert turns(contract) == nobody, "a mediator decides"
    decide_dispute(by=dora, to_freelancer=40_000, **why(), **its)
    assert turns(contract) == both
    accept_ruling(by=ben, **its)
    assert turns(contract) == mine, "Ben has accepted"
    appeal_ruling(by=ada, statement="But no.", **its)
    assert turns(contract) == theirs, "Ben may reply"
    assert "Reply to the appeal on" in turn_of(fresh(contract), "freelancer").title
    assert "can reply to your appeal" in turn_of(fresh(contract), "client").title
    add_statement(by=ben, statement="But yes.", **its)
    assert turns(contract) == nobody, "another mediator decides"


def test_a_review_goes_before_funding_the_next(ada, ben):
    contract = active_contract(ada, ben, [10_000, 20_000])
    first, second = contract.milestones.order_by("position")
    assert turn_of(fresh(contract), "client").milestone == first
    fund(second)
    assert turns(contract) == [("", True), ("start", False)]


def test_whose_turn_it_is_says_nothing_of_a_silence_that_approves_nothing(ada, ben):
    """A bank wants a part of it back."""
    milestone = submitted_milestone(ada, ben)
    Bank(payment_of(milestone.escrow), 51_500).takes()
    for role in SIDES:
        turn = turn_of(fresh(milestone.contract), role)
        assert "Silence approves nothing" in turn.text
        assert (turn.when, turn.at) == ("", None)


def test_the_next_step_offers_what_can_be_done(ada, ben):
    """All revisions are used: there is nothing to ask for."""
    milestone = submitted_milestone(ada, ben)
    Contract.objects.update(revisions=0)
    page = browser(ada).get(f"/contracts/{milestone.contract.public_id}/").content.decode()
    assert "Approve and release" in page and "Ask for changes" not in page


def test_the_api_says_the_same(ada, ben, cleo):
    milestone = submitted_milestone(ada, ben)
    url = f"/api/v1/contracts/{milestone.contract.public_id}/next/"

    mine, theirs = api_of(ada).get(url).json(), api_of(ben).get(url).json()

    assert mine["your_turn"]["step"] == "release" and not mine["your_turn"]["waits"]
    assert theirs["your_turn"]["waits"]
    assert mine["milestones"] == theirs["milestones"]
    (ahead,) = mine["milestones"][0]["happens"]
    assert (ahead["kind"], ahead["to_freelancer"]) == ("approved", 97_000)
    assert api_of(cleo).get(url).status_code == 404
