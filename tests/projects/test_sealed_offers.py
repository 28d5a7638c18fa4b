"""Each side seals what it would settle at: where the two meet the dispute ends in the middle."""

import pytest
from django.core import serializers
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import AuditEntry
from marketplace.common.money import in_words
from payments.models import Payment
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.contracts.models import Event
from projects.disputes.checks import CHECKS
from projects.disputes.models import Dispute
from projects.disputes.sealed.models import MOST_FIGURES, SealedOffer
from projects.disputes.sealed.selectors import midpoint, own_figure_of
from projects.disputes.sealed.services import seal_figure, withdraw_figure
from projects.disputes.selectors import outcome_of
from projects.disputes.services import open_dispute
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import close_moot_disputes
from tests.payments.chargeback_world import Bank
from tests.projects.dispute_world import NOTHING_MOVED, books_of, seen
from tests.world import opened_dispute, reviewed_dispute, ruled, submitted_milestone

pytestmark = pytest.mark.django_db


def seal(dispute: Dispute, by: User | str, amount: object) -> Dispute:
    return seal_figure(dispute_id=dispute.pk, by=by, amount=amount)


# --- The money -----------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["ada", "ben"])
@pytest.mark.parametrize(
    ("most", "least", "part", "books"),
    [
        (60_000, 40_000, 50_000, {"held": 0, "ben": 48_500, "ada": 51_500, "us": 3_000}),
        (40_000, 40_000, 40_000, {"held": 0, "ben": 38_800, "ada": 61_800, "us": 2_400}),
        (40_001, 40_000, 40_000, {"held": 0, "ben": 38_800, "ada": 61_800, "us": 2_400}),
        (40_002, 40_001, 40_002, {"held": 0, "ben": 38_802, "ada": 61_798, "us": 2_400}),
        (99_999, 99_998, 99_998, {"held": 0, "ben": 96_998, "ada": 2, "us": 6_000}),
        (0, 0, 0, {"held": 0, "ben": 0, "ada": 103_000, "us": 0}),
    ],
)
def test_where_both_meet_it_ends_in_the_middle(ada, ben, last, most, least, part, books):
    dispute = opened_dispute(ada, ben)
    acts = [(ada, most), (ben, least)]
    (first, other) = acts if last == "ben" else acts[::-1]
    seal(dispute, *first)
    assert books_of(dispute) == NOTHING_MOVED

    seal(dispute, *other)

    dispute = seen(dispute)
    assert (dispute.status, dispute.to_freelancer) == ("closed", part)
    assert not dispute.rulings.exists()
    assert dispute.closed_at is not None
    assert dispute.milestone.status == ("split" if part else "cancelled")
    assert books_of(dispute) == books
    shares = outcome_of(dispute)
    assert (shares.payee, shares.payer) == (books["ben"], books["ada"])
    assert not SealedOffer.objects.exists()
    assert [line for check in CHECKS for line in check()] == []


@pytest.mark.parametrize("make", [opened_dispute, reviewed_dispute])
def test_where_they_do_not_meet_nothing_moves(ada, ben, make):
    dispute = make(ada, ben)
    state = dispute.state
    seal(dispute, ada, 40_000)
    seal(dispute, ben, 40_001)
    assert (books_of(dispute), seen(dispute).state) == (NOTHING_MOVED, state)
    seal(dispute, ada, 40_001)
    assert seen(dispute).to_freelancer == 40_001


