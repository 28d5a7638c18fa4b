"""Both agree on a higher price for submitted work, and the client pays the rest late or never."""

from importlib import import_module
from threading import Thread

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from accounts.notifications.models import Notification
from marketplace.common.errors import WrongState
from payments.escrow.facts import facts_now
from payments.escrow.models import Escrow
from payments.escrow.services import take_in
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState
from payments.refunds.models import Refund
from projects.agreements.changes.services import accept_change
from projects.agreements.outlook import prospects_of
from projects.milestones import selectors
from projects.milestones.limits import services as limits
from projects.milestones.models import Milestone, Reminder
from projects.milestones.services import fund_milestone, release_unreviewed, submit_work
from projects.tasks import (
    refund_at_limit,
    release_unreviewed_milestones,
    tell_reminders,
    warn_of_limits,
)
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.change_world import now_of, price_to
from tests.projects.test_paid_but_not_there_yet import with_the_bank
from tests.races import overtaken_after
from tests.world import api_of, browser, fund, planned_milestone, submitted_milestone

pytestmark = pytest.mark.django_db

migration = import_module("projects.migrations.0064_reviews_that_ran_are_told_of")

NOTHING, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def priced_at(amount: int, milestone: Milestone, by, other) -> Milestone:
    accept_change(order_id=price_to(amount, milestone, by).pk, by=other)
    return now_of(milestone)


def test_silence_does_not_try_it_and_tries_what_is_behind_it(ada, ben, later):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    later(days=1)
    behind = submitted_milestone(ada, ben)
    later(days=20)

    assert selectors.unreviewed_ids(limit=1) == [behind.pk]
    with pytest.raises(WrongState, match="missing"):
        release_unreviewed(milestone_ids=[raised.pk])
    assert release_unreviewed_milestones() == ONE
    assert release_unreviewed_milestones() == NOTHING


def test_it_goes_back_at_the_limit_after_all_the_warnings(ada, ben, later):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    later(days=89.5)
    assert warn_of_limits() == ONE
    assert refund_at_limit() == NOTHING
    later(days=1)

    assert refund_at_limit() == ONE
    assert refund_at_limit() == NOTHING

    ended = now_of(raised)
    assert (ended.status, ended.escrow.status) == ("refunded", "refunded")
    assert facts_now(ended.escrow).refunded == 103_000
    told = Notification.objects.filter(kind__startswith="limit_")
    assert {person: told.filter(recipient=person).count() for person in (ada, ben)} == {
        ada: 3,
        ben: 3,
    }


def test_one_that_was_lowered_before_and_raised_back_is_as_short(ada, ben, later):
    """What was agreed first is agreed again: only the books know that less is held."""
    lowered = priced_at(60_000, planned_milestone(ada, ben), ben, ada)
    fund(lowered)
    submit_work(milestone_id=lowered.pk, by=ben, note="Here.")
    raised = priced_at(100_000, lowered, ben, ada)
    assert Escrow.objects.get().adjusted == 0
    later(days=91)

    assert release_unreviewed_milestones() == NOTHING
    assert refund_at_limit() == ONE
    assert facts_now(now_of(raised).escrow).refunded == 61_800


@pytest.mark.parametrize("price", [150_000, 60_000])
def test_what_is_whole_at_its_new_price_is_approved_by_silence(ada, ben, later, price):
    milestone = priced_at(price, submitted_milestone(ada, ben), ben, ada)
    later(days=8)
    if price == 150_000:
        assert release_unreviewed_milestones() == NOTHING
        fund(milestone)
    later(days=83)

    assert refund_at_limit() == NOTHING, "its review decides"
    assert release_unreviewed_milestones() == ONE
    assert facts_now(now_of(milestone).escrow).released == price


def test_the_outlook_says_what_is_missing_and_when_it_goes_back(ada, ben, later):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    later(days=20)
    found = prospects_of(raised.contract).of(raised).outlook
    assert [strike.kind for strike in found.strikes] == ["not_approved"]
    assert "until Ada funds the missing $515.00" in found.strikes[0].text
    assert (found.end.step, found.end.at) == ("refund_limit", raised.escrow.limit_at)
    assert found.end.to_client == 103_000

    later(days=60)
    found = prospects_of(raised.contract).of(raised).outlook
    assert [strike.kind for strike in found.strikes] == ["holding_limit", "not_approved"]


# --- That the review is over is told -------------------------------------------------------------


def over_unpaid(milestone: Milestone) -> list[Notification]:
    told = Notification.objects.filter(kind="review_over_unpaid", about=milestone.public_id)
    return list(told.order_by("recipient__name"))


def test_both_hear_once_that_it_is_over_and_what_can_be_done(ada, ben, later):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    whole = submitted_milestone(ada, ben)
    later(days=6.9)
    tell_reminders()
    assert over_unpaid(raised) == []
    for _ in range(3):
        later(days=0.2)
        tell_reminders()

    assert [notice.recipient for notice in over_unpaid(raised)] == [ada, ben]
    text = over_unpaid(raised)[0].text
    assert "until Ada funds the missing $515.00. Ben can open a dispute, propose an" in text
    assert raised.review_ends_at.isoformat() in over_unpaid(raised)[0].key
    assert over_unpaid(whole) == []

    [strike] = prospects_of(raised.contract).of(raised).outlook.strikes
    assert "Ben can open a dispute, propose an ending, or propose a change back" in strike.stops
    ways = {(stop.role, stop.step) for stop in strike.stopped_by}
    assert {("freelancer", "dispute"), ("freelancer", "propose_ending")} <= ways
    assert strike.stops in browser(ben).get(f"/contracts/{raised.contract.public_id}/").text
    body = api_of(ben).get(f"/api/v1/contracts/{raised.contract.public_id}/next/").text
    assert strike.stops in body


