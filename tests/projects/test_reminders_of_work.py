"""Before a client may take held money back by a clock, both sides hear of it, and when they may."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import translation

from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import OPTIONAL
from marketplace.common.clock import now
from payments.policies.services import add_version
from projects import tasks
from projects.agreements.changes.services import accept_change
from projects.disputes.services import open_dispute
from projects.milestones import reminders_of_work as of_work
from projects.milestones.models import Milestone, Reminder
from projects.milestones.rules import idle_from, late_from
from projects.milestones.services import (
    cancel_milestone,
    release_milestone,
    return_work,
    start_work,
    submit_work,
)
from projects.reasons.services import why_gone
from projects.tasks import tell_reminders
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.change_world import price_to, proposed, wish
from tests.projects.test_downtime import DOWN, started_again, stopped, walk_to
from tests.world import fund, funded_milestone, planned_milestone

pytestmark = pytest.mark.django_db

migration = import_module("projects.migrations.0061_work_is_warned_of")
START = ("start_in_7_days", "start_in_1_day", "start_over")


def heard(person, *kinds: str) -> list[str]:
    found = Notification.objects.filter(recipient=person, kind__in=kinds).order_by("pk")
    return list(found.values_list("kind", flat=True))


def untold(milestone: Milestone) -> dict:
    found = Reminder.objects.filter(milestone=milestone, told_at=None)
    return dict(found.values_list("kind", "due_at"))


def waits_to_start(milestone: Milestone) -> bool:
    return bool(set(START) & set(untold(milestone)))


# --- The time to start ---------------------------------------------------------------------------


def test_both_hear_a_week_and_a_day_before_and_when_it_is_over(ada, ben, later):
    funded_milestone(ada, ben)  # to be started in 14 days
    gone = 0.0
    for day, count in {6.9: 0, 7.1: 1, 12.9: 1, 13.1: 2, 13.9: 2, 14.1: 3, 19: 3}.items():
        later(days=day - gone)
        gone = day
        tell_reminders()
        tell_reminders()
        for person in (ada, ben):
            assert heard(person, *START) == list(START[:count]), f"after {day} days"


def test_they_say_what_stops_it_and_what_comes_after(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    until = idle_from(milestone)
    later(days=13.1)
    before = of_work.words_of(milestone, "start_in_1_day")
    assert f"Ben has until {until:%-d %B %Y, %H:%M}" in str(before)
    assert "to press “Start work” or to submit it. After that Ada may cancel it" in str(before)
    later(days=1)
    after = of_work.words_of(milestone, "start_over")
    assert "From now on Ada may cancel it and gets back what is held" in str(after)
    assert "until then Ben can still start or submit it" in str(after)
    with translation.override("de"):
        assert "Ben hat bis zum" in str(before) and "auf „Start work“ zu drücken" in str(before)
        assert "Ab jetzt darf Ada es abbrechen" in str(after)


def start(milestone, ada, ben) -> None:
    start_work(milestone_id=milestone.pk, by=ben)


def submit(milestone, ada, ben) -> None:
    submit_work(milestone_id=milestone.pk, by=ben, note="Here it is.")


def return_it(milestone, ada, ben) -> None:
    submit(milestone, ada, ben)
    return_work(milestone_id=milestone.pk, by=ada, answer="The search.")


def give_back(milestone, ada, ben) -> None:
    cancel_milestone(milestone_id=milestone.pk, by=ben)


def release(milestone, ada, ben) -> None:
    release_milestone(milestone_id=milestone.pk, by=ada)


def dispute(milestone, ada, ben) -> None:
    words = {"reason": "not_as_agreed", "statement": "Nothing came.", "asked_for": 50_000}
    open_dispute(milestone_id=milestone.pk, by=ada, **words)


@pytest.mark.parametrize("deed", [start, submit, return_it, give_back, release, dispute])
def test_nobody_hears_of_it_whose_reason_has_gone(ada, ben, later, deed):
    milestone = funded_milestone(ada, ben)
    assert waits_to_start(milestone)
    deed(milestone, ada, ben)
    assert not waits_to_start(milestone)
    later(days=15)
    tell_reminders()
    assert heard(ben, *START) == []


def test_the_start_silences_no_other_warning_also_one_that_is_due(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    later(days=13.1)  # a day of the plan ends in the evening
    start(milestone, ada, ben)
    tell_reminders()
    assert heard(ben, "due_in_7_days", *START) == ["due_in_7_days"]
    assert "late_over" in untold(milestone)


def test_while_money_is_missing_nobody_is_warned_and_then_anew(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    later(days=6)
    accept_change(order_id=price_to(milestone.amount + 20_000, milestone, ada).pk, by=ben)
    later(days=1.5)
    tell_reminders()
    assert heard(ben, *START) == []

    fund(milestone)

    again = idle_from(Milestone.objects.get(pk=milestone.pk))
    assert again - now() > timedelta(days=13.9)
    assert untold(milestone)["start_over"] == again
    later(days=7.1)
    tell_reminders()
    assert heard(ben, *START) == ["start_in_7_days"]


def test_what_a_bank_takes_is_not_to_be_started(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    Bank(payment_of(milestone.escrow), 30_000).takes()
    later(days=15)
    tell_reminders()
    assert heard(ben, *START) == []


def test_nothing_that_is_not_funded_is_to_be_started(ada, ben):
    assert untold(planned_milestone(ada, ben)).keys() == {
        "fund_in_7_days",
        "fund_in_1_day",
        "fund_over",
    }


def test_a_mail_that_waits_is_called_off_by_the_start(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    later(days=13.1)
    tell_reminders()
    notice = Notification.objects.get(recipient=ben, kind="start_in_1_day")
    assert why_gone([notice]) == {notice.pk: ""}
    start(milestone, ada, ben)
    assert why_gone([notice]) == {notice.pk: "It was started."}


def test_nobody_does_without_these_mails():
    """They are about a clock that judges."""
    assert not {*START, "late_over"} & set(OPTIONAL)


# --- The grace after the date --------------------------------------------------------------------


def test_lateness_is_told_before_the_client_may_use_it_and_then(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    start(milestone, ada, ben)
    until = late_from(milestone)
    later(days=21.1)
    tell_reminders()
    late = Notification.objects.get(recipient=ben, kind="due_1_day_ago").text
    assert f"If it is not submitted by {until:%-d %B %Y, %H:%M}" in late
    assert "Ada may cancel it for lateness" in late
    later(days=1.8)
    tell_reminders()
    assert heard(ben, "late_over") == []
    later(days=0.2)
    for _ in range(2):
        tell_reminders()
    for person in (ada, ben):
        told = Notification.objects.get(recipient=person, kind="late_over")
        assert "From now on Ada may cancel it for lateness" in told.text
        with translation.override("de"):
            assert "die Nachfrist danach ist vorbei" in told.text


@pytest.mark.parametrize("deed", [submit, give_back, release, dispute])
def test_no_lateness_is_told_of_what_is_not_late(ada, ben, later, deed):
    milestone = funded_milestone(ada, ben)
    deed(milestone, ada, ben)
    later(days=25)
    tell_reminders()
    assert heard(ben, "late_over") == []


def test_another_date_moves_it_along(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    due_at = milestone.due_at + timedelta(days=9)
    order = proposed(ada, wish(milestone, due_at=due_at), milestone=milestone)
    accept_change(order_id=order.pk, by=ben)
    milestone.refresh_from_db()
    assert untold(milestone)["late_over"] == late_from(milestone) > due_at
    assert untold(milestone)["start_over"] == idle_from(milestone), "that one stays"


def test_without_any_grace_it_is_told_at_once(ada, ben, later):
    add_version({"lateness_grace_days": 0})
    milestone = funded_milestone(ada, ben)
    start(milestone, ada, ben)
    later(days=20.1)
    tell_reminders()
    for notice in Notification.objects.filter(recipient=ben, kind__in=["due_now", "late_over"]):
        assert "From now on Ada may cancel it for lateness" in notice.text
    assert heard(ben, "late_over") == ["late_over"]


def test_of_two_words_of_one_moment_the_last_is_told(ada, ben, later):
    """A grace of one day ends with the day after the date."""
    add_version({"lateness_grace_days": 1})
    milestone = funded_milestone(ada, ben)
    start(milestone, ada, ben)
    times = untold(milestone)
    assert times["due_1_day_ago"] == times["late_over"]
    later(days=20.1)
    tell_reminders()
    later(days=1)
    tell_reminders()
    kinds = ("due_now", "due_1_day_ago", "late_over")
    assert heard(ben, *kinds) == ["due_now", "late_over"]
    assert untold(milestone) == {}


# --- Outages, and what ran before ----------------------------------------------------------------


@pytest.mark.parametrize(("clock", "kind"), [(idle_from, "start_over"), (late_from, "late_over")])
def test_what_an_outage_puts_off_is_told_as_much_later(ada, ben, later, clock, kind):
    milestone = funded_milestone(ada, ben)
    was = clock(milestone)
    walk_to(was + timedelta(hours=1), later)
    stopped()
    assert tell_reminders()["done"] == 0

    started_again()

    milestone.refresh_from_db()
    assert DOWN <= clock(milestone) - was < DOWN + timedelta(minutes=1)
    assert untold(milestone)[kind] == clock(milestone)
    tell_reminders()
    assert heard(ben, kind) == []
    walk_to(clock(milestone) + timedelta(minutes=1), later)
    tell_reminders()
    assert heard(ben, kind) == [kind]


def test_a_date_that_is_put_off_takes_the_end_of_its_grace_along(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    walk_to(milestone.due_at + timedelta(hours=1), later)
    stopped()
    started_again()
    milestone.refresh_from_db()
    assert untold(milestone)["late_over"] == late_from(milestone)


def test_after_a_long_silence_the_last_word_on_each_clock_is_told(ada, ben, later):
    funded_milestone(ada, ben)
    later(days=14.5)
    tell_reminders()
    kinds = [*START, *of_work.KINDS]
    assert sorted(heard(ben, *kinds)) == ["due_in_7_days", "start_over"]
    later(days=30)
    tell_reminders()
    assert sorted(heard(ben, *kinds)) == ["due_in_7_days", "late_over", "start_over"]
    assert tasks.tell_reminders() == {"done": 0, "failed": 0}


def test_work_that_ran_before_there_were_these_is_warned_of_too(ada, ben, later):
    idle, started = funded_milestone(ada, ben), funded_milestone(ada, ben)
    start(started, ada, ben)
    over, planned = funded_milestone(ada, ben), planned_milestone(ada, ben)
    release(over, ada, ben)
    wanted = [untold(one) for one in (idle, started, over, planned)]
    Reminder.objects.filter(kind__in=["late_over", *START]).delete()

    for _ in range(2):
        migration.plan_them(apps, None)

    assert [untold(one) for one in (idle, started, over, planned)] == wanted
