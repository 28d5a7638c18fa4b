"""A part of a milestone is released, and both let the rest go into another one of the contract."""

import hashlib
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import DomainError, InvalidInput, NotAllowed, WrongState
from payments.escrow import closing
from payments.escrow.models import Escrow, Roll
from payments.escrow.rolling import services as rolling
from payments.escrow.selectors import held_in
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.policies.fees import fee_on
from payments.refunds.models import Refund
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import (
    accept_proposal,
    lapse_proposal,
    propose_ending,
)
from projects.contracts.models import Agreement
from projects.contracts.selectors import agreement_of
from projects.disputes.services import open_dispute
from projects.milestones.limits.services import refund_at_limit
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone, release_milestone, submit_work
from tests.payments.chargeback_world import Bank, owes, payment_of
from tests.races import at_once, meet_after
from tests.world import active_contract, fund, funded_milestone

pytestmark = pytest.mark.django_db


def two(ada: User, ben: User, amounts=(100_000, 50_000), *, both=True, **award) -> list[Milestone]:
    """Two milestones of one contract; the first funded, and ``both`` where it says so."""
    first, second = active_contract(ada, ben, amounts, **award).milestones.order_by("position")
    fund(first)
    if both:
        fund(second)
    return [fresh(first), fresh(second)]


def fresh(milestone: Milestone) -> Milestone:
    found = Milestone.objects.select_related("contract", "escrow__policy")
    return found.get(pk=milestone.pk)


def propose(milestone: Milestone, into: Milestone, by: User, part: object = 40_000) -> Proposal:
    return propose_ending(milestone_id=milestone.pk, into_id=into.pk, by=by, to_freelancer=part)


def rolled(milestone: Milestone, into: Milestone, ada: User, ben: User, part: int = 40_000):
    accept_proposal(proposal_id=propose(milestone, into, ada, part).pk, by=ben)
    return fresh(milestone), fresh(into)


def books_are_whole() -> None:
    said = StringIO()
    call_command("check_ledger", stdout=said)


# --- The money -----------------------------------------------------------------------------------


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("proposer", ["ada", "ben"])
def test_a_part_is_released_and_the_rest_is_held_for_the_other(ada, ben, proposer, both):
    first, second = two(ada, ben, both=both)
    by, other = (ada, ben) if proposer == "ada" else (ben, ada)
    proposal = propose(first, second, by)
    assert held_in(first.escrow) == 103_000, "a proposal moves nothing"

    accept_proposal(proposal_id=proposal.pk, by=other)

    first, second = fresh(first), fresh(second)
    assert (first.status, first.escrow.status, first.amount) == ("released", "released", 40_000)
    assert (second.status, second.escrow.status, second.amount) == ("planned", "held", 110_000)
    assert (first.escrow.amount, second.escrow.amount) == (40_000, 110_000)
    assert held_in(first.escrow) == 0
    assert held_in(second.escrow) == 61_800 + (51_500 if both else 0)
    assert balance_of(chart.available(first.escrow.payee, "USD")) == 38_800
    assert not Refund.objects.exists()
    move = Transfer.objects.get(kind="roll")
    assert (move.amount, move.book) == (61_800, first.contract.public_id)
    books_are_whole()


def test_what_was_moved_on_is_released_with_the_rest_of_the_other(ada, ben):
    first, second = rolled(*two(ada, ben), ada, ben)

    release_milestone(milestone_id=second.pk, by=ada)

    assert balance_of(chart.available(first.escrow.payee, "USD")) == 145_500
    assert balance_of(chart.platform_fees("USD")) == 9_000
    books_are_whole()


def test_the_rest_can_go_on_and_on_and_comes_back_from_every_payment(ada, ben):
    contract = active_contract(ada, ben, (100_000, 50_000, 20_000))
    first, second, third = [fund(one) for one in contract.milestones.order_by("position")]
    rolled(first, second, ada, ben, 40_000)
    rolled(second, third, ada, ben, 10_000)
    assert held_in(fresh(third).escrow) == 103_000 + 20_600

    cancel_milestone(milestone_id=third.pk, by=ben)

    back = dict(Refund.objects.values_list("payment__paid_for", "amount"))
    assert sum(back.values()) == 123_600
    assert set(back) <= {one.escrow.public_id for one in (first, second, third)}
    assert len(back) > 1, "no one payment holds that much"
    books_are_whole()


