"""Both sides end a milestone by consent: one proposes a division, the other answers."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in
from payments.escrow.services import take_in
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.policies.fees import quote
from payments.refunds.models import Refund
from projects.agreements.checks import CHECKS
from projects.agreements.models import Proposal
from projects.agreements.proposals import services
from projects.agreements.proposals.services import (
    accept_proposal,
    decline_proposal,
    lapse_proposal,
    propose_ending,
    withdraw_proposal,
)
from projects.agreements.selectors import division_of
from projects.agreements.services import close_finished_contract
from projects.contracts.models import Contract, Event
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import carry_out_ruling, decide_dispute
from projects.milestones.endings import services as endings
from projects.milestones.endings.services import cancel_by_agreement
from projects.milestones.models import Milestone
from projects.milestones.services import (
    cancel_milestone,
    fund_milestone,
    release_milestone,
    release_unreviewed,
)
from projects.tasks import close_moot_disputes, lapse_proposals
from tests.projects.test_races import stopped_by_the_database, without_locks
from tests.races import at_once, locked_when_asked, meet_after, outcomes_at_once
from tests.world import (
    fund,
    funded_milestone,
    opened_dispute,
    person,
    planned_milestone,
    reviewed_dispute,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db

DEEDS = {"accept": accept_proposal, "decline": decline_proposal, "withdraw": withdraw_proposal}


def propose(
    milestone: Milestone, by: User | str, to_freelancer: object = 40_000, **more
) -> Proposal:
    return propose_ending(milestone_id=milestone.pk, by=by, to_freelancer=to_freelancer, **more)


def read(proposal: Proposal) -> Proposal:
    return Proposal.objects.select_related("milestone__escrow__policy").get(pk=proposal.pk)


def books_of(milestone: Milestone) -> dict[str, int]:
    """What each side, and the house, have of this milestone now."""
    escrow = milestone.escrow
    fees = Transfer.objects.filter(
        book=escrow.book, target__key=chart.platform_fees(escrow.currency)
    )
    return {
        "held": held_in(escrow),
        "ben": balance_of(chart.available(escrow.payee, escrow.currency)),
        "ada": sum(refund.amount for refund in Refund.objects.filter(book=escrow.book)),
        "us": sum(fee.amount for fee in fees),
    }


UNTOUCHED = {"held": 103_000, "ben": 0, "ada": 0, "us": 0}


# --- The money -----------------------------------------------------------------------------------


@pytest.mark.parametrize("proposer", ["ada", "ben"])
@pytest.mark.parametrize(
    ("to_freelancer", "outcome", "escrow", "books"),
    [
        (0, "cancelled", "refunded", {"held": 0, "ben": 0, "ada": 103_000, "us": 0}),
        (40_000, "split", "split", {"held": 0, "ben": 38_800, "ada": 61_800, "us": 2_400}),
        (1, "split", "split", {"held": 0, "ben": 1, "ada": 102_999, "us": 0}),
        (99_999, "split", "split", {"held": 0, "ben": 96_999, "ada": 1, "us": 6_000}),
    ],
)
def test_each_gets_what_both_agreed_on(ada, ben, proposer, to_freelancer, outcome, escrow, books):
    by, other = (ada, ben) if proposer == "ada" else (ben, ada)
    milestone = submitted_milestone(ada, ben)
    proposal = propose(milestone, by, to_freelancer)
    assert books_of(milestone) == UNTOUCHED, "a proposal moves nothing"

    accept_proposal(proposal_id=proposal.pk, by=other)

    milestone = Milestone.objects.select_related("escrow").get()
    assert (milestone.status, milestone.escrow.status) == (outcome, escrow)
    assert milestone.closed_at is not None and milestone.review_ends_at is None
    assert books_of(milestone) == books
    assert read(proposal).state == "accepted"
    assert not milestone.reminders.filter(told_at=None).exists()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), amount=st.integers(500, 10_000_000))
def test_the_parts_of_any_agreement_sum_to_what_was_held(ada, ben, data, amount):
    to_freelancer = data.draw(st.integers(0, amount - 1))
    ada, ben = (User.objects.get(pk=someone.pk) for someone in (ada, ben))
    milestone = funded_milestone(ada, ben, amount)
    ben_had = books_of(milestone)["ben"]
    proposal = propose(milestone, ada, to_freelancer)
    promised = division_of(read(proposal))

    accept_proposal(proposal_id=proposal.pk, by=ben)

    books = books_of(milestone)
    held = quote([amount], milestone.contract.policy).client_pays
    assert books["held"] == 0
    assert books["ben"] - ben_had + books["ada"] + books["us"] == held
    # What was shown before is what was booked, and what is shown afterwards.
    assert (promised.payee, promised.payer) == (books["ben"] - ben_had, books["ada"])
    assert division_of(read(proposal)) == promised


def test_where_nothing_is_held_it_is_dropped_and_a_late_payment_goes_back(ada, ben):
    milestone = planned_milestone(ada, ben)
    payment = fund_milestone(milestone_id=milestone.pk, by=ada)
    with pytest.raises(InvalidInput, match="No money is held") as refusal:
        propose(milestone, ada, 1)
    assert refusal.value.param == "to_freelancer"

    accept_proposal(proposal_id=propose(milestone, ada, 0).pk, by=ben)

    milestone.refresh_from_db()
    milestone.escrow.refresh_from_db()
    assert (milestone.status, milestone.escrow.status) == ("cancelled", "dropped")
    take_in(payment_id=payment.pk, intent_id="pi_late", charge_id="ch_late")
    assert books_of(milestone) == {"held": 0, "ben": 0, "ada": 103_000, "us": 0}


def test_money_that_came_in_the_meantime_goes_back_as_agreed(ada, ben):
    milestone = planned_milestone(ada, ben)
    proposal = propose(milestone, ben, 0)
    fund(milestone)

    accept_proposal(proposal_id=proposal.pk, by=ada)

    assert books_of(milestone) == {"held": 0, "ben": 0, "ada": 103_000, "us": 0}


def test_a_contract_whose_milestones_ended_so_ends(ada, ben):
    for part, outcome in ((1, "completed"), (0, "cancelled")):
        milestone = funded_milestone(ada, ben)
        accept_proposal(proposal_id=propose(milestone, ada, part).pk, by=ben)
        assert close_finished_contract(contract_id=milestone.contract_id).status == outcome


# --- What cannot be proposed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("to_freelancer", -1),
        ("to_freelancer", 100_001),
        ("to_freelancer", 10**30),
        ("to_freelancer", 0.5),
        ("to_freelancer", True),
        ("to_freelancer", "40000"),
        ("to_freelancer", None),
        ("to_freelancer", []),
        ("note", "x" * 2_001),
        ("note", "a\x00b"),
        ("note", None),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(ada, ben, param, value):
    milestone = funded_milestone(ada, ben)

    with pytest.raises(InvalidInput) as refusal:
        propose(milestone, ada, **{param: value})

    assert refusal.value.param == param
    assert not Proposal.objects.exists()
    assert not Event.objects.filter(kind="ending_proposed").exists()


def test_the_whole_price_is_no_cancellation(ada, ben):
    with pytest.raises(InvalidInput, match="approve the work instead"):
        propose(funded_milestone(ada, ben), ben, 100_000)


@pytest.mark.parametrize("who", ["cleo", "dora", "house"])
def test_only_the_sides_propose(ada, ben, who, request):
    by = SYSTEM if who == "house" else request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        propose(funded_milestone(ada, ben), by)


@pytest.mark.parametrize("by", ["ada", "ben"])
def test_one_of_a_side_at_a_time(ada, ben, by, request):
    milestone = funded_milestone(ada, ben)
    first = propose(milestone, ada)

    with pytest.raises(WrongState, match="Your proposal to end this milestone is open"):
        propose(milestone, ada, 1)

    decline_proposal(proposal_id=first.pk, by=ben)
    assert propose(milestone, request.getfixturevalue(by), 1).state == "proposed"


def test_one_side_does_not_propose_for_ever(ada, ben, monkeypatch):
    monkeypatch.setattr(services, "MOST_PROPOSALS", 2)
    milestone = funded_milestone(ada, ben)
    for _ in range(2):
        withdraw_proposal(proposal_id=propose(milestone, ada).pk, by=ada)

    with pytest.raises(WrongState, match="will not help"):
        propose(milestone, ada)
    assert propose(milestone, ben).state == "proposed", "that is one side's limit"


def test_nothing_is_proposed_on_what_has_ended(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    with pytest.raises(WrongState):
        propose(milestone, ada)

    live = funded_milestone(ada, ben)
    Contract.objects.filter(pk=live.contract_id).update(status="cancelled")
    with pytest.raises(WrongState, match="contract is cancelled"):
        propose(live, ada)


# --- Answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ada", "cleo", "dora", "house"])
@pytest.mark.parametrize("deed", ["accept", "decline"])
def test_the_answer_is_the_other_sides(ada, ben, deed, who, request):
    milestone = funded_milestone(ada, ben)
    proposal = propose(milestone, ada)

    with pytest.raises(NotAllowed):
        DEEDS[deed](
            proposal_id=proposal.pk,
            by=SYSTEM if who == "house" else request.getfixturevalue(who),
        )

    assert read(proposal).state == "proposed"
    assert books_of(milestone) == UNTOUCHED


@pytest.mark.parametrize("who", ["ben", "cleo", "dora", "house"])
def test_only_its_own_side_takes_it_back(ada, ben, who, request):
    proposal = propose(funded_milestone(ada, ben), ada)
    with pytest.raises(NotAllowed):
        withdraw_proposal(
            proposal_id=proposal.pk,
            by=SYSTEM if who == "house" else request.getfixturevalue(who),
        )


@pytest.mark.parametrize("first", DEEDS)
@pytest.mark.parametrize("second", DEEDS)
def test_it_is_answered_once(ada, ben, first, second):
    milestone = funded_milestone(ada, ben)
    proposal = propose(milestone, ada)
    by = {"accept": ben, "decline": ben, "withdraw": ada}
    DEEDS[first](proposal_id=proposal.pk, by=by[first])
    before = (books_of(milestone), read(proposal).status, Event.objects.count())

    with pytest.raises(WrongState):
        DEEDS[second](proposal_id=proposal.pk, by=by[second])

    assert (books_of(milestone), read(proposal).status, Event.objects.count()) == before


@pytest.mark.parametrize("deed", ["decline", "withdraw"])
def test_a_no_changes_nothing(ada, ben, deed):
    milestone = submitted_milestone(ada, ben)
    DEEDS[deed](proposal_id=propose(milestone, ada).pk, by=ben if deed == "decline" else ada)

    milestone.refresh_from_db()
    assert milestone.status == "submitted" and milestone.review_ends_at is not None
    assert books_of(milestone) == UNTOUCHED
    release_milestone(milestone_id=milestone.pk, by=ada)


# --- Time, and other ends ------------------------------------------------------------------------


def test_it_lapses_at_once_and_the_sweep_writes_it_down(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    proposal = propose(milestone, ada)
    assert proposal.answer_due_at - proposal.created_at == timedelta(days=3)
    later(days=2.9)
    assert lapse_proposal(proposal_id=proposal.pk).status == "proposed", "too early"
    assert lapse_proposals() == {"done": 0, "failed": 0}

    later(days=0.2)
    assert (read(proposal).state, read(proposal).status) == ("lapsed", "proposed")
    for deed, by in (("accept", ben), ("decline", ben), ("withdraw", ada)):
        with pytest.raises(WrongState, match="lapsed"):
            DEEDS[deed](proposal_id=proposal.pk, by=by)

    assert lapse_proposals() == {"done": 1, "failed": 0}
    assert read(proposal).status == "lapsed" and read(proposal).closed_at is not None
    assert lapse_proposals() == {"done": 0, "failed": 0}
    assert lapse_proposal(proposal_id=proposal.pk).status == "lapsed"
    told = Notification.objects.filter(kind="ending_lapsed")
    assert sorted(notice.recipient.name for notice in told) == ["Ada", "Ben"]
    assert Event.objects.get(kind="ending_lapsed").role == "system"
    assert books_of(milestone) == UNTOUCHED


def test_a_lapsed_one_makes_room_before_the_sweep_comes(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    old = propose(milestone, ada)
    later(days=4)

    new = propose(milestone, ben, 1)

    assert (read(old).status, read(new).status) == ("lapsed", "proposed")
    assert lapse_proposals() == {"done": 0, "failed": 0}


@pytest.mark.parametrize("end", ["release", "cancel", "silence"])
def test_another_end_leaves_nothing_to_agree_on(ada, ben, later, end):
    milestone = submitted_milestone(ada, ben)
    later(days=6)
    proposal = propose(milestone, ada)
    if end == "release":
        release_milestone(milestone_id=milestone.pk, by=ada)
    elif end == "cancel":
        cancel_milestone(milestone_id=milestone.pk, by=ben)
    else:
        later(days=1.5)
        release_unreviewed(milestone_ids=[milestone.pk])

    assert read(proposal).state == "lapsed"
    before = books_of(milestone)
    with pytest.raises(WrongState):
        accept_proposal(proposal_id=proposal.pk, by=ben)

    assert lapse_proposals() == {"done": 1, "failed": 0}
    assert lapse_proposals() == {"done": 0, "failed": 0}
    assert read(proposal).status == "lapsed"
    assert Event.objects.filter(kind="ending_dropped").count() == 1
    assert books_of(milestone) == before


@pytest.mark.parametrize("make", [opened_dispute, reviewed_dispute])
def test_it_ends_a_dispute(ada, ben, dora, make):
    dispute = make(ada, ben)
    proposal = propose(dispute.milestone, ben, 50_000)

    accept_proposal(proposal_id=proposal.pk, by=ada)

    assert Dispute.objects.get().state == "closed"
    with pytest.raises(WrongState):
        decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=0, **why("Late."))
    assert close_moot_disputes() == {"done": 1, "failed": 0}
    assert books_of(dispute.milestone) == {"held": 0, "ben": 48_500, "ada": 51_500, "us": 3_000}


def test_the_room_below_asks_again(ada, ben):
    """Whoever calls it: a part that cannot be agreed on, or an end, is refused there too."""
    milestone = funded_milestone(ada, ben)
    for part in (-1, 100_000, 100_001):
        with pytest.raises(InvalidInput):
            cancel_by_agreement(milestone_id=milestone.pk, to_freelancer=part)
    release_milestone(milestone_id=milestone.pk, by=ada)
    with pytest.raises(WrongState):
        cancel_by_agreement(milestone_id=milestone.pk, to_freelancer=1)


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_proposals_at_once_are_one(ada, ben, bells):
    milestone = funded_milestone(ada, ben)
    outcomes = at_once(*[lambda: propose(milestone, ada)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Proposal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_only_the_database_keeps_one_of_them(ada, ben, bells, monkeypatch):
    milestone = funded_milestone(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, services, "_make_room")

    outcomes = outcomes_at_once(*[lambda: propose(milestone, ada)] * 8)

    stopped = [one for one in outcomes if not isinstance(one, Proposal)]
    words = "one_open_proposal_per_milestone"
    assert len(stopped) == 7, outcomes
    assert all(stopped_by_the_database(one, words) for one in stopped), outcomes


@pytest.mark.django_db(transaction=True)
def test_eight_acceptances_at_once_pay_once(ada, ben, bells):
    milestone = funded_milestone(ada, ben)
    proposal = propose(milestone, ada)
    outcomes = at_once(*[lambda: accept_proposal(proposal_id=proposal.pk, by=ben)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert books_of(milestone) == {"held": 0, "ben": 38_800, "ada": 61_800, "us": 2_400}
    assert Refund.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "rival", ["release", "cancel", "carry out", "withdraw", "decline", "counter"]
)
def test_an_acceptance_and_something_else_at_once_are_one(ada, ben, dora, bells, rival):
    dispute = reviewed_dispute(ada, ben)
    milestone = dispute.milestone
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=10_000, **why())
    Dispute.objects.update(appeal_ends_at=now())
    proposal = propose(milestone, ada)
    other = {
        "release": lambda: release_milestone(milestone_id=milestone.pk, by=ada),
        "cancel": lambda: cancel_milestone(milestone_id=milestone.pk, by=ben),
        "carry out": lambda: carry_out_ruling(dispute_id=dispute.pk),
        "withdraw": lambda: withdraw_proposal(proposal_id=proposal.pk, by=ada),
        "decline": lambda: decline_proposal(proposal_id=proposal.pk, by=ben),
        "counter": lambda: propose(milestone, ben, 90_000),
    }[rival]

    outcomes = at_once(*[lambda: accept_proposal(proposal_id=proposal.pk, by=ben), other] * 4)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    agreed = {"held": 0, "ben": 38_800, "ada": 61_800, "us": 2_400}
    otherwise = {
        "release": {"held": 0, "ben": 97_000, "ada": 0, "us": 6_000},
        "cancel": {"held": 0, "ben": 0, "ada": 103_000, "us": 0},
        "carry out": {"held": 0, "ben": 9_700, "ada": 92_700, "us": 600},
    }.get(rival, UNTOUCHED)
    was_accepted = read(proposal).status == "accepted"
    assert books_of(milestone) == (agreed if was_accepted else otherwise)
    assert [finding for check in CHECKS for finding in check()] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("room", ["proposals", "endings"])
def test_the_money_is_locked_before_it_is_judged(ada, ben, monkeypatch, room):
    """A bank that takes of it meanwhile waits, or is seen."""
    milestone = funded_milestone(ada, ben)
    proposal = propose(milestone, ada)
    owner, name = {
        "proposals": (services, "money_in_words"),
        "endings": (endings, "checked_ending"),
    }[room]
    money = Escrow.objects.filter(pk=milestone.escrow_id)
    found = locked_when_asked(monkeypatch, owner, name, money)
    if room == "proposals":
        accept_proposal(proposal_id=proposal.pk, by=ben)
    else:
        cancel_by_agreement(milestone_id=milestone.pk, to_freelancer=40_000)
    assert found == [True]


# --- The books -----------------------------------------------------------------------------------


def test_the_checks_find_an_ending_that_was_not_agreed_on(ada, ben, later):
    proposal = propose(funded_milestone(ada, ben), ada)
    accept_proposal(proposal_id=proposal.pk, by=ben)
    open_one = propose(funded_milestone(ada, person("Emil")), ada)
    assert [finding for check in CHECKS for finding in check()] == []

    Proposal.objects.filter(pk=proposal.pk).update(to_freelancer=40_001)
    Proposal.objects.filter(pk=open_one.pk).update(answer_due_at=now() - timedelta(days=91))

    wrong, standing = [finding for check in CHECKS for finding in check()]
    assert wrong.startswith(proposal.public_id) and "accepted otherwise" in wrong
    assert standing.startswith(open_one.public_id) and "still open" in standing
