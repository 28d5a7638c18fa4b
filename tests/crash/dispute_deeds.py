"""Deeds of a dispute: what both sides do, what a mediator does, and what the clock does."""

from functools import partial

from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from payments.policies.services import add_version
from projects.disputes.confirming.services import confirm_ruling
from projects.disputes.models import Dispute
from projects.disputes.negotiating.services import ask_mediator
from projects.disputes.rulings.services import accept_ruling, appeal_ruling, decide_dispute
from projects.disputes.sealed.services import seal_figure
from projects.disputes.services import add_statement, answer_dispute, open_dispute
from projects.milestones.services import release_milestone
from tests.crash.deeds import Act, by_people, by_the_clock, every_sweep, task
from tests.crash.world import World
from tests.payments.world import days_pass
from tests.projects.two_mediators import confirmed, mediator, proposed_on
from tests.world import person, to_mediator, why


def opened(world: World) -> Dispute:
    milestone = world.submitted()
    words = {"reason": "not_as_agreed", "statement": "It loses things.", "asked_for": 50_000}
    return open_dispute(milestone_id=milestone.pk, by=world.ada, **words)


def answered(world: World) -> Dispute:
    words = "It keeps everything."
    return answer_dispute(dispute_id=opened(world).pk, by=world.ben, statement=words)


def reviewed(world: World) -> Dispute:
    return to_mediator(answered(world), world.ada, world.ben)


@by_people
def decide_a_dispute(world: World) -> Act:
    dispute = reviewed(world)
    return partial(
        decide_dispute, dispute_id=dispute.pk, by=world.dora, to_freelancer=40_000, **why()
    )


def decided(world: World) -> Dispute:
    return decide_dispute(
        dispute_id=reviewed(world).pk, by=world.dora, to_freelancer=40_000, **why()
    )


@by_people
def accept_a_decision_as_the_other_has(world: World) -> Act:
    dispute = decided(world)
    accept_ruling(dispute_id=dispute.pk, by=world.ben)
    return partial(accept_ruling, dispute_id=dispute.pk, by=world.ada)


@by_people
def decide_an_appeal(world: World) -> Act:
    dispute = decided(world)
    appeal_ruling(dispute_id=dispute.pk, by=world.ben, statement="More is done.")
    add_statement(dispute_id=dispute.pk, by=world.ada, statement="It is not.")
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"mediator"}, by=SYSTEM)
    return partial(decide_dispute, dispute_id=dispute.pk, by=emil, to_freelancer=50_000, **why())


@by_people
def confirm_the_last_word(world: World) -> Act:
    """What is held is above the limit; on appeal the money moves with the confirmation."""
    add_version({"second_mediator_units": 500})
    emil, fay, gil = (mediator(name) for name in ("Emil", "Fay", "Gil"))
    dispute = confirmed(reviewed(world), world.dora, emil, 40_000)
    appeal_ruling(dispute_id=dispute.pk, by=world.ben, statement="More is done.")
    add_statement(dispute_id=dispute.pk, by=world.ada, statement="It is not.")
    return partial(confirm_ruling, proposed_id=proposed_on(dispute, fay, 50_000).pk, by=gil)


@by_the_clock
def carry_out_what_was_decided(world: World) -> Act:
    decided(world)
    days_pass(4)
    return task("projects.carry_out_rulings")


@by_the_clock
def publish_what_was_decided(world: World) -> Act:
    dispute = decided(world)
    accept_ruling(dispute_id=dispute.pk, by=world.ben)
    accept_ruling(dispute_id=dispute.pk, by=world.ada)
    days_pass(95)
    return task("projects.publish_register")


@by_people
def seal_the_figure_that_meets(world: World) -> Act:
    dispute = opened(world)
    seal_figure(dispute_id=dispute.pk, by=world.ada, amount=60_000)
    return partial(seal_figure, dispute_id=dispute.pk, by=world.ben, amount=40_001)


@by_people
def ask_for_a_mediator_as_the_other_has(world: World) -> Act:
    dispute = answered(world)
    ask_mediator(dispute_id=dispute.pk, by=world.ben)
    return partial(ask_mediator, dispute_id=dispute.pk, by=world.ada)


@by_the_clock
def move_on_where_nobody_answers_a_dispute(world: World) -> Act:
    opened(world)
    days_pass(10)
    return every_sweep


@by_the_clock
def decide_by_a_row_what_nobody_answers(world: World) -> Act:
    milestone = world.funded()
    days_pass(24)
    words = {"reason": "not_delivered", "statement": "Nothing came.", "asked_for": 30_000}
    open_dispute(milestone_id=milestone.pk, by=world.ada, **words)
    days_pass(6)
    return task("projects.escalate_unanswered_disputes")


@by_the_clock
def remind_of_a_time_that_ends(world: World) -> Act:
    opened(world)
    days_pass(4.5)
    return task("projects.remind_in_disputes")


@by_the_clock
def tell_that_a_ruling_is_late(world: World) -> Act:
    reviewed(world)
    days_pass(5)
    return task("projects.chase_rulings")


@by_the_clock
def own_up_that_nobody_has_decided(world: World) -> Act:
    reviewed(world)
    days_pass(11)
    return task("projects.own_up_to_rulings")


@by_the_clock
def tell_the_staff_each_day_that_nobody_has_decided(world: World) -> Act:
    reviewed(world)
    days_pass(11)
    task("projects.own_up_to_rulings")()
    days_pass(1.1)
    return task("projects.urge_rulings")


@by_the_clock
def hand_over_what_was_not_settled(world: World) -> Act:
    dispute = answered(world)
    ask_mediator(dispute_id=dispute.pk, by=world.ada)
    days_pass(8)
    return task("projects.hand_over_disputes")


@by_the_clock
def write_down_that_a_dispute_is_moot(world: World) -> Act:
    release_milestone(milestone_id=opened(world).milestone_id, by=world.ada)
    return task("projects.close_moot_disputes")
