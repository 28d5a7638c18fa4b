"""What people do between an agreement and its money: each of these starts, stops or ends a clock at
which money moves, or makes room for it.
"""

from datetime import timedelta
from functools import partial

from accounts.parties.selectors import own_party_of
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import Outage
from payments.payouts.plans.services import choose_payout_plan
from projects.agreements.services import accept_offer, award_bid
from projects.bonuses.services import pay_bonus, withdraw_bonus
from projects.disputes.rulings.services import appeal_ruling
from projects.disputes.services import add_statement, answer_dispute, open_dispute
from projects.givebacks.services import give_back as give_back_what_was_released
from projects.holds.handing.services import hand_over_by_leaving
from projects.milestones.services import release_milestone, return_work, start_work, submit_work
from tests.crash.deeds import Act, by_people, by_the_clock, task
from tests.crash.dispute_deeds import decided, opened
from tests.crash.rare_deeds import give_a_bonus
from tests.crash.world import World
from tests.payments.world import A_WHILE, days_pass
from tests.projects.ending_world import tag_for
from tests.world import (
    active_contract,
    offered_contract,
    open_posting,
    person,
    submitted_bid,
)

# --- The agreement -------------------------------------------------------------------------------


@by_people
def make_an_offer(world: World) -> Act:
    bid = submitted_bid(open_posting(world.ada), world.ben)
    return partial(award_bid, bid_id=bid.pk, by=world.ada)


@by_people
def sign_an_offer(world: World) -> Act:
    contract = offered_contract(world.ada, world.ben)
    return partial(accept_offer, contract_id=contract.pk, by=world.ben)


@by_people
def hand_the_rest_over(world: World) -> Act:
    """Its due date and the grace are over; the client takes what is held back, and looks anew."""
    contract = active_contract(world.ada, world.ben, [100_000, 50_000])
    world.funded(milestone=contract.milestones.get(position=1))
    days_pass(24)
    return partial(
        hand_over_by_leaving,
        contract_id=contract.pk,
        by=world.ada,
        seen=tag_for(contract, world.ada),
    )


@by_the_clock
def give_the_time_to_fund_back_after_an_outage(world: World) -> Act:
    contract = active_contract(world.ada, world.ben)
    contract.refresh_from_db()
    due_at, hour = contract.funding_due_at, timedelta(hours=1)
    days_pass(14.2)
    Outage.objects.create(began_at=due_at - hour, ended_at=due_at + hour)
    return task("projects.make_up_for_outages")


# --- The work ------------------------------------------------------------------------------------


@by_people
def begin_to_work(world: World) -> Act:
    return partial(start_work, milestone_id=world.funded().pk, by=world.ben)


@by_people
def deliver(world: World) -> Act:
    return partial(submit_work, milestone_id=world.funded().pk, by=world.ben, note="Here it is.")


@by_people
def ask_for_changes(world: World) -> Act:
    return partial(
        return_work, milestone_id=world.submitted().pk, by=world.ada, answer="It loses things."
    )


# --- A dispute -----------------------------------------------------------------------------------


@by_people
def disagree(world: World) -> Act:
    words = {"reason": "not_as_agreed", "statement": "It loses things.", "asked_for": 50_000}
    return partial(open_dispute, milestone_id=world.submitted().pk, by=world.ada, **words)


@by_people
def answer_in_a_dispute(world: World) -> Act:
    words = "It keeps everything."
    return partial(answer_dispute, dispute_id=opened(world).pk, by=world.ben, statement=words)


@by_people
def appeal_against_a_decision(world: World) -> Act:
    return partial(
        appeal_ruling, dispute_id=decided(world).pk, by=world.ben, statement="More is done."
    )


@by_people
def answer_an_appeal(world: World) -> Act:
    """With the statement of both it comes to another mediator. Said again, it would stand there
    twice: whoever finds it there says no more.
    """
    dispute = appeal_against_a_decision(world)()
    grant_staff_roles(user_id=person("Emil").pk, roles={"mediator"}, by=SYSTEM)
    before = dispute.statements.count()

    def answer() -> None:
        if dispute.statements.count() == before:
            add_statement(dispute_id=dispute.pk, by=world.ada, statement="It is not.")

    return answer


# --- On top, and back ----------------------------------------------------------------------------


@by_people
def pay_a_bonus_at_last(world: World) -> Act:
    bonus, _ = give_a_bonus(world)()
    return partial(pay_bonus, bonus_id=bonus.pk, by=world.ada)


@by_people
def think_better_of_a_bonus(world: World) -> Act:
    bonus, _ = give_a_bonus(world)()
    return partial(withdraw_bonus, bonus_id=bonus.pk, by=world.ada)


@by_people
def give_back_unasked(world: World) -> Act:
    milestone = world.funded()
    release_milestone(milestone_id=milestone.pk, by=world.ada)
    return partial(
        give_back_what_was_released,
        contract_id=milestone.contract_id,
        escrow_id=milestone.escrow_id,
        by=world.ben,
        amount=5_000,
        once="one click",
    )


@by_people
def choose_how_often_payouts_are_made(world: World) -> Act:
    party = own_party_of(world.ben)
    return partial(choose_payout_plan, party_id=party.pk, every="week", by=world.ben)


# --- What the house hears ------------------------------------------------------------------------


@by_the_clock
def book_what_the_platform_paid_in(world: World) -> Act:
    world.calm()
    world.sandbox.ask("POST", "/topups", amount=70_000, currency="usd")
    return task("payments.book_own_funds")


@by_the_clock
def keep_a_letter_that_comes_too_early(world: World) -> Act:
    """A bank takes back what nobody here knows to be paid."""
    world.paid_page()
    days_pass(A_WHILE)
    world.lose_letters()
    (charge,) = world.sandbox.api("GET", "/v1/charges")["data"]
    world.sandbox.ask("POST", "/disputes", charge=charge["id"])
    world.keep_letters()
    return task("payments.handle_due_events")