def test_the_rest_alone_goes_on_once_a_part_was_released_before(ada, ben):
    first, second = two(ada, ben)
    with pytest.raises(InvalidInput, match="A part of it is released first"):
        propose(first, second, ada, 0)
    release_part(milestone_id=first.pk, by=ada, amount=30_000)

    first, second = rolled(first, second, ada, ben, 0)

    assert (first.amount, second.amount) == (30_000, 120_000)
    books_are_whole()


def test_its_time_at_the_provider_goes_on(ada, ben, later):
    contract = active_contract(ada, ben, (100_000, 50_000))
    first, second = contract.milestones.order_by("position")
    fund(first)
    later(days=5)
    fund(second)
    limit = fresh(first).escrow.limit_at
    assert limit < fresh(second).escrow.limit_at

    first, second = rolled(fresh(first), fresh(second), ada, ben)
    assert second.escrow.limit_at == limit

    later(days=86)
    refund_at_limit(milestone_id=second.pk)
    assert sum(refund.amount for refund in Refund.objects.all()) == 113_300
    books_are_whole()


@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    prices=st.tuples(st.integers(1, 3_000), st.integers(1, 3_000)),
    part=st.integers(1, 9_999),
    end=st.sampled_from(["release", "cancel"]),
)
def test_whatever_moves_on_both_cost_what_the_formula_says(ada, ben, currency, prices, part, end):
    amounts = [5_000 + n * 1_000 if currency == "KWD" else 500 + n for n in prices]
    first, second = two(ada, ben, amounts, currency=currency)
    fees = balance_of(chart.platform_fees(currency))
    try:
        propose(first, second, ada, amounts[0] * part // 10_000)
    except InvalidInput as refusal:
        near = refusal.message.rpartition(" would do.")[0].rpartition(" ")[2]
        if refusal.code != "not_payable" or not near:
            return
        propose(first, second, ada, int("".join(c for c in near if c.isdigit())))
    accept_proposal(proposal_id=Proposal.objects.latest("pk").pk, by=ben)

    first, second = fresh(first), fresh(second)
    assert first.amount + second.amount == sum(amounts)
    assert held_in(second.escrow) == second.amount + fee_on(second.amount, 300), "quote = ledger"
    if end == "release":
        release_milestone(milestone_id=second.pk, by=ada)
    else:
        cancel_milestone(milestone_id=second.pk, by=ben)
    released = [one.escrow.released for one in (fresh(first), fresh(second))]
    charged = balance_of(chart.platform_fees(currency)) - fees
    assert charged == 2 * sum(fee_on(one, 300) for one in released)
    books_are_whole()


# --- What both signed ----------------------------------------------------------------------------


def test_the_next_version_of_the_agreement_says_what_both_accepted(ada, ben):
    first, second = two(ada, ben)
    before = agreement_of(first.contract)
    proposal = propose(first, second, ada)
    accept_proposal(proposal_id=proposal.pk, by=ben)

    agreement = agreement_of(first.contract)
    wording = json.loads(agreement.body)
    assert agreement.version == 2
    assert agreement.sha256 == hashlib.sha256(agreement.body.encode()).hexdigest()
    assert [one["amount"] for one in wording["milestones"]] == [40_000, 110_000]
    assert wording["price"] == 150_000
    assert wording["amends"] == {"version": 1, "sha256": before.sha256}
    assert wording["changes"] == [
        {"position": 1, "amount": {"from": 100_000, "to": 40_000}},
        {"position": 2, "amount": {"from": 50_000, "to": 110_000}},
    ]
    assert agreement.signed_by_client_at == proposal.created_at
    assert agreement.signed_by_freelancer_at == Proposal.objects.get().closed_at
    assert Agreement.objects.get(version=1).body == before.body


# --- Banks ---------------------------------------------------------------------------------------


def test_a_bank_finds_the_money_of_its_payment_where_it_went(ada, ben):
    first, second = rolled(*two(ada, ben), ada, ben)
    bank = Bank(payment_of(first.escrow))

    bank.takes()

    first, second = fresh(first), fresh(second)
    assert held_in(second.escrow) == 51_500, "what was paid for the other itself stays"
    assert (first.escrow.taken_back, second.escrow.taken_back) == (0, 61_800)
    assert first.escrow.clawed_back == 41_200
    assert owes(ben) == 0, "it was available and is taken for it at once"
    books_are_whole()

    bank.gives_back()
    assert held_in(second.escrow) == 113_300
    books_are_whole()


def test_a_bank_takes_of_what_was_released_there_only_what_came_there(ada, ben):
    first, second = rolled(*two(ada, ben), ada, ben)
    release_milestone(milestone_id=second.pk, by=ada)
    bank = Bank(payment_of(first.escrow))

    bank.takes()

    assert [fresh(one).escrow.clawed_back for one in (first, second)] == [41_200, 61_800]
    books_are_whole()
    bank.gives_back()
    assert [fresh(one).escrow.clawed_back for one in (first, second)] == [0, 0]
    books_are_whole()


def test_a_chargeback_of_either_keeps_the_rest_where_it_is(ada, ben):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    Bank(payment_of(second.escrow), 10_000).takes()

    with pytest.raises(WrongState, match="bank"):
        accept_proposal(proposal_id=proposal.pk, by=ben)
    assert not Roll.objects.exists()


# --- Refusals ------------------------------------------------------------------------------------


def test_what_is_no_pair_is_refused_about_its_field(ada, ben):
    first, _ = two(ada, ben)
    elsewhere = funded_milestone(ada, ben)
    for other in (first, elsewhere):
        with pytest.raises(InvalidInput) as refusal:
            propose(first, other, ada)
        assert refusal.value.param == "into"


@pytest.mark.parametrize("part", [-1, 100_000, 100_001, 2**63, "40", 0.5])
def test_what_is_no_part_is_refused_about_its_field(ada, ben, part):
    first, second = two(ada, ben)
    with pytest.raises(InvalidInput) as refusal:
        propose(first, second, ada, part)
    assert refusal.value.param == "to_freelancer"
    assert not Proposal.objects.exists()


def test_a_rest_that_the_fees_do_not_meet_names_one_that_they_do(ada, ben):
    first, second = two(ada, ben, (100_001, 50_016))
    parts = range(40_000, 40_100)
    refused = []
    for part in parts:
        try:
            rolling.checked_rest(
                part, first.escrow, second.escrow, held=held_in(first.escrow), param="part"
            )
        except InvalidInput as refusal:
            refused.append((part, refusal))
    assert refused
    assert all(" would do." in refusal.message for _, refusal in refused)


def test_money_that_has_moved_since_is_not_what_was_proposed(ada, ben):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    release_part(milestone_id=first.pk, by=ada, amount=10_000)

    with pytest.raises(WrongState, match="is lapsed"):
        accept_proposal(proposal_id=proposal.pk, by=ben)
    assert Proposal.objects.get().status == "proposed"
    assert Agreement.objects.count() == 1


@pytest.mark.parametrize("state", ["unfunded", "disputed", "other disputed", "other closed"])
def test_a_milestone_that_cannot_change_is_left_alone(ada, ben, state):
    first, second = two(ada, ben)
    if state == "unfunded":
        first, second = two(ada, ben, both=False)[::-1]
    elif state == "disputed":
        open_dispute(
            milestone_id=first.pk, by=ada, reason="not_as_agreed", statement="No.", asked_for=0
        )
    elif state == "other disputed":
        open_dispute(
            milestone_id=second.pk, by=ada, reason="not_as_agreed", statement="No.", asked_for=0
        )
    else:
        release_milestone(milestone_id=second.pk, by=ada)
    with pytest.raises(WrongState):
        propose(first, second, ada)


def test_nobody_answers_their_own_and_the_end_of_the_other_closes_it(ada, ben, cleo):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    for by in (ada, cleo):
        with pytest.raises(NotAllowed):
            accept_proposal(proposal_id=proposal.pk, by=by)
    release_milestone(milestone_id=second.pk, by=ada)

    with pytest.raises(WrongState):
        accept_proposal(proposal_id=proposal.pk, by=ben)
    assert lapse_proposal(proposal_id=proposal.pk).status == "lapsed"


def test_nothing_goes_into_a_review_that_outlives_the_providers_limit(ada, ben):
    first, second = two(ada, ben)
    submit_work(milestone_id=second.pk, by=ben, note="Here it is.")
    Escrow.objects.filter(pk=first.escrow_id).update(limit_at=now() + timedelta(days=3))
    with pytest.raises(WrongState, match="the review of “Part 2” ends after that"):
        propose(first, second, ada)


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_acceptances_at_once_move_it_once(ada, ben, bells):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    outcomes = at_once(*[lambda: accept_proposal(proposal_id=proposal.pk, by=ben)] * 8)
    assert sorted(outcomes) == ["done", *["wrong_state"] * 7]
    assert held_in(second.escrow) == 113_300
    assert Agreement.objects.count() == 2
    books_are_whole()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["dispute", "release", "release other", "part", "limit", "bank"])
