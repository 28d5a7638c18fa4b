"""While the house was down nobody could act: what would have struck then strikes later.

The house is stopped as it stops in life: its heart was last heard some time ago.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common import clock
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import Heartbeat, IdempotencyRecord, Outage
from marketplace.common.outages.services import note_heard
from marketplace.tasks import beat_heart
from payments.escrow.models import Escrow
from projects import tasks
from projects.agreements.downtime import services as downtime
from projects.bids.counters.models import CounterOffer
from projects.bids.counters.services import accept_counter
from projects.bids.models import Bid
from projects.contracts.models import Contract, Event, PutOff
from projects.disputes.models import Dispute
from projects.milestones.models import Milestone, Reminder
from projects.milestones.rules import due_of, idle_from, late_from
from projects.milestones.services import cancel_milestone, release_unreviewed
from tests.projects.counter_world import bid_of, countered
from tests.projects.test_every_clock_is_told import (
    World,
    a_change,
    a_decision,
    a_dispute,
    a_negotiation,
    a_proposal,
    a_review,
    an_appeal,
    an_offer,
    money_asked_back,
    money_to_come,
    seen,
    work,
)
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import api_of, browser, funded_milestone, submitted_milestone

pytestmark = pytest.mark.django_db

DOWN = timedelta(hours=2, minutes=10)
STRIKES = [
    tasks.lapse_offers,
    tasks.lapse_bids,
    tasks.expire_postings,
    tasks.lapse_counters,
    tasks.lapse_givebacks,
    tasks.lapse_proposals,
    tasks.lapse_changes,
    tasks.release_unreviewed_milestones,
    tasks.escalate_unanswered_disputes,
    tasks.hand_over_disputes,
    tasks.carry_out_rulings,
]


def a_hearing(ada: User, ben: User) -> World:
    contract, *_ = an_appeal(ada, ben)
    dispute = Dispute.objects.get()
    return contract, dispute.ruling_due_at, dispute.ruling_due_at


# Each clock: how it comes to run, and the name under which what happens next has it.
CLOCKS: dict[str, tuple[Callable[[User, User], World], str]] = {
    "offer": (an_offer, "lapses"),
    "review": (a_review, "approved"),
    "delivery": (lambda ada, ben: work(ada, ben, due_of), "late"),
    "grace": (lambda ada, ben: work(ada, ben, late_from), "may_cancel_late"),
    "start": (lambda ada, ben: work(ada, ben, idle_from), "may_cancel_idle"),
    "funding": (money_to_come, "may_leave_unfunded"),
    "proposal": (a_proposal, "proposal_lapses"),
    "change": (a_change, "change_lapses"),
    "dispute": (a_dispute, "dispute_answer"),
    "talks": (a_negotiation, "dispute_negotiation"),
    "appeal": (a_decision, "dispute_carried_out"),
    "hearing": (a_hearing, "dispute_carried_out"),
    "giveback": (money_asked_back, "giveback_lapses"),
}
BY_ITSELF = (
    *("offer", "review", "proposal", "change", "dispute", "talks", "appeal", "hearing"),
    "giveback",
)


def stopped(lasted: timedelta = DOWN) -> None:
    """The house stands still since then, and is started just now."""
    Heartbeat.objects.update_or_create(
        name="beat", defaults={"seen_at": clock.wall_time() - lasted}
    )


def started_again() -> None:
    beat_heart()
    tasks.make_up_for_outages()


def walk_to(moment: datetime, later: Callable[..., None]) -> None:
    later(seconds=(moment - now()).total_seconds())


def strike(contract: Contract, kind: str):
    prospects = seen(contract)
    own = [one for each in prospects.milestones for one in each.outlook.strikes]
    return next(one for one in [*prospects.strikes, *own] if one.kind == kind)


def struck() -> int:
    return sum(sweep()["done"] for sweep in STRIKES)


def reviews(ada: User, ben: User, count: int) -> list[Milestone]:
    return [submitted_milestone(ada, ben) for _ in range(count)]


def a_review_struck_in_an_outage(ada, ben, later) -> Milestone:
    milestone = submitted_milestone(ada, ben)
    walk_to(milestone.review_ends_at + timedelta(hours=1), later)
    stopped()
    beat_heart()
    return milestone


# --- Each clock ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLOCKS)
def test_what_would_have_struck_strikes_later_and_both_read_why(ada, ben, later, name):
    begin, kind = CLOCKS[name]
    contract, *_ = begin(ada, ben)
    struck_at = strike(contract, kind).at
    walk_to(struck_at + timedelta(hours=1), later)
    stopped()

    started_again()

    found = PutOff.objects.get()
    assert (found.clock, found.was_due_at) == (name, struck_at)
    lasted = found.due_at - struck_at
    assert DOWN <= lasted < DOWN + timedelta(minutes=1)
    told = strike(contract, kind)
    assert told.at == found.due_at
    assert told.put_off.startswith("extended by 2 h 10 min: Milepost was down from ")
    assert struck() == 0
    page = f"/contracts/{contract.public_id}/"
    for person in (ada, ben):
        assert told.put_off in re.sub(
            r"\s+", " ", str(api_of(person).get(f"/api/v1{page}next/").json())
        )
        shown = browser(person).get(page).content.decode()
        assert told.put_off.removeprefix("e") in shown
        assert Notification.objects.filter(recipient=person, kind="clock_put_off").count() == 1
    line = Event.objects.get(kind="clock_put_off")
    assert (line.contract_id, line.role) == (contract.pk, SYSTEM)
    assert told.put_off in line.detail["reason"]


@pytest.mark.parametrize("name", BY_ITSELF)
def test_nothing_strikes_before_the_outage_is_made_up_for(ada, ben, later, name):
    begin, kind = CLOCKS[name]
    contract, *_ = begin(ada, ben)
    walk_to(strike(contract, kind).at + timedelta(hours=1), later)
    stopped()
    assert struck() == 0, "beat was not heard yet"
    beat_heart()
    assert struck() == 0, "the outage is known, and nothing put off"

    tasks.make_up_for_outages()
    assert struck() == 0
    later(hours=2)
    assert struck() == 1, "then, and not never"


@pytest.mark.parametrize(
    ("when", "ground"), [(late_from, "cancel_late"), (idle_from, "cancel_idle")]
)
def test_the_client_cannot_use_the_moment_after_the_outage(ada, ben, later, when, ground):
    milestone = funded_milestone(ada, ben)
    walk_to(when(milestone) + timedelta(hours=1), later)
    stopped()
    for step in (lambda: None, beat_heart):
        step()
        with pytest.raises(WrongState, match="was not at work for a while"):
            cancel_milestone(milestone_id=milestone.pk, by=ada, step=ground)
    tasks.make_up_for_outages()
    with pytest.raises(WrongState, match=" from "):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step=ground)

    later(hours=2)
    cancel_milestone(milestone_id=milestone.pk, by=ada, step=ground)


def test_a_program_that_is_told_to_come_again_may_come_with_the_same_key(ada, ben, later):
    """It was late before the outage, which only has to be made up for."""
    milestone = funded_milestone(ada, ben)
    walk_to(late_from(milestone) + timedelta(hours=5), later)
    stopped()
    beat_heart()
    program, path = api_of(ada), f"/api/v1/milestones/{milestone.public_id}/cancel/"

    def ask():
        return program.post(path, {"ground": "cancel_late"}, HTTP_IDEMPOTENCY_KEY="late-1")

    for _ in range(2):
        early = ask()
        assert (early.status_code, early["Retry-After"]) == (409, "60")
        assert early.json()["error"]["code"] == "wrong_state"
        assert "Idempotent-Replayed" not in early
    assert not IdempotencyRecord.objects.exists()
    page = browser(ada).post(
        f"/milestones/{milestone.public_id}/cancel/", {"ground": "cancel_late"}
    )
    assert page.status_code == 409 and "Try again in a minute" in page.content.decode()
    tasks.make_up_for_outages()

    done, again = ask(), ask()

    assert done.status_code == again.status_code == 200, done.content
    assert again["Idempotent-Replayed"] == "true"
    assert Milestone.objects.get(pk=milestone.pk).status == Milestone.Status.CANCELLED


def test_what_did_not_strike_in_it_stays_as_it_was(ada, ben, later):
    before, after = reviews(ada, ben, 2)
    walk_to(before.review_ends_at + timedelta(hours=3), later)
    Milestone.objects.filter(pk=after.pk).update(review_ends_at=now() + timedelta(minutes=1))
    stopped()

    started_again()

    assert not PutOff.objects.exists()
    assert struck() == 1
    assert Milestone.objects.get(pk=before.pk).status == Milestone.Status.RELEASED


def test_warnings_come_as_much_later_as_their_clock(ada, ben, later):
    milestone = a_review_struck_in_an_outage(ada, ben, later)
    untold = Reminder.objects.filter(milestone=milestone, told_at=None)
    were = set(untold.values_list("due_at", flat=True))
    assert tasks.tell_reminders()["done"] == 0, "of a moment that is over, and will be another"

    tasks.make_up_for_outages()

    lasted = Outage.objects.get().ended_at - Outage.objects.get().began_at
    assert len(were) == 4
    assert set(untold.values_list("due_at", flat=True)) == {at + lasted for at in were}
    walk_to(milestone.review_ends_at + timedelta(minutes=30), later)
    assert tasks.tell_reminders()["done"] == 3
    milestone.refresh_from_db()
    told = Notification.objects.get(recipient=ada, kind="review_ends_in_2_hours")
    assert milestone.review_ends_at > now() and f"{milestone.review_ends_at:%H:%M}" in told.text


def test_the_provider_waits_for_nobody(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    ends_at = milestone.review_ends_at
    type(milestone.escrow).objects.update(limit_at=ends_at + timedelta(minutes=30))
    walk_to(ends_at + timedelta(hours=1), later)
    stopped()

    started_again()

    assert Milestone.objects.get(pk=milestone.pk).review_ends_at == ends_at
    assert not Event.objects.filter(kind="clock_put_off").exists()
    assert struck() == 1, "the work is paid, and the outage is made up for"


def test_an_appeal_is_heard_no_longer_than_the_provider_holds_the_money(ada, ben, later):
    _, due_at, _ = a_hearing(ada, ben)
    limit_at = due_at + timedelta(hours=1, minutes=30)
    Escrow.objects.update(limit_at=limit_at)
    walk_to(due_at + timedelta(hours=1), later)
    stopped()

    started_again()

    found = PutOff.objects.get()
    assert (found.clock, found.was_due_at) == ("hearing", due_at)
    assert due_at + timedelta(hours=1) < found.due_at < limit_at, "it is decided before all goes"
    assert Dispute.objects.get().ruling_due_at == found.due_at


# --- How long, how often -------------------------------------------------------------------------


def test_ten_minutes_of_silence_are_no_outage(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    walk_to(milestone.review_ends_at + timedelta(seconds=2), later)
    stopped(timedelta(minutes=9, seconds=50))
    started_again()
    assert not Outage.objects.exists()
    assert struck() == 1


def test_a_moved_clock_is_no_outage(ada, ben, later):
    submitted_milestone(ada, ben)
    beat_heart()
    later(days=8)
    started_again()
    assert not Outage.objects.exists()
    assert struck() == 1


def test_two_outages_put_it_off_twice_and_both_are_said(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    for _ in range(2):
        milestone.refresh_from_db()
        walk_to(milestone.review_ends_at + timedelta(hours=1), later)
        stopped()
        started_again()
        started_again()

    assert PutOff.objects.count() == Event.objects.filter(kind="clock_put_off").count() == 2
    assert strike(milestone.contract, "approved").put_off.count("extended by 2 h 10 min") == 2
    assert struck() == 0


def test_what_is_delivered_anew_is_put_off_no_more(ada, ben, later):
    milestone = a_review_struck_in_an_outage(ada, ben, later)
    tasks.make_up_for_outages()
    Milestone.objects.update(review_ends_at=now() + timedelta(days=7))
    assert strike(milestone.contract, "approved").put_off == ""


# --- At once, and cut short ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_hear_beat_again_and_one_outage_is_noted(db):
    stopped()
    assert at_once(*[note_heard] * 8) == ["done"] * 8
    assert Outage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_each_of_them_notes_one(monkeypatch):
    stopped()
    manager = type(Heartbeat.objects)
    monkeypatch.setattr(manager, "select_for_update", lambda self: self.all(), raising=False)
    meet_after(monkeypatch, clock, "offset")
    at_once(*[note_heard] * 8)
    assert Outage.objects.count() == 8


@pytest.mark.django_db(transaction=True)
def test_eight_make_up_for_it_and_each_clock_is_put_off_once(ada, ben, later):
    milestones = reviews(ada, ben, 5)
    walk_to(milestones[-1].review_ends_at + timedelta(hours=1), later)
    stopped()
    beat_heart()
    outage = Outage.objects.get()

    outcomes = outcomes_at_once(*[lambda: downtime.make_up_for(outage_id=outage.pk)] * 8)

    assert all(isinstance(count, int) for count in outcomes), outcomes
    downtime.make_up_for(outage_id=outage.pk)
    outage.refresh_from_db()
    lasted = outage.ended_at - outage.began_at
    assert outage.made_up_at
    assert PutOff.objects.count() == Event.objects.filter(kind="clock_put_off").count() == 5
    assert Notification.objects.filter(kind="clock_put_off").count() == 10
    for milestone in milestones:
        was = milestone.review_ends_at
        milestone.refresh_from_db()
        assert milestone.review_ends_at == was + lasted


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_postgresql_still_lets_one_of_them(ada, ben, later, monkeypatch):
    milestone = a_review_struck_in_an_outage(ada, ben, later)
    outage = Outage.objects.get()

    def unlocked(pk: int) -> Milestone:
        return Milestone.objects.select_related(
            "contract__client", "contract__freelancer", "contract__policy", "escrow__policy"
        ).get(pk=pk)

    monkeypatch.setattr(downtime, "lock_milestone", unlocked)
    meet_after(monkeypatch, downtime, "strikes_at")
    put_off = [lambda: downtime._put_off("review", outage, milestone.pk)] * 8

    ends = [type(end).__name__ for end in outcomes_at_once(*put_off)]

    assert sorted(ends) == ["IntegrityError"] * 7 + ["NoneType"]
    assert PutOff.objects.count() == Event.objects.filter(kind="clock_put_off").count() == 1


def test_what_is_cut_short_is_done_by_the_next_who_comes(ada, ben, later, monkeypatch):
    """Dead after three of five: those three are put off, no clock strikes, the rest is found."""
    milestones = reviews(ada, ben, 5)
    walk_to(milestones[-1].review_ends_at + timedelta(hours=1), later)
    stopped()
    beat_heart()
    told, tell = [], downtime.tell_other_side

    def die(*args, **named) -> None:
        told.append(1)
        if len(told) == 4:
            raise KeyboardInterrupt
        tell(*args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(downtime, "tell_other_side", die)
        with pytest.raises(KeyboardInterrupt):
            tasks.make_up_for_outages()
    assert (PutOff.objects.count(), struck()) == (3, 0)

    tasks.make_up_for_outages()

    assert PutOff.objects.count() == Event.objects.filter(kind="clock_put_off").count() == 5
    assert struck() == 0
    later(hours=2)
    assert struck() == 5


def test_a_clock_that_was_stopped_meanwhile_is_left_alone(ada, ben, later):
    milestone = a_review_struck_in_an_outage(ada, ben, later)
    outage = Outage.objects.get()
    release_unreviewed(milestone_ids=[milestone.pk])
    downtime._put_off("review", outage, milestone.pk)
    tasks.make_up_for_outages()
    outage.refresh_from_db()
    assert outage.made_up_at
    assert not PutOff.objects.exists()


# --- Other terms for a bid, of which there is no contract yet ------------------------------------


def other_terms_struck_in_an_outage(ada, ben, later) -> CounterOffer:
    counter = countered(bid_of(ada, ben), ada)
    walk_to(counter.answer_due_at + timedelta(hours=1), later)
    stopped()
    beat_heart()
    return counter


def test_other_terms_wait_for_their_answer_as_much_longer(ada, ben, later):
    counter = other_terms_struck_in_an_outage(ada, ben, later)
    assert struck() == 0, "nothing strikes before the outage is made up for"
    tasks.make_up_for_outages()
    assert struck() == 0
    found, was = PutOff.objects.get(), counter.answer_due_at
    counter.refresh_from_db()
    assert (found.clock, found.about, found.contract) == ("counter", counter.public_id, None)
    assert (found.was_due_at, found.due_at) == (was, counter.answer_due_at)
    assert DOWN <= found.due_at - was < DOWN + timedelta(minutes=1)
    for person in (ada, ben):
        note = Notification.objects.get(recipient=person, kind="clock_put_off")
        for said in ("the time to answer the other terms", counter.bid.posting.title):
            assert said in note.text and counter.bid.path in note.path
        why = api_of(person).get(f"/api/v1/counter-offers/{counter.public_id}/").json()["put_off"]
        assert why.startswith("extended by 2 h 10 min: Milepost was down from")
        assert why in " ".join(browser(person).get(counter.bid.path).content.decode().split())
    assert accept_counter(counter_id=counter.pk, by=ben).status == "accepted"


def test_other_terms_wait_no_longer_than_their_bid_is_valid(ada, ben, later):
    counter = countered(bid_of(ada, ben), ada)
    Bid.objects.update(valid_until=counter.answer_due_at + timedelta(hours=1))
    walk_to(counter.answer_due_at + timedelta(minutes=30), later)
    stopped()
    started_again()
    was = counter.answer_due_at
    counter.refresh_from_db()
    assert counter.answer_due_at == was + timedelta(hours=1)

    assert Notification.objects.filter(kind="clock_put_off").count() == 2
    later(hours=1)
    assert tasks.lapse_counters()["done"] == 1


@pytest.mark.django_db(transaction=True)
def test_eight_put_off_other_terms_once(ada, ben, later):
    counter = other_terms_struck_in_an_outage(ada, ben, later)
    outage, was = Outage.objects.get(), counter.answer_due_at
    outcomes_at_once(*[lambda: downtime.make_up_for(outage_id=outage.pk)] * 8)
    counter.refresh_from_db()
    assert counter.answer_due_at == was + (outage.ended_at - outage.began_at)
    assert Notification.objects.filter(kind="clock_put_off").count() == 2


def test_a_clock_is_of_a_contract_or_of_what_has_none(ada, ben, later):
    other_terms_struck_in_an_outage(ada, ben, later)
    tasks.make_up_for_outages()
    contract = submitted_milestone(ada, ben).contract
    with pytest.raises(IntegrityError, match="of_a_contract_or_of_what_has_none"):
        PutOff.objects.update(contract=contract)
