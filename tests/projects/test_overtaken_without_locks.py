"""Deeds that overtake each other, with the locks taken away that keep them apart.

The races themselves stand with their deeds. Here eight do the one and are judged to be allowed, and
then, before they write, somebody else does the other. With the locks nobody could come between, and
all eight would be refused; without them both are done, or only what lies below stops the second.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from accounts.people.models import User
from marketplace.common.lifecycle import Lifecycle
from projects.agreements.changes import services as changes
from projects.agreements.changes.services import accept_change
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import (
    accept_proposal,
    decline_proposal,
    propose_ending,
    withdraw_proposal,
)
from projects.disputes.limits.services import end_at_limit
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rulings import services as rulings
from projects.disputes.rulings.services import carry_out_ruling, decide_dispute
from projects.disputes.silence.services import judge_silence
from projects.milestones import services as milestones
from projects.milestones.limits import services as limits
from projects.milestones.limits.services import refund_at_limit, warn_of_limit
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone, release_milestone
from tests.projects import test_judge_silence as silence
from tests.projects.change_world import facts_of
from tests.projects.dispute_world import rule
from tests.projects.test_clocks_pulled_before_the_limit import decided_on_day_8, to_thailand
from tests.projects.test_overtaken_by_money import drop_of
from tests.projects.test_paid_in_anew import taken_by_the_bank
from tests.projects.test_races import (
    got_past_the_first_judgement,
    stopped_by_the_database,
    without_locks,
)
from tests.projects.test_roll_rest import propose as propose_roll
from tests.projects.test_roll_rest import two
from tests.races import meet_after, outcomes_at_once
from tests.world import funded_milestone, reviewed_dispute, submitted_milestone, why

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], object]


@dataclass(frozen=True)
class Scene:
    """Who is there, and how time is moved."""

    ada: User
    ben: User
    dora: User
    later: Callable[..., None]
    time_machine: Any


@pytest.fixture
def scene(ada, ben, dora, bells, later, time_machine) -> Scene:
    return Scene(ada, ben, dora, later, time_machine)


# --- Both are done -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Overtaken:
    """Eight do ``act``, have left ``judged``, and are overtaken: ``seen`` is what must not be."""

    act: Act
    judged: tuple[object, str]
    overtaken_by: Act
    seen: Callable[[], object]
    both: object


def a_drop_by_a_roll(it: Scene) -> Overtaken:
    """What was rolled in goes back to the client with it, and nobody has agreed to that."""
    first, second = two(it.ada, it.ben)
    order = drop_of(second, it.ben)
    roll = propose_roll(first, second, it.ada, 60_000)
    return Overtaken(
        lambda: accept_change(order_id=order.pk, by=it.ada),
        (changes, "judge_changes"),
        lambda: accept_proposal(proposal_id=roll.pk, by=it.ben),
        lambda: facts_of(second).refunded,
        92_700,
    )


def a_drop_by_a_part(it: Scene) -> Overtaken:
    """All of it back to the client, was the word, and some of it is released."""
    _, second = two(it.ada, it.ben)
    order = drop_of(second, it.ben)
    return Overtaken(
        lambda: accept_change(order_id=order.pk, by=it.ada),
        (changes, "judge_changes"),
        lambda: release_part(milestone_id=second.pk, by=it.ada, amount=30_000),
        lambda: (facts_of(second).released, facts_of(second).refunded),
        (30_000, 20_600),
    )


def an_end_by_a_part(it: Scene) -> Overtaken:
    """The freelancer has the part, and as much as was to be all."""
    milestone = funded_milestone(it.ada, it.ben)
    return Overtaken(
        _acceptance(milestone, it, 60_000),
        (Lifecycle, "advance"),
        lambda: release_part(milestone_id=milestone.pk, by=it.ada, amount=30_000),
        lambda: facts_of(milestone).released,
        90_000,
    )


def an_end_by_a_decision(it: Scene) -> Overtaken:
    """Somebody is taken at their word of before the decision."""
    dispute = reviewed_dispute(it.ada, it.ben)
    return Overtaken(
        _acceptance(dispute.milestone, it, 40_000),
        (Lifecycle, "advance"),
        lambda: rule(dispute, it.dora, 0),
        lambda: (Ruling.objects.count(), facts_of(dispute.milestone).released),
        (1, 40_000),
    )


def an_end_by_a_rule(it: Scene) -> Overtaken:
    """The same, where the table for silence has decided."""
    dispute = silence.undelivered(it.ada, it.ben, it.later)
    return Overtaken(
        _acceptance(dispute.milestone, it, 60_000),
        (Lifecycle, "advance"),
        lambda: judge_silence(dispute_id=dispute.pk),
        lambda: (Ruling.objects.count(), facts_of(dispute.milestone).released),
        (1, 60_000),
    )


def a_rule_by_a_release(it: Scene) -> Overtaken:
    """It is decided on money that has left."""
    return _a_rule(it, silence.release, 100_000)


def a_rule_by_an_end(it: Scene) -> Overtaken:
    return _a_rule(it, silence.accept, 60_000)


def a_decision_by_a_release(it: Scene) -> Overtaken:
    dispute = reviewed_dispute(it.ada, it.ben)
    end = partial(release_milestone, milestone_id=dispute.milestone_id, by=it.ada)
    return _a_decision(dispute, _decision(dispute, it), end, 100_000)


def a_decision_by_a_cancellation(it: Scene) -> Overtaken:
    dispute = reviewed_dispute(it.ada, it.ben)
    end = partial(cancel_milestone, milestone_id=dispute.milestone_id, by=it.ben)
    return _a_decision(dispute, _decision(dispute, it), end, 0)


def _acceptance(milestone: Milestone, it: Scene, part: int) -> Act:
    proposal = propose_ending(milestone_id=milestone.pk, by=it.ada, to_freelancer=part)
    return lambda: accept_proposal(proposal_id=proposal.pk, by=it.ben)


def _decision(dispute: Dispute, it: Scene) -> Act:
    return lambda: decide_dispute(dispute_id=dispute.pk, by=it.dora, to_freelancer=40_000, **why())


def _a_rule(it: Scene, way: Callable, part: int) -> Overtaken:
    dispute = silence.undelivered(it.ada, it.ben, it.later)
    end, _ = way(dispute, it.ada, it.ben)
    return _a_decision(dispute, lambda: judge_silence(dispute_id=dispute.pk), end, part)


def _a_decision(dispute: Dispute, act: Act, end: Act, part: int) -> Overtaken:
    def seen() -> object:
        milestone = Milestone.objects.get(pk=dispute.milestone_id)
        ruling = Ruling.objects.get()
        return ruling.created_at > milestone.closed_at, facts_of(milestone).released

    return Overtaken(act, (rulings, "checked_draft"), end, seen, (True, part))


BOTH = [
    a_drop_by_a_roll,
    a_drop_by_a_part,
    an_end_by_a_part,
    an_end_by_a_decision,
    an_end_by_a_rule,
    a_rule_by_a_release,
    a_rule_by_an_end,
    a_decision_by_a_release,
    a_decision_by_a_cancellation,
]


@pytest.mark.parametrize("of", BOTH, ids=lambda of: of.__name__)
def test_without_the_lock_what_was_overtaken_is_done_all_the_same(scene, monkeypatch, of):
    it = of(scene)
    without_locks(monkeypatch)
    meet_after(monkeypatch, *it.judged, then=it.overtaken_by)

    outcomes = outcomes_at_once(*[it.act] * 8)

    assert sum(not isinstance(one, Exception) for one in outcomes) == 1, outcomes
    assert it.seen() == it.both


def test_without_the_lock_only_the_database_keeps_a_rule_from_what_two_figures_have_settled(
    scene, monkeypatch
):
    dispute = silence.undelivered(scene.ada, scene.ben, scene.later)
    end, part = silence.meet(dispute, scene.ada, scene.ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, rulings, "checked_draft", then=end)

    outcomes = outcomes_at_once(*[lambda: judge_silence(dispute_id=dispute.pk)] * 8)

    words = "no move leads from closed to decided"
    assert all(stopped_by_the_database(one, words) for one in outcomes), outcomes
    assert facts_of(dispute.milestone).released == part


@pytest.mark.parametrize("rival", ["withdrawn", "declined", "countered"])
def test_without_the_lock_only_the_database_keeps_an_acceptance_from_what_is_off(
    scene, monkeypatch, rival
):
    milestone = funded_milestone(scene.ada, scene.ben)
    accept = _acceptance(milestone, scene, 60_000)
    proposal, ben = Proposal.objects.get(), scene.ben
    off = {
        "withdrawn": lambda: withdraw_proposal(proposal_id=proposal.pk, by=scene.ada),
        "declined": lambda: decline_proposal(proposal_id=proposal.pk, by=ben),
        "countered": lambda: propose_ending(milestone_id=milestone.pk, by=ben, to_freelancer=9_000),
    }[rival]
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance", then=off)

    outcomes = outcomes_at_once(*[accept] * 8)

    words = f"no move leads from {rival} to accepted"
    assert all(stopped_by_the_database(one, words) for one in outcomes), outcomes
    assert facts_of(milestone).held == 103_000


# --- All pass the judgement together -------------------------------------------------------------


def the_limit_and_the_client(it: Scene) -> list[Act]:
    milestone = taken_by_the_bank(submitted_milestone(it.ada, it.ben), 50_000)
    it.later(days=91)
    return [
        lambda: refund_at_limit(milestone_id=milestone.pk),
        lambda: release_milestone(milestone_id=milestone.pk, by=it.ada),
    ]


def a_decision_that_stands_and_a_release(it: Scene) -> list[Act]:
    dispute = _standing(it)
    return [
        lambda: carry_out_ruling(dispute_id=dispute.pk),
        lambda: release_milestone(milestone_id=dispute.milestone_id, by=it.ada),
    ]


def a_decision_that_stands_and_a_cancellation(it: Scene) -> list[Act]:
    dispute = _standing(it)
    return [
        lambda: carry_out_ruling(dispute_id=dispute.pk),
        lambda: cancel_milestone(milestone_id=dispute.milestone_id, by=it.ben),
    ]


def a_decision_that_stands_and_itself(it: Scene) -> list[Act]:
    dispute = _standing(it)
    return [lambda: carry_out_ruling(dispute_id=dispute.pk)] * 2


def a_decision_at_the_limit_and_itself(it: Scene) -> list[Act]:
    """Nothing is left to be told or shortened before: its row would be written there already."""
    dispute = decided_on_day_8(it.ada, it.ben, it.dora, it.later)
    to_thailand(it.ben)
    it.later(days=4)
    warn_of_limit(milestone_id=dispute.milestone_id)
    return [lambda: end_at_limit(milestone_id=dispute.milestone_id)] * 2


def _standing(it: Scene) -> Dispute:
    dispute = rule(reviewed_dispute(it.ada, it.ben), it.dora)
    it.time_machine.move_to(dispute.appeal_ends_at)
    return dispute


TOGETHER = [
    the_limit_and_the_client,
    a_decision_that_stands_and_a_release,
    a_decision_that_stands_and_a_cancellation,
    a_decision_that_stands_and_itself,
    a_decision_at_the_limit_and_itself,
]


@pytest.mark.parametrize("of", TOGETHER, ids=lambda of: of.__name__)
def test_without_the_lock_only_the_milestones_own_row_is_closed_once(scene, monkeypatch, of):
    """All eight are judged to be allowed; who writes second finds what the first has written."""
    acts = of(scene)
    without_locks(monkeypatch)
    meet_after(monkeypatch, milestones, "judge_step", (limits, "judge_step"))

    outcomes = outcomes_at_once(*acts * 4)

    assert got_past_the_first_judgement(outcomes), outcomes
    assert facts_of(Milestone.objects.get()).held == 0
