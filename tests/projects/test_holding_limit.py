"""The provider holds money for a time only: both sides are warned, and then it goes back."""

import pytest
from django.core.management import call_command
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.errors import ProviderUnreachable, WrongState
from payments.chargebacks.limits.services import note_country
from payments.escrow import services as escrows
from payments.escrow.facts import facts_now
from payments.escrow.limits import services as limits
from payments.escrow.services import take_in
from payments.payees.models import ConnectedAccount
from payments.payees.services import start_onboarding
from payments.refunds.models import Refund
from payments.tasks import note_countries
from projects.agreements.outlook import prospects_of
from projects.contracts.models import Event
from projects.milestones.limits.services import refund_at_limit, warn_of_limit
from projects.milestones.models import Milestone, Reminder
from projects.milestones.parts.services import release_part
from projects.milestones.services import (
    fund_milestone,
    release_milestone,
    return_work,
    submit_work,
)
from projects.tasks import (
    close_moot_disputes,
    release_unreviewed_milestones,
    warn_of_limits,
)
from projects.tasks import (
    refund_at_limit as refund_sweep,
)
from tests.payments.racing import at_once
from tests.races import meet_after
from tests.world import api_of, funded_milestone, opened_dispute, planned_milestone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def fresh(milestone: Milestone) -> Milestone:
    return Milestone.objects.select_related("escrow__policy", "contract__policy").get(
        pk=milestone.pk
    )


def lives_in(payee, country: str) -> None:
    ConnectedAccount.objects.create(party=own_party_of(payee), country=country)


def days_left(milestone: Milestone) -> int:
    return round((fresh(milestone).escrow.limit_at - now()).total_seconds() / 86_400)


def warnings() -> list[str]:
    told = Notification.objects.filter(kind__startswith="limit_").order_by("pk")
    return list(told.values_list("kind", flat=True))


# --- How long ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("country", "days"), [("", 90), ("DE", 90), ("US", 730), ("TH", 10)])
def test_it_is_counted_from_the_payment_by_the_payees_country(ada, ben, country, days):
    if country:
        lives_in(ben, country)
    assert days_left(funded_milestone(ada, ben)) == days


def test_of_several_payments_the_earliest_counts(ada, ben, later):
    milestone = planned_milestone(ada, ben)
    for days, amount in ((20, 40_000), (0, None)):
        payment = fund_milestone(milestone_id=milestone.pk, by=ada, amount=amount)
        take_in(payment_id=payment.pk, intent_id="", charge_id=f"ch_{payment.public_id}")
        later(days=days)
    assert days_left(milestone) == 70


