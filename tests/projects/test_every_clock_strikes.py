"""The clocks that the lifecycle tables name, all of them: the time in a row that the policy gives,
the sweep that strikes it or the side that it lets act, and what an outage of ours does to it.

A step with a clock that is not here fails, and so does one without any of these.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.db import models

from accounts.holds.services import appeal_hold
from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, Step
from marketplace.common.lifecycle_sql import lifecycles
from payments.escrow.models import Escrow
from payments.policies.models import Policy
from payments.policies.selectors import policy_in_force
from payments.policies.services import add_version
from projects import tasks
from projects.agreements.downtime.clocks import CLOCKS as PUT_OFF
from projects.agreements.proposals.services import propose_ending
from projects.bids.models import Bid
from projects.contracts.models import Contract, Event, PutOff
from projects.disputes.rulings.services import decide_dispute
from projects.givebacks.services import ask_back
from projects.milestones.rules import idle_from, late_from, open_steps
from tests import world
from tests.projects.change_world import price_to
from tests.projects.counter_world import bid_of, countered
from tests.projects.giveback_world import on, released
from tests.projects.holds_world import suspended
from tests.projects.test_downtime import DOWN, started_again, stopped, walk_to
from tests.world import (
    funded_milestone,
    negotiated_dispute,
    offered_contract,
    open_posting,
    opened_dispute,
    planned_milestone,
    reviewed_dispute,
    submitted_bid,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db

C = PutOff.Clock
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """``begin`` makes the thing on which it runs, ``due`` finds its time: an attribute, or a rule
    over rows.

    It is struck by ``sweep``, or opens its step to the side ``opens_to``. ``rule`` is the clock
    that an outage puts off; where none does, ``or_why`` says why nobody loses by that.
    """

    begin: Callable[[Any], models.Model]
    due: str | Callable[[Any], datetime | None]
    sweep: Any = None
    opens_to: str = ""
    rule: str = ""
    or_why: str = ""

    def due_at(self, thing: models.Model) -> datetime:
        find = attrgetter(self.due) if isinstance(self.due, str) else self.due
        at = find(fresh(thing))
        assert at is not None
        return at


def fresh(thing: Any) -> Any:
    return type(thing)._default_manager.get(pk=thing.pk)


def _bid_of_an_offer(who: Any) -> Bid:
    return offered_contract(who.ada, who.ben).bid


def _a_proposal(who: Any) -> models.Model:
    milestone = funded_milestone(who.ada, who.ben)
    return propose_ending(milestone_id=milestone.pk, by=who.ada, to_freelancer=40_000)


def _a_decision(who: Any) -> models.Model:
    dispute = reviewed_dispute(who.ada, who.ben)
    return decide_dispute(dispute_id=dispute.pk, by=who.dora, to_freelancer=40_000, **why())


def _an_appealed_hold(who: Any) -> models.Model:
    hold = suspended(who.ben, who.mona, days=20)
    return appeal_hold(hold_id=hold.pk, statement="It was not me.", by=who.ben)


THE_PROVIDERS = "The provider counts it, and waits for nobody."
THE_HOUSES = "The house owes it, and nobody loses when it comes late."
CLOCKS = {
    "posting.expire": Clock(
        lambda who: open_posting(who.ada),
        "bids_close_at",
        tasks.expire_postings,
        rule=C.BIDDING,
    ),
    "bid.lapse": Clock(
        lambda who: submitted_bid(open_posting(who.ada), who.ben),
        "valid_until",
        tasks.lapse_bids,
        rule=C.BID,
    ),
    "bid.return": Clock(
        _bid_of_an_offer,
        lambda bid: bid.contracts.get().offer_lapses_at,
        tasks.lapse_offers,
        rule=C.OFFER,
    ),
    "counter offer.lapse": Clock(
        lambda who: countered(bid_of(who.ada, who.ben), who.ada),
        "answer_due_at",
        tasks.lapse_counters,
        rule=C.COUNTER,
    ),
    "contract.lapse": Clock(
        lambda who: offered_contract(who.ada, who.ben),
        "offer_lapses_at",
        tasks.lapse_offers,
        rule=C.OFFER,
    ),
    "milestone.release_silent": Clock(
        lambda who: submitted_milestone(who.ada, who.ben),
        "review_ends_at",
        tasks.release_unreviewed_milestones,
        rule=C.REVIEW,
    ),
    "milestone.cancel_unfunded": Clock(
        lambda who: planned_milestone(who.ada, who.ben),
        "contract.funding_due_at",
        opens_to=FREELANCER,
        rule=C.FUNDING,
    ),
    "milestone.cancel_late": Clock(
        lambda who: funded_milestone(who.ada, who.ben),
        late_from,
        opens_to=CLIENT,
        rule=C.GRACE,
    ),
    "milestone.cancel_idle": Clock(
        lambda who: funded_milestone(who.ada, who.ben),
        idle_from,
        opens_to=CLIENT,
        rule=C.START,
    ),
    "milestone.refund_limit": Clock(
        lambda who: funded_milestone(who.ada, who.ben),
        "escrow.limit_at",
        tasks.refund_at_limit,
        or_why=THE_PROVIDERS,
    ),
    "proposal.lapse": Clock(_a_proposal, "answer_due_at", tasks.lapse_proposals, rule=C.PROPOSAL),
    "change order.lapse": Clock(
        lambda who: price_to(70_000, funded_milestone(who.ada, who.ben), who.ada),
        "answer_due_at",
        tasks.lapse_changes,
        rule=C.CHANGE,
    ),
    "give back.lapse": Clock(
        lambda who: ask_back(**on(released(who.ada, who.ben)), by=who.ada, amount=40_000),
        "answer_due_at",
        tasks.lapse_givebacks,
        rule=C.GIVEBACK,
    ),
    "dispute.escalate": Clock(
        lambda who: opened_dispute(who.ada, who.ben),
        "answer_due_at",
        tasks.escalate_unanswered_disputes,
        rule=C.DISPUTE,
    ),
    "dispute.hand_over": Clock(
        lambda who: negotiated_dispute(who.ada, who.ben),
        "negotiation_ends_at",
        tasks.hand_over_disputes,
        rule=C.TALKS,
    ),
    "dispute.chase": Clock(
        lambda who: reviewed_dispute(who.ada, who.ben),
        "ruling_expected_at",
        tasks.chase_rulings,
        or_why=THE_HOUSES,
    ),
    "dispute.own_up": Clock(
        lambda who: reviewed_dispute(who.ada, who.ben),
        "ruling_due_at",
        tasks.own_up_to_rulings,
        or_why=THE_HOUSES,
    ),
    "dispute.carry_out": Clock(
        _a_decision, "appeal_ends_at", tasks.carry_out_rulings, rule=C.APPEAL
    ),
    "hold.chase": Clock(
        _an_appealed_hold,
        "ruling_expected_at",
        tasks.chase_hold_appeals,
        or_why=THE_HOUSES,
    ),
    "hold.lift": Clock(_an_appealed_hold, "closes_at", tasks.end_due_holds, or_why=THE_HOUSES),
    "hold.end": Clock(
        lambda who: suspended(who.ben, who.mona),
        "ends_at",
        tasks.end_due_holds,
        or_why="Whoever is held is let go as was said.",
    ),
}
# Outages put these off, too: a part of another clock, or a time in which somebody may act and
# after which they may not.
OF_NO_STEP = {
    C.CHOICE: "the time to choose after that for bids",
    C.DELIVERY: "the date before the grace",
    C.HEARING: "the time to decide on an appeal",
    C.REPLY: "the time to reply to one",
    C.HOLD: "the time to appeal against a hold",
}
STEPS: dict[str, tuple[type[models.Model], Step]] = {
    f"{table.noun}.{step.name}": (model, step)
    for model, table in lifecycles()
    for step in table.steps.values()
    if step.clock
}
OF_THE_POLICY = {field.name for field in Policy._meta.get_fields()}
# Under the policy of a contract: all but what begins without one.
OF_WHAT_IS_SIGNED = {name for name, (_, step) in STEPS.items() if step.clock in OF_THE_POLICY} - {
    "counter offer.lapse",
    "hold.chase",
    "hold.lift",
}
WRITTEN_WITH_THE_OFFER = {"bid.return", "contract.lapse", "milestone.release_silent"}


@pytest.fixture
def who(ada, ben, cleo, dora, mona) -> SimpleNamespace:
    return SimpleNamespace(ada=ada, ben=ben, cleo=cleo, dora=dora, mona=mona)


def test_every_clock_of_every_table_is_here():
    assert set(CLOCKS) == set(STEPS)


def test_each_has_all_that_a_clock_is_made_of():
    swept = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    for name, clock in CLOCKS.items():
        assert bool(clock.sweep) != bool(clock.opens_to), name
        assert not clock.sweep or clock.sweep.name in swept, name
        assert bool(clock.rule) != bool(clock.or_why), name
        assert not clock.opens_to or clock.opens_to in STEPS[name][1].by, name
    of_steps = {clock.rule for clock in CLOCKS.values() if clock.rule}
    assert of_steps.isdisjoint(OF_NO_STEP)
    assert of_steps | set(OF_NO_STEP) == set(PUT_OFF) == set(C)


@pytest.mark.parametrize("name", CLOCKS)
def test_its_time_is_what_its_table_says(who, name):
    """A day more in the policy is a day more in the row; a date is what somebody has named."""
    clock, (model, step) = CLOCKS[name], STEPS[name]
    if step.clock not in OF_THE_POLICY:
        assert clock.due == step.clock
        assert isinstance(model._meta.get_field(step.clock), models.DateTimeField)
        return
    first = clock.begin(who)
    before = clock.due_at(first)
    a_day_more(step)
    assert clock.due_at(first) == before
    who.ben = who.cleo  # on one person there is one hold at a time
    longer = clock.due_at(clock.begin(who)) - before
    # A working day may come after a weekend.
    most = 3 * DAY if "working" in step.clock else DAY
    assert DAY <= longer < most + MINUTE


@pytest.mark.parametrize("name", sorted(OF_WHAT_IS_SIGNED))
def test_who_has_signed_keeps_its_time(who, name, monkeypatch):
    """The rules change right after the offer, before all that begins the clock."""
    clock = CLOCKS[name]
    before = clock.due_at(clock.begin(who))
    _change_the_rules_once_offered(STEPS[name][1], monkeypatch)
    assert timedelta(0) <= clock.due_at(clock.begin(who)) - before < MINUTE
    assert policy_in_force().version == 2


@pytest.mark.parametrize("name", sorted(OF_WHAT_IS_SIGNED - WRITTEN_WITH_THE_OFFER))
def test_a_clock_that_asks_for_the_rules_in_force_is_found(who, name, monkeypatch):
    clock = CLOCKS[name]
    before = clock.due_at(clock.begin(who))
    _change_the_rules_once_offered(STEPS[name][1], monkeypatch, unpinned=(Contract, Escrow))
    assert clock.due_at(clock.begin(who)) - before >= DAY


@pytest.mark.parametrize("name", CLOCKS)
def test_it_strikes_at_its_time_and_once(who, later, name):
    thing, due_at = begun(name, who)
    walk_to(due_at - MINUTE, later)
    assert not strikes(name, thing)
    later(minutes=2)
    assert strikes(name, thing)
    assert CLOCKS[name].opens_to or CLOCKS[name].sweep()["done"] == 0


@pytest.mark.parametrize("name", CLOCKS)
def test_an_outage_puts_it_off_where_somebody_would_lose_by_it(who, later, name):
    thing, due_at = begun(name, who)
    walk_to(due_at + timedelta(hours=1), later)
    stopped()
    started_again()
    found = PutOff.objects.filter(was_due_at=due_at).first()
    if not CLOCKS[name].rule:
        assert found is None
    else:
        assert found and found.clock == CLOCKS[name].rule
        assert CLOCKS[name].due_at(thing) == found.due_at
        assert DOWN <= found.due_at - due_at < DOWN + MINUTE
        assert not strikes(name, thing)
        walk_to(found.due_at + MINUTE, later)
    assert strikes(name, thing)


def a_day_more(step: Step) -> None:
    """A new version of the policy, in which this clock is longer."""
    add_version({step.clock: getattr(policy_in_force(), step.clock) + 1})


def _change_the_rules_once_offered(step: Step, monkeypatch: Any, unpinned: Any = ()) -> None:
    """With the next offer that is made; what is ``unpinned`` goes by the rules in force then."""
    offer = world.award_bid

    def offer_and_change(**terms: Any) -> Contract:
        contract = offer(**terms)
        a_day_more(step)
        for model in unpinned:
            asks = property(lambda _: policy_in_force(), _pin)
            monkeypatch.setattr(model, "policy", asks)
        return contract

    monkeypatch.setattr(world, "award_bid", offer_and_change)


def _pin(one: Any, policy: Policy) -> None:
    one.policy_id = policy.pk


def begun(name: str, who: Any) -> tuple[Any, datetime]:
    """The thing, which its clock's table knows, and when that will strike."""
    thing = CLOCKS[name].begin(who)
    assert isinstance(thing, STEPS[name][0])
    due_at = CLOCKS[name].due_at(thing)
    assert due_at > now()
    return thing, due_at


def strikes(name: str, thing: Any) -> bool:
    """Whether the step is made now, or is open to whom it is for."""
    clock, (_, step) = CLOCKS[name], STEPS[name]
    if clock.opens_to:
        return step.name in open_steps(fresh(thing), clock.opens_to)
    before = fresh(thing).status
    done = clock.sweep()["done"]
    after = fresh(thing).status
    if not done:
        assert after == before
        return False
    assert done == 1 and after in step.targets(before)
    assert after != before or _times_told(step) == 1
    return True


def _times_told(step: Step) -> int:
    """A line of the contract; of what is on none, the word to whom it concerns."""
    lines = Event.objects.filter(kind=step.tells).count()
    return lines or Notification.objects.filter(kind=step.tells).count()
