"""A bank took of the money, and perhaps the client pays again: which clocks run, who is told."""

from collections.abc import Callable

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments.escrow.facts import facts_now
from payments.escrow.outside.services import note_refunded
from payments.escrow.services import take_in
from payments.escrow.telling import services as telling
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState
from payments.refunds.models import Refund
from projects.agreements.outlook import prospects_of
from projects.milestones import selectors
from projects.milestones.arrivals.services import tell_funding
from projects.milestones.limits.services import refund_at_limit as give_back_at_the_limit
from projects.milestones.models import Milestone, Reminder
from projects.milestones.services import (
    cancel_milestone,
    fund_milestone,
    release_milestone,
    release_unreviewed,
)
from projects.tasks import (
    refund_at_limit,
    release_unreviewed_milestones,
    tell_fundings,
    warn_of_limits,
)
from tests.payments.chargeback_world import Bank
from tests.payments.racing import at_once
from tests.projects.test_races import without_locks
from tests.races import meet_after
from tests.world import fund, funded_milestone, submitted_milestone

pytestmark = pytest.mark.django_db

NOTHING, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def taken_by_the_bank(milestone: Milestone, amount: int | None = None) -> Milestone:
    bank = Bank(Payment.objects.get(paid_for=milestone.escrow.public_id), amount)
    bank.takes()
    bank.keeps()
    return milestone


def paid_again(milestone: Milestone, amount: int | None = None) -> None:
    (client,) = milestone.contract.client.members.all()
    payment = fund_milestone(milestone_id=milestone.pk, by=client, amount=amount)
    take_in(payment_id=payment.pk, intent_id="", charge_id=f"ch_{payment.public_id}")


def fresh(milestone: Milestone) -> Milestone:
    return Milestone.objects.select_related("escrow__policy", "contract").get(pk=milestone.pk)


def days_to(moment) -> int:
    return round((moment - now()).total_seconds() / 86_400)


# --- The provider's limit ------------------------------------------------------------------------


def test_the_providers_time_begins_anew_where_nothing_was_held_any_more(ada, ben, later):
    milestone = taken_by_the_bank(funded_milestone(ada, ben))
    later(days=91)
    assert refund_at_limit() == NOTHING
    paid_again(milestone)

    assert refund_at_limit() == NOTHING
    assert fresh(milestone).status == "planned"
    assert days_to(fresh(milestone).escrow.limit_at) == 90
    later(days=91)
    assert refund_at_limit() == ONE
    assert facts_now(fresh(milestone).escrow).refunded == 103_000


def test_where_some_was_left_the_first_payment_still_counts(ada, ben, later):
    milestone = taken_by_the_bank(funded_milestone(ada, ben), 50_000)
    later(days=30)
    paid_again(milestone)
    assert days_to(fresh(milestone).escrow.limit_at) == 60


def test_an_empty_escrow_takes_nobodys_turn(ada, ben, later):
    taken_by_the_bank(funded_milestone(ada, ben))
    later(days=1)
    behind = funded_milestone(ada, ben)
    later(days=92)

    assert selectors.over_limit_ids(limit=1) == [behind.pk]
    assert refund_at_limit() == ONE
    assert refund_at_limit() == NOTHING


def test_of_an_empty_escrow_nobody_is_warned(ada, ben, later):
    milestone = taken_by_the_bank(funded_milestone(ada, ben))
    later(days=89.5)
    assert warn_of_limits() == NOTHING
    assert not Reminder.objects.filter(milestone=milestone, kind__startswith="limit_").exists()


# --- The clocks of the work ----------------------------------------------------------------------


@pytest.mark.parametrize("taken", [103_000, 50_000])
@pytest.mark.parametrize("ground", ["cancel_late", "cancel_idle"])
def test_nobody_is_late_or_idle_for_the_time_without_money(ada, ben, later, ground, taken):
    milestone = taken_by_the_bank(funded_milestone(ada, ben), taken)
    later(days=60)
    paid_again(milestone)
    for _ in range(2):
        with pytest.raises(WrongState, match="from"):
            cancel_milestone(milestone_id=milestone.pk, by=ada, step=ground)
        tell_fundings()

    later(days=40)
    cancel_milestone(milestone_id=milestone.pk, by=ada, step=ground)
    assert Refund.objects.exists()


@pytest.mark.parametrize("taken", [103_000, 50_000])
@pytest.mark.parametrize("ground", ["cancel_late", "cancel_idle"])
def test_nor_for_the_time_in_which_a_bank_had_it_that_gives_it_back(ada, ben, later, ground, taken):
    milestone = funded_milestone(ada, ben)
    bank = Bank(Payment.objects.get(), taken)
    later(days=5)
    bank.takes()
    later(days=60)
    bank.gives_back()

    for _ in range(2):
        with pytest.raises(WrongState, match="from"):
            cancel_milestone(milestone_id=milestone.pk, by=ada, step=ground)
        tell_fundings()

    assert days_to(fresh(milestone).due_at) == milestone.allowance.days
    later(days=24)
    cancel_milestone(milestone_id=milestone.pk, by=ada, step=ground)
    assert Refund.objects.exists()


