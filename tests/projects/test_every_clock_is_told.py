"""What time will do to a contract is told before: in what happens next, and in whose turn it is.

All lifecycles of what is on a contract are walked, and all due times in their rows: one that nobody
has put into both fails here.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from icalendar import Calendar

from accounts.access.calendar.services import make_feed
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.answers import open_answers
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.lifecycle_sql import lifecycles
from payments.fundings.models import Payment
from projects.agreements.changes.selectors import open_steps as steps_of_change
from projects.agreements.models import LIFECYCLE as PROPOSAL
from projects.agreements.models import Proposal
from projects.agreements.outlook import Prospects, prospects_of
from projects.agreements.proposals.services import propose_ending
from projects.agreements.selectors import open_steps as steps_of_contract
from projects.agreements.services import close_finished_contract
from projects.agreements.turn import Turn
from projects.agreements.turns import turn_of
from projects.bonuses.services import give_bonus
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.rules import open_steps as steps_of_dispute
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.givebacks.models import GiveBack
from projects.givebacks.selectors import open_steps as steps_of_giveback
from projects.givebacks.services import ask_back
from projects.milestones.models import Milestone
from projects.milestones.outlook import Strike
from projects.milestones.rules import due_of, idle_from, late_from
from projects.milestones.services import fund_milestone
from tests.projects.change_world import price_to
from tests.projects.giveback_world import on, released
from tests.world import (
    active_contract,
    api_of,
    browser,
    funded_milestone,
    negotiated_dispute,
    offered_contract,
    opened_dispute,
    person,
    planned_milestone,
    reviewed_dispute,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db

# The contract, when its clock strikes, and the time that the turn names.
World = tuple[Contract, datetime, datetime]


def an_offer(ada: User, ben: User) -> World:
    contract = offered_contract(ada, ben)
    return contract, contract.offer_lapses_at, contract.offer_lapses_at


def money_to_come(ada: User, ben: User) -> World:
    contract = active_contract(ada, ben, [10_000])
    assert contract.funding_due_at
    return contract, contract.funding_due_at, contract.funding_due_at


def a_review(ada: User, ben: User) -> World:
    milestone = submitted_milestone(ada, ben)
    return milestone.contract, milestone.review_ends_at, milestone.review_ends_at


def work(ada: User, ben: User, when: Callable[[Milestone], datetime | None]) -> World:
    milestone = funded_milestone(ada, ben)
    at = when(milestone)
    assert at
    return milestone.contract, at, due_of(milestone)


def work_near_the_limit(ada: User, ben: User) -> World:
    milestone = funded_milestone(ada, ben)
    limit_at = now() + timedelta(days=13)
    type(milestone.escrow).objects.update(limit_at=limit_at)
    return milestone.contract, limit_at, due_of(milestone)


def a_proposal(ada: User, ben: User) -> World:
    milestone = funded_milestone(ada, ben)
    proposal = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=40_000)
    return milestone.contract, proposal.answer_due_at, proposal.answer_due_at


def a_change(ada: User, ben: User) -> World:
    milestone = funded_milestone(ada, ben)
    order = price_to(70_000, milestone, ada)
    return milestone.contract, order.answer_due_at, order.answer_due_at


def a_dispute(ada: User, ben: User) -> World:
    dispute = opened_dispute(ada, ben)
    return dispute.milestone.contract, dispute.answer_due_at, dispute.answer_due_at


def a_negotiation(ada: User, ben: User) -> World:
    dispute = negotiated_dispute(ada, ben)
    return dispute.milestone.contract, dispute.negotiation_ends_at, dispute.negotiation_ends_at


def a_ruling(ada: User, ben: User) -> World:
    dispute = reviewed_dispute(ada, ben)
    return dispute.milestone.contract, dispute.ruling_due_at, dispute.ruling_due_at


def a_decision(ada: User, ben: User) -> World:
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"mediator"}, by=SYSTEM)
    dispute = reviewed_dispute(ada, ben)
    dispute = decide_dispute(dispute_id=dispute.pk, by=emil, to_freelancer=40_000, **why())
    return dispute.milestone.contract, dispute.appeal_ends_at, dispute.appeal_ends_at


def an_appeal(ada: User, ben: User) -> World:
    contract, *_ = a_decision(ada, ben)
    dispute = Dispute.objects.get(milestone__contract=contract)
    dispute = appeal_ruling(dispute_id=dispute.pk, by=ben, statement="More is done.")
    assert dispute.reply_until
    return contract, dispute.reply_until, dispute.reply_until


def a_late_ruling(ada: User, ben: User) -> World:
    dispute = reviewed_dispute(ada, ben)
    return dispute.milestone.contract, dispute.ruling_expected_at, dispute.ruling_due_at


def money_asked_back(ada: User, ben: User) -> World:
    milestone = released(ada, ben)
    asked = ask_back(**on(milestone), by=ada, amount=40_000)
    return milestone.contract, asked.answer_due_at, asked.answer_due_at


def a_payment(ada: User, ben: User) -> World:
    milestone = planned_milestone(ada, ben)
    fund_milestone(milestone_id=milestone.pk, by=ada)
    return milestone.contract, *page_closes()


def a_bonus(ada: User, ben: User) -> World:
    contract = active_contract(ada, ben, [10_000])
    give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    return contract, *page_closes()


def page_closes() -> tuple[datetime, datetime]:
    at = now() + timedelta(hours=23)
    Payment.objects.update(expires_at=at)
    return at, at


# Each clock: how it comes to run, the kind under which what happens next names it, and whose turn
# says until when (the other side may have something else to do).
CLOCKS: dict[str, tuple[Callable[[User, User], World], str, tuple[str, ...]]] = {
    "contract.lapse": (an_offer, "lapses", (CLIENT, FREELANCER)),
    "milestone.release_silent": (a_review, "approved", (CLIENT, FREELANCER)),
    "milestone.cancel_late": (
        lambda ada, ben: work(ada, ben, late_from),
        "may_cancel_late",
        (CLIENT, FREELANCER),
    ),
    "milestone.cancel_idle": (
        lambda ada, ben: work(ada, ben, idle_from),
        "may_cancel_idle",
        (CLIENT, FREELANCER),
    ),
    "milestone.cancel_unfunded": (
        money_to_come,
        "may_leave_unfunded",
        (CLIENT, FREELANCER),
    ),
    "milestone.refund_limit": (work_near_the_limit, "holding_limit", (CLIENT, FREELANCER)),
    "proposal.lapse": (a_proposal, "proposal_lapses", (FREELANCER, CLIENT)),
    "change order.lapse": (a_change, "change_lapses", (FREELANCER, CLIENT)),
    "dispute.escalate": (a_dispute, "dispute_answer", (FREELANCER, CLIENT)),
    "dispute.hand_over": (a_negotiation, "dispute_negotiation", (FREELANCER, CLIENT)),
    "dispute.carry_out": (a_decision, "dispute_carried_out", (FREELANCER, CLIENT)),
    "dispute.chase": (a_late_ruling, "dispute_ruling_late", (FREELANCER, CLIENT)),
    "give back.lapse": (money_asked_back, "giveback_lapses", (FREELANCER, CLIENT)),
    "dispute.own_up": (a_ruling, "dispute_ruling", (FREELANCER, CLIENT)),
    # Time does these, too, and no step of their own room.
    "dispute.reply": (an_appeal, "dispute_reply", (CLIENT, FREELANCER)),
    "payment.expire": (a_payment, "pay_page_closes", (CLIENT,)),
    "bonus.expire": (a_bonus, "pay_page_closes", (CLIENT,)),
}
# The due times in rows, each by the clock that it belongs to.
DUE_TIMES = {
    "contract.offer_lapses_at": "contract.lapse",
    "contract.funding_due_at": "milestone.cancel_unfunded",
    "milestone.due_at": "milestone.cancel_late",
    "milestone.review_ends_at": "milestone.release_silent",
    "reminder.due_at": "",  # a warning of another clock
    "proposal.answer_due_at": "proposal.lapse",
    "change order.answer_due_at": "change order.lapse",
    "proposal.limit_at": "milestone.refund_limit",
    "dispute.answer_due_at": "dispute.escalate",
    "dispute.negotiation_ends_at": "dispute.hand_over",
    "dispute.appeal_ends_at": "dispute.carry_out",
    "dispute.ruling_due_at": "dispute.own_up",
    "dispute.reply_until": "dispute.reply",
    "give back.answer_due_at": "give back.lapse",
    # What an outage did to a clock: the clock's own row has the time.
    "put off.due_at": "",
    "put off.was_due_at": "",
}
# A time to come, by its name; the others are of the past.
TO_COME = re.compile(r"(due|lapses|ends|expires|closes|limit)_at$|_until$")


def is_on_a_contract(model: type[models.Model]) -> bool:
    fields = model._meta.get_fields()
    owners = {Contract, Milestone}
    return model in owners or any(
        isinstance(field, models.ForeignKey) and field.related_model in owners for field in fields
    )


def seen(contract: Contract) -> Prospects:
    found = Contract.objects.select_related("client", "freelancer", "policy")
    return prospects_of(found.get(pk=contract.pk))


def all_strikes(prospects: Prospects, role: str) -> list[Strike]:
    own = [strike for one in prospects.milestones for strike in one.outlook.strikes]
    return [*prospects.strikes_for(role), *own]


def strikes_for(prospects: Prospects, role: str) -> set[tuple[str, datetime | None]]:
    return {(strike.kind, strike.at) for strike in all_strikes(prospects, role)}


def test_no_clock_of_a_lifecycle_is_forgotten():
    found = {
        f"{lifecycle.noun}.{step.name}"
        for model, lifecycle in lifecycles()
        for step in lifecycle.steps.values()
        if step.clock and is_on_a_contract(model)
    }
    assert found - set(CLOCKS) == set(), "put it into what happens next, and into whose turn it is"
    assert {"proposal.lapse", "give back.lapse", "dispute.escalate", "contract.lapse"} <= found


def test_no_due_time_is_forgotten():
    fields = {
        f"{model._meta.verbose_name}.{field.name}"
        for model in apps.get_models()
        if is_on_a_contract(model)
        for field in model._meta.get_fields()
        if isinstance(field, models.DateTimeField) and TO_COME.search(field.name)
    }
    assert fields - set(DUE_TIMES) == set(), "say which clock it belongs to"
    assert set(DUE_TIMES) <= fields
    assert set(filter(None, DUE_TIMES.values())) <= set(CLOCKS)


@pytest.mark.parametrize("name", CLOCKS)
def test_it_is_told_in_both(ada, ben, name):
    begin, kind, whose = CLOCKS[name]
    contract, strikes_at, turns_until = begin(ada, ben)
    prospects = seen(contract)
    for role in whose:
        turn = turn_of(prospects, role)
        assert (kind, strikes_at) in strikes_for(prospects, role)
        assert (turn.at, bool(turn.when)) == (turns_until, True), turn
        assert turn.title and turn.text


@pytest.mark.parametrize("name", CLOCKS)
def test_both_doors_tell_it(ada, ben, name):
    begin, kind, whose = CLOCKS[name]
    contract, strikes_at, _ = begin(ada, ben)
    people = {CLIENT: ada, FREELANCER: ben}
    page = f"/contracts/{contract.public_id}/"
    for role in whose:
        told = api_of(people[role]).get(f"/api/v1{page}next/").json()
        happens = [*told["happens"], *(s for one in told["milestones"] for s in one["happens"])]
        assert kind in {strike["kind"] for strike in happens}
        shown = browser(people[role]).get(page).content.decode()
        assert f"{strikes_at:%Y-%m-%dT%H:%M}" in shown
        assert told["your_turn"]["title"].replace("'", "&#x27;") in shown


@pytest.mark.parametrize("name", CLOCKS)
def test_the_calendar_has_it(ada, ben, name):
    begin, kind, whose = CLOCKS[name]
    _, strikes_at, _ = begin(ada, ben)
    people = {CLIENT: ada, FREELANCER: ben}
    for role in whose:
        feed = Client().get(f"/calendar/{make_feed(by=people[role])}.ics")
        shown = {
            (str(event["uid"]).removesuffix("@milepost").rpartition("-")[2], event["dtstart"].dt)
            for event in Calendar.from_ical(feed.content).walk("VEVENT")
        }
        assert (kind, strikes_at.replace(microsecond=0)) in shown


@pytest.mark.parametrize("name", CLOCKS)
def test_who_can_stop_it_can_do_what_is_named(ada, ben, name):
    begin, kind, whose = CLOCKS[name]
    contract, *_ = begin(ada, ben)
    prospects = seen(contract)
    for role in whose:
        found = [one for one in all_strikes(prospects, role) if one.kind == kind]
        assert found
        for strike in found:
            assert strike.stopped_by, strike
            for stop in strike.stopped_by:
                assert stop.step in open_to(prospects, stop.role), stop


def open_to(prospects: Prospects, role: str) -> set[str]:
    """All that this side can do right now, with whatever is on the contract."""
    steps = set(steps_of_contract(prospects.contract, role))
    for one in prospects.milestones:
        steps |= set(one.open_to(role))
        if one.dispute:
            steps |= set(steps_of_dispute(one.dispute, role))
        if one.proposal:
            steps |= set(open_answers(PROPOSAL, one.proposal, role))
    if prospects.change:
        steps |= set(steps_of_change(prospects.change, role))
    for giveback in prospects.givebacks:
        steps |= set(steps_of_giveback(giveback, role))
    return steps


# --- Whose answer --------------------------------------------------------------------------------


def turns(contract: Contract) -> tuple[Turn, Turn]:
    prospects = seen(contract)
    return turn_of(prospects, CLIENT), turn_of(prospects, FREELANCER)


def test_money_asked_back_is_the_freelancers_to_answer_also_after_the_end(ada, ben):
    contract, _, _ = money_asked_back(ada, ben)
    for _ in range(2):
        client, freelancer = turns(contract)
        asked = GiveBack.objects.get()
        assert (client.waits, freelancer.waits) == (True, False)
        assert client.title == "Ben answers whether $400.00 of “Part 1” goes back"
        assert "asks for $388.00 of what you got" in freelancer.text
        assert {client.about, freelancer.about} == {asked.public_id}
        close_finished_contract(contract_id=contract.pk)
    assert seen(contract).contract.status == "completed"


def test_what_has_lapsed_is_told_no_more_before_anybody_has_written_it_down(ada, ben, later):
    contract, _, _ = money_asked_back(ada, ben)
    later(days=3.1)
    assert GiveBack.objects.get().status == "asked"
    assert "giveback_lapses" not in {kind for kind, _ in strikes_for(seen(contract), CLIENT)}
    assert all(not turn.about for turn in turns(contract))


def test_a_bonus_that_is_not_paid_is_its_givers_alone(ada, ben):
    contract, _, _ = a_bonus(ada, ben)
    client, freelancer = turns(contract)
    assert "your bonus of $50.00" in client.title
    assert (freelancer.step, freelancer.about) == ("", "")
    kinds = {kind for kind, _ in strikes_for(seen(contract), FREELANCER)}
    assert kinds == {"unfunded", "may_leave_unfunded"}
    told = api_of(ben).get(f"/api/v1/contracts/{contract.public_id}/next/").json()
    assert [one["kind"] for one in told["happens"]] == ["may_leave_unfunded"]
    assert "onus of" not in browser(ben).get(f"/contracts/{contract.public_id}/").content.decode()


def test_who_proposed_waits_unless_there_is_something_to_do(ada, ben):
    contract, _, _ = a_proposal(ada, ben)
    client, freelancer = turns(contract)
    assert (client.waits, freelancer.waits) == (True, False)
    assert {client.about, freelancer.about} == {Proposal.objects.get().public_id}


@pytest.mark.parametrize("many", [1, 3])
def test_they_cost_the_same_however_many_there_are(ada, ben, many, django_assert_max_num_queries):
    contract = active_contract(ada, ben, [10_000] * many)
    for _ in range(many):
        give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    with django_assert_max_num_queries(13):
        assert len(seen(contract).bonuses) == many