@given(most=st.integers(0, 10**11), gap=st.integers(0, 10**11), unit=st.sampled_from([1, 1, 10]))
@example(most=3, gap=1, unit=1)
@example(most=4, gap=3, unit=10)
def test_the_midpoint_is_half_even_in_what_the_currency_counts(most, gap, unit):
    least = max(0, most - gap)
    part = midpoint(most * unit, least * unit, unit=unit)

    assert part % unit == 0 and least * unit <= part <= most * unit
    doubled = most + least
    if doubled % 2:
        assert abs(2 * part // unit - doubled) == 1 and (part // unit) % 2 == 0
    else:
        assert 2 * part == doubled * unit


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_whatever_both_seal_each_gets_no_less_than_that_in_every_currency(ada, ben, data, currency):
    ada, ben = User.objects.get(pk=ada.pk), User.objects.get(pk=ben.pk)
    milestone = submitted_milestone(ada, ben, 1_000_000, currency=currency)
    words = {"reason": "other", "statement": "We see it otherwise.", "asked_for": 0}
    dispute = open_dispute(milestone_id=milestone.pk, by=ada, **words)
    grain = 1_000 if currency == "KWD" else 1
    figures = st.integers(0, 1_000_000 // grain - 1).map(lambda n: n * grain)
    least, most = sorted([data.draw(figures), data.draw(figures)])
    before = books_of(dispute)
    seal(dispute, ada, most)
    seal(dispute, ben, least)

    settled, after = seen(dispute), books_of(dispute)

    part, shares = settled.to_freelancer, outcome_of(settled)
    assert least <= part <= most
    if currency != "KWD":
        assert abs(2 * part - most - least) <= 1 and ((most + least) % 2 == 0 or part % 2 == 0), (
            "half-even"
        )
    assert sum([shares.payee, shares.payee_fee, shares.payer_fee, shares.payer]) == before["held"]
    assert after["held"] == 0
    assert (after["ben"] - before["ben"], after["ada"]) == (shares.payee, shares.payer)


# --- Nobody reads them ---------------------------------------------------------------------------


def everything_written() -> str:
    """Every row that people are shown something of."""
    rows = [
        *Event.objects.all(),
        *Notification.objects.all(),
        *AuditEntry.objects.all(),
        *Dispute.objects.all(),
    ]
    return serializers.serialize("json", rows)


def test_sealing_leaves_no_trace_for_anybody(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    before = everything_written()

    seal(dispute, ada, 31_313)
    seal(dispute, ben, 77_777)
    seal(dispute, ada, 31_414)
    withdraw_figure(dispute_id=dispute.pk, by=ben)

    assert everything_written() == before
    assert set(SealedOffer.objects.values_list("role", "amount", "figures")) == {
        ("client", 31_414, 2),
        ("freelancer", None, 1),
    }
    assert "31" not in str(SealedOffer.objects.get(role="client")).replace(str(dispute.pk), "")
    dispute = seen(dispute)
    assert own_figure_of(dispute, "client").amount == 31_414
    assert own_figure_of(dispute, "freelancer").amount is None
    assert own_figure_of(dispute, "").amount is None


def test_both_are_told_the_division_and_neither_figure(ada, ben):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ben, 31_313)
    seal(dispute, ada, 77_777)

    texts = {n.recipient: n.text for n in Notification.objects.filter(kind="dispute_settled")}
    assert texts.keys() == {ada, ben}
    shares = outcome_of(seen(dispute))
    back, got = in_words(shares.payer, "USD"), in_words(shares.payee, "USD")
    assert texts[ada].endswith(f"settled. You get back {back}; the freelancer gets {got}.")
    assert texts[ben].endswith(f"settled. You get {got}; the client gets back {back}.")
    event = Event.objects.get(kind="dispute_settled")
    assert (event.by, event.role) == (None, "system"), "who sealed last is nobody's business"
    assert event.detail == {
        "to_freelancer": 54_545,
        "terms": "$545.45 of $1,000.00 to the freelancer",
    }
    for figure in ("31313", "77777", "313.13", "777.77"):
        assert figure not in everything_written()


@pytest.mark.parametrize("end", ["ruling", "release", "cancel", "consent"])
def test_with_every_end_the_figures_are_gone(ada, ben, dora, end):
    dispute = reviewed_dispute(ada, ben)
    seal(dispute, ada, 10_000)
    seal(dispute, ben, 90_000)

    if end == "ruling":
        ruled(dispute, dora, 50_000, "Half.")
    elif end == "release":
        release_milestone(milestone_id=dispute.milestone_id, by=ada)
    elif end == "cancel":
        cancel_milestone(milestone_id=dispute.milestone_id, by=ben)
    else:
        proposal = propose_ending(milestone_id=dispute.milestone_id, by=ada, to_freelancer=50_000)
        accept_proposal(proposal_id=proposal.pk, by=ben)

    assert own_figure_of(seen(dispute), "client").amount is None, "unreadable at once"
    close_moot_disputes()
    assert not SealedOffer.objects.exists()
    with pytest.raises(WrongState):
        seal(dispute, ada, 95_000)
    with pytest.raises(WrongState):
        withdraw_figure(dispute_id=dispute.pk, by=ada)


# --- One figure, and not without end -------------------------------------------------------------


def test_a_figure_is_replaced_and_withdrawn(ada, ben):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ada, 50_000)
    seal(dispute, ada, 10_000)
    seal(dispute, ben, 40_000)
    assert seen(dispute).state == "opened", "the older figure settles nothing"
    withdraw_figure(dispute_id=dispute.pk, by=ben)
    withdraw_figure(dispute_id=dispute.pk, by=ben)
    seal(dispute, ada, 60_000)
    assert seen(dispute).state == "opened", "what was withdrawn settles nothing"
    seal(dispute, ben, 40_000)
    assert seen(dispute).to_freelancer == 50_000


def test_nobody_feels_their_way_to_the_figure_of_the_other_side(ada, ben):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ben, 90_000)
    for number in range(1, MOST_FIGURES + 1):
        seal(dispute, ada, number)
        seal(dispute, ada, number)
    withdraw_figure(dispute_id=dispute.pk, by=ada)

    with pytest.raises(WrongState) as refusal:
        seal(dispute, ada, 95_000)

    assert refusal.value.code == "too_many_figures"
    assert own_figure_of(seen(dispute), "client").figures_left == 0
    assert seen(dispute).state == "opened"


