"""Warnings: each once, and none whose reason has gone."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.notifications.models import Notification
from marketplace.common.clock import after_days, now
from payments.escrow.services import take_in
from projects.agreements.changes.services import accept_change
from projects.milestones import reminders
from projects.milestones.models import Reminder
from projects.milestones.services import (
    cancel_milestone,
    fund_milestone,
    release_milestone,
    release_unreviewed,
    return_work,
    start_work,
    submit_work,
)
from projects.milestones.warnings.services import tell_reminders as tell_some
from projects.tasks import tell_reminders
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.change_world import price_to
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import fund, funded_milestone, opened_dispute, submitted_milestone

pytestmark = pytest.mark.django_db


def told(kind: str):
    return Notification.objects.filter(kind=kind)


def test_both_sides_hear_of_each_stage_of_the_due_date_once(ada, ben, later):
    milestone = funded_milestone(ada, ben)  # due in 20 days
    stages = {
        12.9: 0,
        13.1: 1,
        16.9: 1,
        17.1: 2,
        19.1: 3,
        20.1: 4,
        21.1: 5,
        30: 5,
    }
    gone = 0.0
    for day, count in stages.items():
        later(days=day - gone)
        gone = day
        tell_reminders()
        tell_reminders()
        for person in (ada, ben):
            heard = Notification.objects.filter(recipient=person, kind__startswith="due_")
            assert heard.count() == count, f"after {day} days"
    assert not Reminder.objects.filter(milestone=milestone, told_at=None).exists()
    assert "is due on" in told("due_in_1_day").first().text
    assert "was due on" in told("due_1_day_ago").first().text


def test_a_delivery_silences_the_due_date_and_warns_of_the_review(ada, ben, later):
    milestone = funded_milestone(ada, ben, review_days=7)
    submit_work(milestone_id=milestone.pk, by=ben, note="x")

    later(days=3.4)
    tell_reminders()
    assert not Notification.objects.filter(kind__startswith="review_").exists()
    later(days=0.2)
    tell_reminders()
    assert told("review_half_over").count() == 2
    later(days=2.5)
    tell_reminders()
    assert told("review_ends_in_24_hours").count() == 2
    later(hours=21)
    tell_reminders()
    tell_reminders()
    assert told("review_ends_in_2_hours").count() == 2
    assert "approved and paid on" in told("review_ends_in_2_hours").first().text
    later(days=30)
    tell_reminders()
    assert not Notification.objects.filter(kind__startswith="due_").exists()


def test_a_short_review_has_only_the_warnings_that_fit(ada, ben):
    milestone = submitted_milestone(ada, ben, review_days=1)
    kinds = Reminder.objects.filter(milestone=milestone, told_at=None)
    assert set(kinds.values_list("kind", flat=True)) == {
        "review_half_over",
        "review_ends_in_2_hours",
        "review_over_unpaid",
    }


@pytest.mark.parametrize("end", ["release", "cancel", "return", "dispute"])
def test_none_is_told_whose_reason_has_gone(ada, ben, later, end):
    if end == "dispute":
        milestone = opened_dispute(ada, ben).milestone
    else:
        milestone = submitted_milestone(ada, ben)
    if end == "release":
        release_milestone(milestone_id=milestone.pk, by=ada)
    elif end == "cancel":
        cancel_milestone(milestone_id=milestone.pk, by=ben)
    elif end == "return":
        return_work(milestone_id=milestone.pk, by=ada, answer="x")
    Notification.objects.all().delete()

    later(days=8)
    tell_reminders()

    assert not Notification.objects.filter(kind__startswith="review_").exists()
    if end != "return":
        assert not Reminder.objects.filter(milestone=milestone, told_at=None).exists()


def test_a_reminder_that_outlived_its_milestone_is_forgotten(ada, ben, later):
    """As if the process had died between the end and the forgetting."""
    milestone = funded_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    left = Reminder.objects.create(milestone=milestone, kind="due_now", due_at=milestone.due_at)
    later(days=30)

    assert tell_reminders() == {"done": 1, "failed": 0}

    assert not Reminder.objects.filter(pk=left.pk).exists()
    assert not told("due_now").exists()


def test_a_moved_date_is_warned_of_again(ada, ben, later):
    milestone = submitted_milestone(ada, ben, review_days=30)
    later(days=10)
    milestone = return_work(milestone_id=milestone.pk, by=ada, answer="x")
    later(days=19.5)
    tell_reminders()
    assert told("due_in_1_day").count() == 2
    assert milestone.due_at.strftime("%H:%M") in told("due_in_1_day").first().text


# --- Work that is not funded ---------------------------------------------------------------------


def dearer(milestone, ada, ben) -> None:
    """Its price is raised; the difference is not paid."""
    accept_change(order_id=price_to(milestone.amount + 20_000, milestone, ada).pk, by=ben)


def cut_into_by_a_bank(milestone, *_) -> None:
    Bank(payment_of(milestone.escrow), 30_000).takes()


def emptied_by_a_bank(milestone, *_) -> None:
    Bank(payment_of(milestone.escrow)).takes()


@pytest.mark.parametrize("cut", [dearer, cut_into_by_a_bank, emptied_by_a_bank])
def test_what_is_not_funded_is_not_due_until_it_is(ada, ben, later, cut):
    """Nothing can be handed in then, and no day counts."""
    milestone, funded = funded_milestone(ada, ben), funded_milestone(ada, ben)
    cut(milestone, ada, ben)
    for days in (13.1, 4, 2, 1, 1, 10):
        later(days=days)
        tell_reminders()
    of_dates = Notification.objects.filter(kind__startswith="due_")
    assert of_dates.filter(about=funded.public_id).count() == 2 * 5
    assert not of_dates.filter(about=milestone.public_id).exists()
    assert not milestone.reminders.filter(told_at=None).exists()

    fund(milestone)
    milestone.refresh_from_db()
    held_at, zone = milestone.escrow.held_at, milestone.days_end_in
    assert milestone.due_at == after_days(held_at, milestone.allowance, zone)
    for days in ((milestone.due_at - now()) / timedelta(days=1) - 6.9, 4, 2, 1, 1):
        later(days=days)
        tell_reminders()
    heard = of_dates.filter(about=milestone.public_id, recipient=ben)
    assert list(heard.order_by("pk").values_list("kind", flat=True)) == [
        "due_in_7_days",
        "due_in_3_days",
        "due_in_1_day",
        "due_now",
        "due_1_day_ago",
    ]


def test_a_date_that_the_money_has_moved_is_not_told_before_that_is(ada, ben, later):
    """What is missing has come in this minute, and nobody has told of it yet."""
    milestone = funded_milestone(ada, ben)
    cut_into_by_a_bank(milestone)
    later(days=20.1)
    payment = fund_milestone(milestone_id=milestone.pk, by=ada)
    take_in(payment_id=payment.pk, intent_id="", charge_id="ch_again")

    tell_reminders()

    assert not Notification.objects.filter(kind__startswith="due_").exists()


def test_a_long_jump_of_the_clock_tells_the_last_stage_and_not_all_five(ada, ben, later):
    """After an outage, six notices of one date help nobody."""
    funded_milestone(ada, ben)
    later(days=40)

    tell_reminders()

    heard = Notification.objects.filter(kind__regex="^(due|late)_")
    assert {notice.kind for notice in heard} == {"late_over"}
    assert heard.count() == 2
    assert not Reminder.objects.filter(told_at=None).exists()


def test_missing_warnings_are_written_before_silence_approves(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    later(days=8)

    release_unreviewed(milestone_ids=[milestone.pk])

    written = Reminder.objects.filter(milestone=milestone)
    assert set(written.values_list("kind", flat=True)) == {
        "review_half_over",
        "review_ends_in_24_hours",
        "review_ends_in_2_hours",
    }
    assert not written.filter(told_at=None).exists()
    for person in (ada, ben):
        notices = list(
            Notification.objects.filter(recipient=person)
            .order_by("created_at", "pk")
            .values_list("kind", flat=True)
        )
        released = [kind for kind in notices if kind == "milestone_released"]
        warned = [kind for kind in notices if kind.startswith("review_")]
        assert len(warned) == 3 and len(released) == 1
        assert notices.index("milestone_released") > max(notices.index(k) for k in warned)


@pytest.fixture
def week_ahead(ada, ben, later) -> list[Reminder]:
    """Several deliveries are due in a week, and nobody was told yet; all are begun."""
    milestones = [funded_milestone(ada, ben) for _ in range(4)]
    for milestone in milestones:
        start_work(milestone_id=milestone.pk, by=ben)
    later(days=14)
    return list(Reminder.objects.filter(milestone__in=milestones, kind="due_in_7_days"))


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_tell_each_once(week_ahead, bells):
    ids = [reminder.pk for reminder in week_ahead]

    assert at_once(*[lambda: tell_some(reminder_ids=ids)] * 8) == ["done"] * 8

    assert told("due_in_7_days").count() == 2 * len(ids)
    assert not Reminder.objects.filter(pk__in=ids, told_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_only_its_key_keeps_a_warning_from_being_told_again(
    week_ahead, bells, monkeypatch
):
    ids = [reminder.pk for reminder in week_ahead]
    without_locks(monkeypatch)
    meet_after(monkeypatch, reminders, "last_words_due")
    found = iter(range(8))
    monkeypatch.setattr(reminders, "key_of", lambda reminder: f"{reminder.pk}:{next(found)}")

    outcomes = outcomes_at_once(*[lambda: tell_some(reminder_ids=ids[:1])] * 8)

    assert outcomes == [1] * 8
    assert told("due_in_7_days").count() == 2 * 8


@pytest.mark.django_db(transaction=True)
def test_a_warning_waits_for_whoever_is_at_work_on_its_milestone(week_ahead, ben, bells):
    """Ben delivers in this moment; a second later nobody needs to hear that it is due."""
    ids = [reminder.pk for reminder in week_ahead]
    milestone = week_ahead[0].milestone
    with transaction.atomic():
        submit_work(milestone_id=milestone.pk, by=ben, note="Here it is.")
        [others] = outcomes_at_once(lambda: tell_some(reminder_ids=ids))

    assert others == len(ids) - 1
    assert tell_reminders() == {"done": 0, "failed": 0}
    assert told("due_in_7_days").count() == 2 * (len(ids) - 1)
    assert not Reminder.objects.filter(pk=ids[0]).exists()


def test_one_that_breaks_keeps_no_other_from_being_told(week_ahead, monkeypatch):
    broken, real = week_ahead[1], reminders.words_of

    def words_of(reminder: Reminder) -> str:
        if reminder.pk == broken.pk:
            raise RuntimeError("no words for this")
        return real(reminder)

    monkeypatch.setattr(reminders, "words_of", words_of)

    assert tell_reminders() == {"done": len(week_ahead) - 1, "failed": 1}
    assert Reminder.objects.get(told_at=None, due_at__lte=now()) == broken


def test_more_of_them_cost_no_more_queries(ada, ben, later):
    milestones = [funded_milestone(ada, ben) for _ in range(20)]
    later(days=14)
    ids = [milestone.reminders.get(kind="due_in_7_days").pk for milestone in milestones]

    def queries(some: list[int]) -> int:
        with CaptureQueriesContext(connection) as found:
            assert tell_some(reminder_ids=some) == len(some)
        return len(found)

    assert queries(ids[:6]) == queries(ids[6:])


def test_the_warnings_stand_where_the_rules_say(ada, ben):
    milestone = submitted_milestone(ada, ben, review_days=7)
    times = dict(Reminder.objects.filter(milestone=milestone).values_list("kind", "due_at"))
    assert times["review_half_over"] - milestone.submitted_at == timedelta(days=3.5)
    assert milestone.review_ends_at - times["review_ends_in_24_hours"] == timedelta(hours=24)
    assert milestone.review_ends_at - times["review_ends_in_2_hours"] == timedelta(hours=2)


def test_a_reminder_that_was_dropped_since_it_was_found_is_passed_over(ada, ben):
    milestone = funded_milestone(ada, ben)
    gone = milestone.reminders.first().pk
    milestone.reminders.all().delete()

    assert tell_some(reminder_ids=[gone]) == 0

    assert not Notification.objects.filter(kind__startswith="due_").exists()