def test_an_acceptance_and_another_end_at_once_lose_nothing(ada, ben, bells, other):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    acts = {
        "dispute": lambda: open_dispute(
            milestone_id=first.pk, by=ada, reason="not_as_agreed", statement="No.", asked_for=0
        ),
        "release": lambda: release_milestone(milestone_id=first.pk, by=ada),
        "release other": lambda: release_milestone(milestone_id=second.pk, by=ada),
        "part": lambda: release_part(milestone_id=first.pk, by=ada, amount=10_000),
        "limit": lambda: refund_at_limit(milestone_id=first.pk),
        "bank": lambda: Bank(Payment.objects.get(paid_for=first.escrow.public_id)).takes(),
    }
    if other == "limit":
        at = now() - timedelta(seconds=1)
        Payment.objects.update(paid_at=at - timedelta(days=90))
        Escrow.objects.update(limit_at=at)
    at_once(lambda: accept_proposal(proposal_id=proposal.pk, by=ben), acts[other])
    money = held_in(first.escrow) + held_in(second.escrow)
    assert money <= 154_500
    assert bool(Roll.objects.count()) == (Agreement.objects.count() == 2)
    books_are_whole()


def test_a_proposal_about_the_other_milestone_was_about_less_money(ada, ben):
    first, second = two(ada, ben)
    old = propose_ending(milestone_id=second.pk, by=ben, to_freelancer=30_000)

    rolled(first, second, ada, ben)

    old.refresh_from_db()
    assert old.status == "lapsed"
    with pytest.raises(WrongState):
        accept_proposal(proposal_id=old.pk, by=ada)
    assert held_in(second.escrow) == 113_300