def test_it_is_not_told_of_what_was_paid_in_time_and_not_as_it_is_released(ada, ben, later):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    later(days=6)
    fund(raised)
    later(days=1.1)
    assert release_unreviewed_milestones() == ONE
    tell_reminders()

    assert over_unpaid(raised) == []
    assert not raised.reminders.filter(told_at=None).exists()


def test_while_a_bank_may_bring_it_back_nothing_is_said(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank = Bank(payment_of(milestone.escrow), 50_000)
    bank.takes()
    later(days=7.1)
    tell_reminders()
    assert over_unpaid(milestone) == []

    bank.keeps()
    for _ in range(2):
        later(hours=1.1)
        tell_reminders()
    assert len(over_unpaid(milestone)) == 2


def test_while_a_bank_brings_the_rest_nobody_is_told_that_it_is_missing(ada, ben, later):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    later(days=6)
    rest = with_the_bank(missing_of(raised, ada))
    for _ in range(3):
        later(days=0.5)
        tell_reminders()
    assert over_unpaid(raised) == []

    Payment.objects.filter(pk=rest.pk).update(status=Payment.Status.CANCELLED)
    later(hours=1.1)
    tell_reminders()
    assert len(over_unpaid(raised)) == 2


def test_what_a_bank_asks_for_and_has_not_taken_yet_is_missing_in_the_end(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank = Bank(payment_of(milestone.escrow), 50_000)
    bank.says(ChargebackState.OPEN)
    later(days=7.1)
    tell_reminders()
    assert over_unpaid(milestone) == []
    assert facts_now(now_of(milestone).escrow).is_fully_held

    bank.takes()
    bank.keeps()
    later(hours=1.1)
    tell_reminders()
    assert len(over_unpaid(milestone)) == 2


def test_a_review_that_ran_before_there_was_this_is_told_of_too(ada, ben):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    planned_milestone(ada, ben)
    waiting = Reminder.objects.filter(kind="review_over_unpaid").values_list("milestone", "due_at")
    wanted = list(waiting)
    assert wanted == [(raised.pk, raised.review_ends_at)]
    Reminder.objects.filter(kind="review_over_unpaid").delete()

    for _ in range(2):
        migration.plan_them(apps, None)

    assert list(waiting.all()) == wanted, "and none of what is not submitted"


def test_whoever_was_warned_in_time_gets_no_more_time_for_it(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    for days in (3.6, 2.6, 0.75):
        later(days=days)
        tell_reminders()
    bank = Bank(payment_of(milestone.escrow), 50_000)
    bank.takes()
    bank.gives_back()
    later(days=0.1)

    assert milestone.reminders.get(told_at=None).kind == "review_over_unpaid"
    assert release_unreviewed_milestones() == ONE
    assert over_unpaid(milestone) == []


# --- The rest arrives while the limit strikes ----------------------------------------------------


def missing_of(milestone: Milestone, by) -> Payment:
    return fund_milestone(milestone_id=milestone.pk, by=by)


def arrives(payment: Payment) -> None:
    take_in(payment_id=payment.pk, intent_id="", charge_id=f"ch_{payment.public_id}")


@pytest.mark.django_db(transaction=True)
def test_the_rest_that_arrives_while_it_is_judged_waits_and_goes_back(
    ada, ben, bells, later, monkeypatch
):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    rest = missing_of(raised, ada)
    later(days=91)
    judge, threads = limits.judge_step, []

    def pay() -> None:
        try:
            arrives(rest)
        finally:
            connection.close()

    def judge_while_it_arrives(*args: object) -> None:
        judge(*args)
        threads.append(Thread(target=pay))
        threads[0].start()
        threads[0].join(timeout=1)
        assert threads[0].is_alive(), "the money is held until it is decided where it goes"

    monkeypatch.setattr(limits, "judge_step", judge_while_it_arrives)
    assert refund_at_limit() == ONE
    threads[0].join(timeout=20)

    assert now_of(raised).status == "refunded"
    back = {refund.reason: refund.amount for refund in Refund.objects.all()}
    assert back == {"holding_limit": 103_000, "not_wanted": 51_500}


@pytest.mark.django_db(transaction=True)
def test_without_that_lock_what_has_become_whole_would_go_back(ada, ben, bells, later, monkeypatch):
    raised = priced_at(150_000, submitted_milestone(ada, ben), ben, ada)
    rest = missing_of(raised, ada)
    later(days=91)
    monkeypatch.setattr(limits, "lock_all", lambda pks: Escrow.objects.in_bulk(list(pks)))
    overtaken_after(monkeypatch, limits, "judge_step", lambda: arrives(rest))

    assert refund_at_limit() == ONE

    assert facts_now(now_of(raised).escrow).refunded == 154_500, "its review had decided"
