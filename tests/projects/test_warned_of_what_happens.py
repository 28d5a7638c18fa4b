"""Nobody is told that silence pays while it would pay nothing."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from payments.escrow.models import Escrow
from payments.gateway.chargebacks import ChargebackState
from projects.agreements.changes.services import accept_change
from projects.milestones import reminders
from projects.milestones.models import Milestone
from projects.milestones.services import submit_work
from projects.milestones.warnings import services as warnings
from projects.tasks import (
    deliver_notification,
    release_unreviewed_milestones,
    tell_reminders,
)
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.change_world import now_of, price_to
from tests.world import fund, funded_milestone, submitted_milestone

pytestmark = pytest.mark.django_db


def kinds_told(milestone: Milestone) -> list[str]:
    """What its freelancer was told of its review, in that order."""
    of_review = Notification.objects.filter(
        about=milestone.public_id,
        kind__startswith="review_",
        recipient__memberships__party=milestone.contract.freelancer,
    )
    return list(of_review.order_by("pk").values_list("kind", flat=True))


ALL = ["review_half_over", "review_ends_in_24_hours", "review_ends_in_2_hours"]


def raise_price(milestone: Milestone, ada, ben) -> None:
    accept_change(order_id=price_to(milestone.amount + 20_000, milestone, ada).pk, by=ben)


def bank_takes(milestone: Milestone, *_) -> Bank:
    bank = Bank(payment_of(milestone.escrow))
    bank.takes()
    return bank


@pytest.mark.parametrize("cut", [raise_price, bank_takes])
def test_no_warning_promises_a_payment_that_silence_would_not_make(ada, ben, later, cut):
    milestone, untouched = submitted_milestone(ada, ben), submitted_milestone(ada, ben)
    cut(milestone, ada, ben)
    for days in (3.6, 2.6, 0.8, 10):
        later(days=days)
        tell_reminders()
        tell_reminders()

    # Once it is over both hear that what was raised is not paid: that is no promise.
    assert kinds_told(milestone) == (["review_over_unpaid"] if cut is raise_price else [])
    assert kinds_told(untouched) == ALL


def test_without_that_judgement_it_would_be_promised(ada, ben, later, monkeypatch):
    milestone = submitted_milestone(ada, ben)
    bank_takes(milestone)
    monkeypatch.setattr(warnings.reminders, "why_untrue", lambda *_: "")
    later(days=3.6)
    tell_reminders()
    assert kinds_told(milestone) == ["review_half_over"]


def test_they_are_told_once_it_is_true_again(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank = bank_takes(milestone)
    later(days=3.6)
    tell_reminders()
    bank.gives_back()
    later(hours=1)
    tell_reminders()
    tell_reminders()

    assert kinds_told(milestone) == ["review_half_over"]


def test_what_was_held_up_is_told_in_its_last_word_alone(ada, ben, later):
    """They all say the same: that silence pays, and when."""
    milestone, untouched = submitted_milestone(ada, ben), submitted_milestone(ada, ben)
    bank = bank_takes(milestone)
    for days in (3.6, 2.6):
        later(days=days)
        tell_reminders()
    bank.gives_back()
    later(hours=1.1)
    tell_reminders()
    assert kinds_told(milestone) == ["review_ends_in_24_hours"]
    assert kinds_told(untouched) == ALL[:2]

    later(hours=16.5)
    tell_reminders()
    assert kinds_told(milestone) == ["review_ends_in_24_hours", "review_ends_in_2_hours"]
    later(hours=3)
    assert release_unreviewed_milestones() == {"done": 2, "failed": 0}
    assert kinds_told(milestone) == ["review_ends_in_24_hours", "review_ends_in_2_hours"]


def test_what_waits_to_be_asked_again_is_said_by_the_next_that_is_told(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank = bank_takes(milestone)
    later(days=5.98)
    tell_reminders()
    assert milestone.reminders.get(kind="review_half_over").due_at > now()
    bank.gives_back()
    for days in (0.03, 0.03):
        later(days=days)
        tell_reminders()
    assert kinds_told(milestone) == ["review_ends_in_24_hours"]


def test_what_is_merely_late_is_told_word_for_word(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    later(days=6.99)
    tell_reminders()
    assert kinds_told(milestone) == ALL


def test_whoever_was_not_warned_has_time_before_silence_pays(ada, ben, later):
    """The bank lets go long after the review was over: the client hears of it, and can act."""
    milestone = submitted_milestone(ada, ben)
    bank = bank_takes(milestone)
    for days in (3.6, 2.6, 0.7, 0.03, 10):
        later(days=days)
        tell_reminders()
    assert kinds_told(milestone) == []
    bank.gives_back()

    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}
    milestone.refresh_from_db()
    left = milestone.review_ends_at - now()
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
    tell_reminders()
    assert kinds_told(milestone) == ["review_half_over"]

    later(hours=10.5)
    tell_reminders()
    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}
    later(hours=1.6)
    assert release_unreviewed_milestones() == {"done": 1, "failed": 0}
    assert kinds_told(milestone) == ["review_half_over", "review_ends_in_2_hours"]
    assert not milestone.reminders.filter(told_at=None).exists()


@pytest.mark.parametrize("way", ["topped up", "lowered again", "a bank", "a bank, topped up"])
def test_they_have_it_also_where_they_were_warned_in_vain(ada, ben, later, way):
    """All was told, then something was cut off, and nothing came of the end of the review."""
    milestone = submitted_milestone(ada, ben)
    later(days=6.99)
    tell_reminders()
    assert kinds_told(milestone) == ALL
    bank = bank_takes(milestone) if "bank" in way else raise_price(milestone, ada, ben)
    if way == "a bank, topped up":
        fund(milestone)
    later(days=3)
    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}

    if way == "topped up":
        fund(milestone)
    elif way == "lowered again":
        accept_change(order_id=price_to(100_000, milestone, ada).pk, by=ben)
    elif way == "a bank":
        bank.gives_back()
    else:
        bank.says(ChargebackState.LOST)

    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}
    assert timedelta(hours=11, minutes=59) < now_of(milestone).review_ends_at - now()
    tell_reminders()
    assert kinds_told(milestone) == [*ALL, "review_half_over"]
    later(hours=12)
    assert release_unreviewed_milestones() == {"done": 1, "failed": 0}


def test_they_have_it_also_where_it_is_just_to_be_asked_again(ada, ben, later):
    """What releases comes before what warns, in the second in which the warning is due."""
    milestone = submitted_milestone(ada, ben)
    bank = bank_takes(milestone)
    later(days=8)
    tell_reminders()
    bank.gives_back()
    later(hours=1.01)
    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}
    assert now_of(milestone).review_ends_at - now() > timedelta(hours=11)


def test_without_that_time_it_would_be_paid_at_once(ada, ben, later, monkeypatch):
    milestone = submitted_milestone(ada, ben)
    bank = bank_takes(milestone)
    for days in (3.6, 14):
        later(days=days)
        tell_reminders()
    bank.gives_back()
    monkeypatch.setattr("projects.milestones.services.give_time_to_the_unwarned", list)
    assert release_unreviewed_milestones() == {"done": 1, "failed": 0}


def test_at_the_providers_limit_there_is_no_more_time(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank = bank_takes(milestone)
    later(days=8)
    tell_reminders()
    bank.gives_back()
    Escrow.objects.update(limit_at=now() + timedelta(hours=11))
    assert release_unreviewed_milestones() == {"done": 1, "failed": 0}


def test_a_mail_that_promises_it_does_not_leave_while_it_is_untrue(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    later(days=3.6)
    tell_reminders()
    bank_takes(milestone)
    notice = Notification.objects.filter(recipient=ben, kind="review_half_over").get()

    deliver_notification(notification_id=notice.pk)

    notice.refresh_from_db()
    assert notice.mailed_at is None
    assert notice.mail_called_off == "Silence approves nothing of it for now."


def test_what_is_delivered_while_a_bank_wants_money_of_it_says_so(ada, ben):
    milestone = funded_milestone(ada, ben)
    Bank(payment_of(milestone.escrow), 30_000).takes()
    fund(milestone)
    submit_work(milestone_id=milestone.pk, by=ben, note="Here it is.")

    told = Notification.objects.get(recipient=ada, kind="work_submitted").text
    assert "while Ada’s bank wants money of it back, silence approves nothing" in told
    assert "by itself" not in told


def test_the_next_delivery_plans_them_anew(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank_takes(milestone)
    later(days=3.6)
    tell_reminders()
    late = milestone.reminders.get(kind="review_half_over")
    assert late.told_at is None
    reminders.remind_of_review(now_of(milestone))
    assert not milestone.reminders.filter(pk=late.pk).exists()
