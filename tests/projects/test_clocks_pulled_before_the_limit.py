"""The provider's limit comes nearer than the clocks that run: they end before it."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from payments.escrow.facts import facts_now
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState
from projects.agreements.outlook import prospects_of
from projects.contracts.models import Event
from projects.disputes.limits import services as of_disputes
from projects.disputes.limits.services import end_at_limit, pull_dispute
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.milestones.limits import services as limits
from projects.milestones.limits.services import pull_review
from projects.milestones.limits.services import refund_at_limit as give_back
from projects.milestones.models import Reminder
from projects.tasks import (
    carry_out_rulings,
    pull_disputes,
    pull_reviews,
    refund_at_limit,
    release_unreviewed_milestones,
    tell_reminders,
)
from tests.payments.chargeback_world import Bank
from tests.projects.dispute_world import seen
from tests.projects.limit_world import NOTHING, ONE, fresh, submitted_on_day_8, to_thailand
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after
from tests.world import (
    funded_milestone,
    negotiated_dispute,
    opened_dispute,
    reviewed_dispute,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db

PULLED = {"kind": "clock_pulled"}


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def days_to(moment) -> float:
    return round((moment - now()) / timedelta(days=1), 2)


# --- A review ------------------------------------------------------------------------------------


def test_a_review_ends_before_a_limit_that_has_come_nearer(ada, ben, later):
    milestone = submitted_on_day_8(ada, ben, later)
    later(days=1)
    assert pull_reviews() == NOTHING
    to_thailand(ben)

    assert pull_reviews() == ONE
    assert pull_reviews() == NOTHING

    pulled = fresh(milestone)
    assert (days_to(pulled.escrow.limit_at), days_to(pulled.review_ends_at)) == (1, 0.5)
    for person in (ada, ben):
        text = str(Notification.objects.get(recipient=person, **PULLED).text)
        assert "the time to review it ends on" in text
        assert "5 d 12 h sooner than you were told: the payment provider holds" in text
    line = Event.objects.get(**PULLED)
    assert line.role == "system"
    assert line.detail["reason"].startswith("the time to review it is 5 d 12 h shorter: the pay")
    assert line.detail["until"] == pulled.review_ends_at.isoformat()
    (approved,) = prospects_of(pulled.contract).of(milestone).outlook.strikes
    assert (approved.kind, approved.at) == ("approved", pulled.review_ends_at)

    later(hours=13)
    assert release_unreviewed_milestones() == ONE
    assert fresh(milestone).closed_at < pulled.escrow.limit_at


def test_its_warnings_come_before_its_new_end(ada, ben, later):
    milestone = submitted_on_day_8(ada, ben, later)
    later(hours=1)
    to_thailand(ben)
    pull_reviews()

    ends_at = fresh(milestone).review_ends_at
    untold = Reminder.objects.filter(milestone=milestone, kind__startswith="review_")
    assert set(untold.values_list("due_at", flat=True)) <= {
        ends_at,
        ends_at - timedelta(hours=2),
        milestone.submitted_at + (ends_at - milestone.submitted_at) / 2,
    }
    later(hours=22)
    assert tell_reminders()["failed"] == 0
    assert Notification.objects.filter(kind="review_ends_in_2_hours").count() == 2


@pytest.mark.parametrize("day", [9.9, 12])
def test_there_are_some_hours_to_review_it_however_near_the_limit_is(ada, ben, later, day):
    """Who is paid chooses their country: nobody loses their say by that within the hour."""
    milestone = submitted_on_day_8(ada, ben, later)
    later(days=day - 8)
    to_thailand(ben)

    assert pull_reviews() == ONE
    assert pull_reviews() == refund_at_limit() == NOTHING
    assert days_to(fresh(milestone).review_ends_at) == 0.5
    later(hours=13)
    assert refund_at_limit() == NOTHING, "its review decides"
    assert release_unreviewed_milestones() == ONE


def test_what_ends_before_the_limit_is_left_as_it_was(ada, ben, later):
    milestone = submitted_milestone(ada, ben, review_days=7)
    to_thailand(ben)
    ends_at = milestone.review_ends_at

    assert pull_reviews() == NOTHING
    pull_review(milestone_id=milestone.pk)
    pull_review(milestone_id=funded_milestone(ada, ben).pk)

    assert fresh(milestone).review_ends_at == ends_at
    assert not Event.objects.filter(**PULLED).exists()


def test_what_silence_cannot_release_is_not_pulled(ada, ben, later):
    submitted_on_day_8(ada, ben, later)
    Bank(Payment.objects.get()).says(ChargebackState.OPEN)
    to_thailand(ben)
    assert pull_reviews() == NOTHING


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_pull_it_once(ada, ben, bells, later):
    milestone = submitted_on_day_8(ada, ben, later)
    to_thailand(ben)

    outcomes = at_once(*[lambda: pull_review(milestone_id=milestone.pk)] * 8)

    assert outcomes == ["done"] * 8
    assert Event.objects.filter(**PULLED).count() == 1
    assert Notification.objects.filter(**PULLED).count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_are_told_eight_times(ada, ben, bells, later, monkeypatch):
    milestone = submitted_on_day_8(ada, ben, later)
    to_thailand(ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, limits, "within_limit")

    at_once(*[lambda: pull_review(milestone_id=milestone.pk)] * 8)

    assert Event.objects.filter(**PULLED).count() == 8
    assert Notification.objects.filter(**PULLED).count() == 16


# --- A dispute -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "clock", "called", "part"),
    [
        (opened_dispute, "answer_due_at", "the time to answer the dispute", 5 / 35),
        (negotiated_dispute, "negotiation_ends_at", "the time to settle the dispute", 7 / 30),
        (reviewed_dispute, "ruling_due_at", "the time to decide the dispute", 10 / 23),
    ],
)
def test_each_time_of_a_dispute_ends_before_it(ada, ben, later, begin, clock, called, part):
    """It has its part of the two days in which it can be decided yet."""
    dispute = begin(ada, ben)
    assert pull_disputes() == NOTHING
    later(days=1)
    as_paid = Escrow.objects.get().limit_at
    Escrow.objects.update(limit_at=now() + timedelta(days=3))

    assert pull_disputes() == ONE
    assert pull_disputes() == NOTHING

    pulled = seen(dispute)
    assert days_to(getattr(pulled, clock)) == round(2 * part, 2)
    if clock == "ruling_due_at":
        assert pulled.ruling_expected_at <= pulled.ruling_due_at
    assert {n.recipient for n in Notification.objects.filter(**PULLED)} == {ada, ben}
    assert called in str(Notification.objects.filter(**PULLED)[0].text)
    assert Event.objects.get(**PULLED).about == dispute.public_id
    Escrow.objects.update(limit_at=as_paid)  # for the proof of the books


def decided_on_day_8(ada, ben, dora, later) -> Dispute:
    """For the freelancer, all of it; it stands from day 11 on."""
    dispute = reviewed_dispute(ada, ben)
    later(days=8)
    return decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=100_000, **why())


def test_a_decision_is_carried_out_before_a_limit_that_has_come_nearer(ada, ben, dora, later):
    dispute = decided_on_day_8(ada, ben, dora, later)
    to_thailand(ben)

    assert pull_disputes() == ONE
    assert pull_disputes() == NOTHING

    assert days_to(seen(dispute).appeal_ends_at) == round(3 / 13, 2), "another may hear it yet"
    later(days=1.1)
    assert carry_out_rulings() == ONE
    assert facts_now(seen(dispute).milestone.escrow).released == 100_000


@pytest.mark.parametrize("is_appealed", [False, True])
def test_what_was_decided_goes_before_a_refund_where_the_limit_has_passed(
    ada, ben, dora, later, is_appealed
):
    dispute = decided_on_day_8(ada, ben, dora, later)
    if is_appealed:
        appeal_ruling(dispute_id=dispute.pk, by=ada, statement="Less is done.")
    later(days=2.5)
    to_thailand(ben)
    assert pull_disputes() == NOTHING

    assert refund_at_limit() == ONE
    assert refund_at_limit() == NOTHING

    ended = seen(dispute)
    assert (ended.status, ended.milestone.status) == ("closed", "released")
    assert facts_now(ended.milestone.escrow).released == 100_000
    told = Notification.objects.filter(recipient=ada)
    assert told.filter(kind="clock_pulled").count() == 1
    assert told.filter(kind="ruling_carried_out").count() == 1
    assert not Notification.objects.filter(kind="milestone_refunded").exists()


def test_what_nobody_has_decided_goes_back_at_the_limit_as_before(ada, ben, later):
    dispute = reviewed_dispute(ada, ben)
    later(days=11)
    to_thailand(ben)
    assert refund_at_limit() == ONE
    assert facts_now(seen(dispute).milestone.escrow).refunded == 103_000


def test_an_empty_escrow_pulls_nothing(ada, ben, dora, later):
    dispute = decided_on_day_8(ada, ben, dora, later)
    Bank(Payment.objects.get(), 103_000).takes()
    to_thailand(ben)
    assert pull_disputes() == NOTHING
    assert days_to(seen(dispute).appeal_ends_at) == 3


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_pull_a_dispute_once(ada, ben, dora, bells, later):
    dispute = decided_on_day_8(ada, ben, dora, later)
    to_thailand(ben)

    outcomes = at_once(*[lambda: pull_dispute(dispute_id=dispute.pk)] * 8)

    assert outcomes == ["done"] * 8
    assert Event.objects.filter(**PULLED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_each_pulls_the_dispute(ada, ben, dora, bells, later, monkeypatch):
    dispute = decided_on_day_8(ada, ben, dora, later)
    to_thailand(ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, of_disputes, "_runs_until")

    at_once(*[lambda: pull_dispute(dispute_id=dispute.pk)] * 8)

    assert Event.objects.filter(**PULLED).count() == 8


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_end_it_at_the_limit_once(ada, ben, dora, bells, later):
    dispute = decided_on_day_8(ada, ben, dora, later)
    to_thailand(ben)
    later(days=2.5)

    outcomes = at_once(*[lambda: end_at_limit(milestone_id=dispute.milestone_id)] * 8)

    assert outcomes.count("done") == 1
    assert facts_now(seen(dispute).milestone.escrow).released == 100_000


def test_without_the_look_at_its_decision_all_would_go_back(ada, ben, dora, later):
    dispute = decided_on_day_8(ada, ben, dora, later)
    to_thailand(ben)
    later(days=2.5)
    give_back(milestone_id=dispute.milestone_id)
    assert facts_now(seen(dispute).milestone.escrow).refunded == 103_000