def test_both_hear_once_that_a_bank_gave_it_back(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    told = Notification.objects.filter(kind="milestone_funded")
    before = told.count()
    first, second = (Bank(Payment.objects.get(), amount) for amount in (60_000, 43_000))
    first.takes()
    second.takes()
    later(days=20)
    first.gives_back()
    assert tell_fundings() == NOTHING and told.count() == before, "not before it is whole"
    second.gives_back()
    assert tell_fundings() == ONE
    second.says(ChargebackState.WON)
    assert tell_fundings() == NOTHING

    assert told.count() == 2 * before
    assert fresh(milestone).contract.events.filter(kind="milestone_funded").count() == 2


def test_what_was_paid_in_anew_meanwhile_counts_from_there(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    bank = Bank(Payment.objects.get())
    bank.takes()
    later(days=10)
    paid_again(milestone)
    held_at = fresh(milestone).escrow.held_at
    later(days=10)
    bank.gives_back()
    assert fresh(milestone).escrow.held_at == held_at


def test_both_hear_that_it_is_held_again_once(ada, ben, later):
    milestone = taken_by_the_bank(funded_milestone(ada, ben))
    later(days=60)
    told = Notification.objects.filter(kind="milestone_funded")
    before = told.count()
    paid_again(milestone, 40_000)
    assert tell_fundings() == ONE
    assert told.count() == before, "not before it is whole"
    later(days=1)
    paid_again(milestone)

    assert tell_fundings() == ONE
    assert tell_fundings() == NOTHING
    tell_funding(milestone_id=milestone.pk)

    assert told.count() == 2 * before
    assert days_to(fresh(milestone).due_at) == milestone.allowance.days


def half_paid_again(ada, ben, later) -> tuple[Milestone, Callable[[], object]]:
    """After its bank took all of it; and the rest, when it arrives."""
    milestone = taken_by_the_bank(funded_milestone(ada, ben))
    later(days=1)
    paid_again(milestone, 40_000)
    rest = fund_milestone(milestone_id=milestone.pk, by=ada)
    charge_id = f"ch_{rest.public_id}"
    return milestone, lambda: take_in(payment_id=rest.pk, intent_id="", charge_id=charge_id)


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_arrives_while_another_is_told_is_not_lost(ada, ben, bells, later):
    milestone, arrives = half_paid_again(ada, ben, later)

    outcomes = at_once(lambda n: tell_funding(milestone_id=milestone.pk) if n % 2 else arrives())

    assert outcomes == {"done": 8}
    tell_fundings()
    assert tell_fundings() == NOTHING
    assert milestone.contract.events.filter(kind="milestone_funded").count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_nobody_hears_that_it_is_whole(ada, ben, bells, later, monkeypatch):
    milestone, arrives = half_paid_again(ada, ben, later)
    without_locks(monkeypatch)
    meet_after(monkeypatch, telling, "_lock", then=arrives)

    at_once(lambda _: tell_funding(milestone_id=milestone.pk))

    assert tell_fundings() == NOTHING
    assert milestone.contract.events.filter(kind="milestone_funded").count() == 1


# --- What silence cannot release -----------------------------------------------------------------


def test_work_short_of_a_refund_made_elsewhere_takes_nobodys_turn(ada, ben, later):
    short = submitted_milestone(ada, ben)
    note_refunded(payment_id=Payment.objects.get().pk, amount=10_000)
    later(days=1)
    behind = submitted_milestone(ada, ben)
    later(days=20)

    assert selectors.unreviewed_ids(limit=1) == [behind.pk]
    with pytest.raises(WrongState, match="missing"):
        release_unreviewed(milestone_ids=[short.pk])
    assert release_unreviewed_milestones() == ONE
    fund(short)
    assert release_unreviewed_milestones() == NOTHING, "the client hears first"
    later(hours=12)
    assert release_unreviewed_milestones() == ONE


@pytest.mark.parametrize("taken", [50_000, 0])
def test_what_silence_cannot_release_goes_back_at_the_limit(ada, ben, later, taken):
    milestone = submitted_milestone(ada, ben)
    bank = Bank(Payment.objects.get(), taken)
    bank.takes() if taken else bank.says(ChargebackState.OPEN)  # the second has not taken it yet
    later(days=89)
    assert release_unreviewed_milestones() == refund_at_limit() == NOTHING
    later(days=2)

    assert release_unreviewed_milestones() == NOTHING
    assert refund_at_limit() == ONE
    assert refund_at_limit() == NOTHING

    ended = fresh(milestone)
    assert (ended.status, ended.review_ends_at) == ("refunded", None)
    assert facts_now(ended.escrow).refunded == 103_000 - taken
    assert Notification.objects.filter(kind="milestone_refunded").count() == 2


def test_what_silence_can_release_is_not_taken_from_it(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    behind = taken_by_the_bank(submitted_milestone(ada, ben), 50_000)
    later(days=91)

    with pytest.raises(WrongState, match="its review decides"):
        give_back_at_the_limit(milestone_id=milestone.pk)

    assert selectors.over_limit_ids(limit=9) == [behind.pk]
    assert release_unreviewed_milestones() == ONE
    assert fresh(milestone).status == "released"


def test_the_outlook_of_such_work_says_when_it_goes_back(ada, ben, later):
    milestone = taken_by_the_bank(submitted_milestone(ada, ben), 50_000)
    later(days=77)
    strikes = prospects_of(milestone.contract).of(milestone).outlook.strikes
    limit, silence = strikes
    assert (limit.kind, silence.kind) == ("holding_limit", "not_approved")
    assert limit.to_client == 53_000
    assert "reviewed before" not in limit.stops


@pytest.mark.django_db(transaction=True)
def test_the_limit_and_the_client_at_once_end_submitted_work_once(ada, ben, bells, later):
    milestone = taken_by_the_bank(submitted_milestone(ada, ben), 50_000)
    later(days=91)

    outcomes = at_once(
        lambda n: (
            give_back_at_the_limit(milestone_id=milestone.pk)
            if n % 2
            else release_milestone(milestone_id=milestone.pk, by=ada)
        )
    )

    assert outcomes == {"done": 1, "WrongState": 7}
    facts = facts_now(fresh(milestone).escrow)
    assert facts.held == 0
    assert (facts.released > 0) != (facts.refunded == 53_000)