@pytest.mark.parametrize(
    "forged",
    [
        {"role": "client"},
        {"role": "mediator"},
        {"role": "freelancer", "amount": -1},
        {"role": "freelancer", "amount": 100_000},
        {"role": "freelancer", "held": None},
        {"role": "freelancer", "figures": MOST_FIGURES + 1},
    ],
)
def test_the_database_keeps_one_figure_a_side_and_its_bounds(ada, ben, forged):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ada, 10_000)
    row = {"amount": 5, "held": 100_000, "figures": 1} | forged
    with pytest.raises(IntegrityError), transaction.atomic():
        SealedOffer.objects.create(dispute=dispute, by=ada, **row)


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount", [-1, 100_000, 100_001, 10**30, 0.5, True, "40000", None, [], float("nan")]
)
@pytest.mark.parametrize("who", ["ada", "ben"])
def test_a_figure_that_divides_nothing_is_refused(ada, ben, who, amount, request):
    dispute = opened_dispute(ada, ben)
    with pytest.raises(InvalidInput) as refusal:
        seal(dispute, request.getfixturevalue(who), amount)
    assert refusal.value.param == "amount"
    assert not SealedOffer.objects.exists()


@pytest.mark.parametrize("who", ["cleo", "dora", "house"])
def test_only_the_sides_seal(ada, ben, who, request):
    dispute = opened_dispute(ada, ben)
    by = SYSTEM if who == "house" else request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        seal(dispute, by, 40_000)
    with pytest.raises(NotAllowed):
        withdraw_figure(dispute_id=dispute.pk, by=by)


def test_a_mediator_who_is_a_side_seals_as_a_side(ben, dora):
    dispute = opened_dispute(dora, ben)
    seal(dispute, dora, 40_000)
    seal(dispute, ben, 40_000)
    assert seen(dispute).to_freelancer == 40_000


def test_once_a_bank_has_moved_the_money_a_figure_settles_nothing(ada, ben):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ada, 60_000)
    Bank(Payment.objects.get(paid_for=dispute.milestone.escrow.public_id)).takes()

    own = own_figure_of(seen(dispute), "client")
    assert (own.amount, own.is_in_force) == (60_000, False)
    with pytest.raises(WrongState, match="No money is held"):
        seal(dispute, ben, 0)
    assert seen(dispute).state == "opened"