def test_a_country_that_is_known_later_counts_from_the_payment_too(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    later(days=4)
    lives_in(ben, "TH")

    note_country(party_id=own_party_of(ben).pk)
    note_country(party_id=own_party_of(ben).pk)

    assert days_left(milestone) == 6


def test_a_country_whose_bell_was_lost_is_noted_by_the_sweep(ada, ben, settings):
    milestone = funded_milestone(ada, ben)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(ProviderUnreachable):
        start_onboarding(party_id=own_party_of(ben).pk, country="TH", by=ben)
    assert days_left(milestone) == 90

    assert note_countries() == {"done": 1, "failed": 0}
    assert note_countries() == {"done": 0, "failed": 0}

    assert days_left(milestone) == 10


def test_a_country_that_changes_while_it_is_noted_is_noted_once_more(ada, ben, monkeypatch):
    """Read as the old one, and changed before that was written down."""
    milestone = funded_milestone(ada, ben)
    lives_in(ben, "US")
    account = ConnectedAccount.objects.filter(party=own_party_of(ben))
    account.update(country_due_at=now())
    real = limits.limit_of

    def changed_meanwhile(escrow, **at):
        limit = real(escrow, **at)
        account.update(country="TH", country_due_at=now())
        return limit

    with monkeypatch.context() as patch:
        patch.setattr(limits, "limit_of", changed_meanwhile)
        assert note_countries() == {"done": 1, "failed": 0}
    assert days_left(milestone) == 730

    assert note_countries() == {"done": 1, "failed": 0}
    assert days_left(milestone) == 10


# --- Warned --------------------------------------------------------------------------------------


def test_both_are_warned_14_7_and_1_days_before_each_once(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    stages = {75.9: 0, 76.1: 1, 82.9: 1, 83.1: 2, 88.9: 2, 89.1: 3, 89.9: 3}
    gone = 0.0
    for day, count in stages.items():
        later(days=day - gone)
        gone = day
        warn_of_limits()
        warn_of_limits()
        for person in (ada, ben):
            heard = Notification.objects.filter(recipient=person, kind__startswith="limit_")
            assert heard.count() == count, f"after {day} days"
    assert Reminder.objects.filter(milestone=milestone, kind__startswith="limit_").count() == 3
    assert "goes back to the client" in Notification.objects.filter(kind="limit_in_1_day")[0].text


def test_what_is_short_from_the_start_is_said_at_the_start(ada, ben):
    lives_in(ben, "TH")
    funded_milestone(ada, ben)
    assert warn_of_limits() == {"done": 1, "failed": 0}
    assert warnings() == ["limit_in_14_days"] * 2
    assert warn_of_limits() == {"done": 0, "failed": 0}


def test_nobody_is_warned_of_what_has_ended(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    later(days=80)
    release_milestone(milestone_id=milestone.pk, by=ada)
    warn_of_limits()
    warn_of_limit(milestone_id=milestone.pk)
    assert warnings() == []


# --- Refunded ------------------------------------------------------------------------------------


def test_at_the_limit_it_goes_back_and_what_was_not_told_is_written_first(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)
    later(days=89, hours=23)
    assert refund_sweep() == {"done": 0, "failed": 0}
    later(hours=2)

    assert refund_sweep() == {"done": 1, "failed": 0}
    assert refund_sweep() == {"done": 0, "failed": 0}

    ended = fresh(milestone)
    assert (ended.status, ended.escrow.status) == ("refunded", "refunded")
    facts = facts_now(ended.escrow)
    assert (facts.released, facts.refunded, facts.held) == (40_000, 61_800, 0)
    assert Refund.objects.get().reason == "holding_limit"
    assert len(warnings()) == 6, "three for each side, before the money moved"
    assert Notification.objects.filter(kind="milestone_refunded").count() == 2
    assert Event.objects.filter(kind="milestone_refunded", role="system").count() == 1


def test_a_dispute_ends_with_it(ada, ben, later):
    milestone = opened_dispute(ada, ben).milestone
    later(days=91)
    refund_sweep()
    close_moot_disputes()
    assert fresh(milestone).status == "refunded"
    assert fresh(milestone).disputes.get().status == "closed"


def test_what_is_partly_held_goes_back_as_well(ada, ben, later):
    milestone = planned_milestone(ada, ben)
    payment = fund_milestone(milestone_id=milestone.pk, by=ada, amount=40_000)
    take_in(payment_id=payment.pk, intent_id="", charge_id="ch_1")
    later(days=91)
    refund_sweep()
    assert facts_now(fresh(milestone).escrow).refunded == 41_200


def test_too_early_it_is_refused(ada, ben):
    milestone = funded_milestone(ada, ben)
    with pytest.raises(WrongState, match="still holds"):
        refund_at_limit(milestone_id=milestone.pk)


# --- Submitted work is released first ------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "review_days"),
    [(1, 7), (82, 7), (83, 6), (86, 3), (88, 1), (89, 0.5), (89.75, 0.125)],
)
def test_a_review_ends_before_the_limit(ada, ben, later, day, review_days):
    milestone = funded_milestone(ada, ben, review_days=7)
    later(days=day)

    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")

    submitted = fresh(milestone)
    took = submitted.review_ends_at - submitted.submitted_at
    assert took.total_seconds() / 86_400 == pytest.approx(review_days, abs=0.001)
    assert submitted.review_ends_at < submitted.escrow.limit_at
    later(days=100)
    assert refund_sweep() == {"done": 0, "failed": 0}, "it is approved by silence"
    release_unreviewed_milestones()
    assert fresh(milestone).status == "released"


def test_returned_work_is_refunded_and_cannot_be_submitted_after_the_limit(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
    return_work(milestone_id=milestone.pk, by=ada, answer="Not yet.")
    later(days=91)
    with pytest.raises(WrongState, match="goes back to the client"):
        submit_work(milestone_id=milestone.pk, by=ben, note="Again.")
    refund_sweep()
    assert fresh(milestone).status == "refunded"


# --- Seen ----------------------------------------------------------------------------------------


def test_the_outlook_says_it_from_the_first_warning_on(ada, ben, later, client):
    milestone = funded_milestone(ada, ben)

    def kinds() -> list[str]:
        found = prospects_of(fresh(milestone).contract).of(milestone)
        return [strike.kind for strike in found.outlook.strikes]

    later(days=75)
    assert "holding_limit" not in kinds()
    later(days=2)
    assert "holding_limit" in kinds()
    answer = api_of(ada).get(f"/api/v1/contracts/{milestone.contract.public_id}/next/").json()
    (strike,) = [s for s in answer["milestones"][0]["happens"] if s["kind"] == "holding_limit"]
    assert (strike["to_client"], strike["by_itself"]) == (103_000, True)


# --- Eight at once -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_give_back_once(ada, ben, bells, later):
    milestone = funded_milestone(ada, ben)
    later(days=91)

    outcomes = at_once(lambda _: refund_at_limit(milestone_id=milestone.pk))

    assert outcomes == {"done": 1, "WrongState": 7}
    assert Refund.objects.count() == 1
    assert len(warnings()) == 6


@pytest.mark.django_db(transaction=True)
def test_the_limit_and_a_release_at_once_are_one_of_the_two(ada, ben, bells, later):
    milestone = funded_milestone(ada, ben)
    later(days=91)

    outcomes = at_once(
        lambda n: (
            refund_at_limit(milestone_id=milestone.pk)
            if n % 2
            else release_milestone(milestone_id=milestone.pk, by=ada)
        )
    )

    assert outcomes == {"done": 1, "WrongState": 7}
    facts = facts_now(fresh(milestone).escrow)
    assert (facts.spent == 103_000) != (facts.refunded == 103_000)


@pytest.mark.django_db(transaction=True)
def test_without_row_locks_all_are_let_through_and_the_write_closes_it_once(
    ada, ben, bells, later, monkeypatch
):
    """What is below that, tests/payments/test_held_money.py takes away too."""
    milestone = funded_milestone(ada, ben)
    later(days=91)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, escrows, "_lock")

    outcomes = at_once(lambda _: escrows.refund(escrow_id=milestone.escrow_id, reason="limit"))

    monkeypatch.undo()
    assert outcomes == {"done": 1, "WrongState": 7}
    assert Refund.objects.get().amount == 103_000
    Milestone.objects.update(status="refunded", closed_at=now())