@pytest.mark.django_db(transaction=True)
def test_opposite_ways_at_once_do_not_wait_in_a_circle(ada, ben, bells):
    first, second = two(ada, ben)
    one, two_ = propose(first, second, ada), propose(second, first, ada, 20_000)
    outcomes = at_once(
        *[lambda: accept_proposal(proposal_id=one.pk, by=ben)] * 4,
        *[lambda: accept_proposal(proposal_id=two_.pk, by=ben)] * 4,
    )
    assert outcomes.count("done") == 1
    books_are_whole()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("row_asks", "refusal"), [(True, "wrong_state"), (False, "crash")])
def test_without_the_locks_the_row_refuses_and_without_it_the_key_of_the_books(
    ada, ben, bells, monkeypatch, row_asks, refusal
):
    first, second = two(ada, ben)
    if not row_asks:
        monkeypatch.setattr(
            closing,
            "write_closed",
            lambda escrow, *, judged: escrow.save(update_fields=["status", "closed_at"]),
        )

    def unlocked(escrow_id: int, into_id: int) -> tuple[Escrow, Escrow]:
        found = Escrow.objects.select_related("policy", "payer", "payee")
        return found.get(pk=escrow_id), found.get(pk=into_id)

    monkeypatch.setattr(rolling, "lock_pair", unlocked)
    meet_after(monkeypatch, rolling, "checked_rest")

    def act() -> object:
        try:
            return rolling.roll(escrow_id=first.escrow_id, into_id=second.escrow_id, part=40_000)
        except DomainError:
            raise
        except Exception as error:
            raise WrongState(str(error), code="crash") from None

    outcomes = at_once(*[act] * 8)
    assert sorted(outcomes) == sorted([refusal] * 7 + ["done"])
    assert (Roll.objects.count(), held_in(second.escrow)) == (1, 113_300)
