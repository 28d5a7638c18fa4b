"""Every deed that moves money or leads to it: what comes before it, and how it is done.

A deed of a person is done again where it was cut short, as a person would. What the clock or a
letter does is not: the sweeps must find it.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from celery import current_app

from accounts.notifications import services as notifications
from accounts.notifications.preferences.services import change_preferences
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.words import Words
from payments.fundings import services as fundings
from payments.payees.models import ConnectedAccount
from payments.payees.services import start_onboarding
from payments.payouts import services as payouts
from payments.payouts.cancelling.services import cancel_payout
from payments.payouts.holding.services import hold_payouts
from payments.payouts.models import Payout
from projects.agreements.changes.services import accept_change
from projects.agreements.leaving.services import leave_contract
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.messages.services import write_message
from projects.milestones.services import cancel_milestone, fund_milestone, release_milestone
from tests.crash.points import Point, run_apart
from tests.crash.world import World, sweeps
from tests.payments.world import A_WHILE, days_pass, with_account
from tests.projects.change_world import another, proposed, wish
from tests.projects.counter_world import bid_of, countered
from tests.projects.ending_world import tag_for, to_end
from tests.sandbox import GOOD_BANK, NO_SUCH_ACCOUNT, REFUND_TAKES_TIME, drop, play_on
from tests.world import (
    active_contract,
    offered_contract,
    open_posting,
    planned_milestone,
    submitted_bid,
)

Act = Callable[[], object]
# Prepares the world and says how the deed is done in it.
Deed = Callable[[World], Act]

BY_PEOPLE: dict[str, Deed] = {}
BY_THE_CLOCK: dict[str, Deed] = {}


def by_people(deed: Deed) -> Deed:
    BY_PEOPLE[deed.__name__] = deed
    return deed


def by_the_clock(deed: Deed) -> Deed:
    BY_THE_CLOCK[deed.__name__] = deed
    return deed


def task(name: str) -> Act:
    return current_app.tasks[name]


# --- Money in ------------------------------------------------------------------------------------


@by_people
def begin_to_fund(world: World) -> Act:
    milestone = planned_milestone(world.ada, world.ben)
    return partial(fund_milestone, milestone_id=milestone.pk, by=world.ada)


@by_people
def open_the_pay_page(world: World) -> Act:
    milestone = planned_milestone(world.ada, world.ben)
    payment = fund_milestone(milestone_id=milestone.pk, by=world.ada)
    return partial(fundings.open_pay_page, payment_id=payment.pk)


@by_people
def keep_letters(world: World) -> Act:
    """Whoever brings them comes again with what was not taken."""
    world.paid_page()
    world.sandbox.collect()
    letters = list(world.sandbox.letters)

    def bring() -> None:
        for letter in letters:
            assert drop(letter) == 200

    return bring


@by_the_clock
def take_in_by_letter(world: World) -> Act:
    world.paid_page()
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def take_in_by_asking(world: World) -> Act:
    world.paid_page()
    world.lose_letters()
    days_pass(A_WHILE)
    return task("payments.ask_about_due_payments")


@by_the_clock
def learn_the_providers_fee(world: World) -> Act:
    world.paid_page()
    world.keep_letters()
    task("payments.handle_due_events")()
    days_pass(A_WHILE)
    world.lose_letters()
    return task("payments.ask_about_due_payments")


@by_the_clock
def tell_of_funds(world: World) -> Act:
    world.paid_page()
    play_on(world.sandbox)
    return task("projects.tell_fundings")


@by_people
def drop_what_has_an_open_page(world: World) -> Act:
    milestone = planned_milestone(world.ada, world.ben)
    payment = fund_milestone(milestone_id=milestone.pk, by=world.ada)
    fundings.open_pay_page(payment_id=payment.pk)
    return partial(cancel_milestone, milestone_id=milestone.pk, by=world.ada, step="drop")


@by_the_clock
def close_a_page_that_nobody_needs(world: World) -> Act:
    drop_what_has_an_open_page(world)()
    return task("payments.ask_about_due_payments")


# --- Decisions -----------------------------------------------------------------------------------


@by_people
def release(world: World) -> Act:
    return partial(release_milestone, milestone_id=world.submitted().pk, by=world.ada)


@by_the_clock
def release_by_silence(world: World) -> Act:
    world.submitted()
    days_pass(15)
    return task("projects.release_unreviewed_milestones")


@by_the_clock
def release_many_by_silence(world: World) -> Act:
    """In one transaction: cut short anywhere, all of them are released or none yet."""
    for _ in range(3):
        world.submitted()
    days_pass(15)

    def release_them() -> None:
        # So many notices ring once for all of them; the deed has a process of its own.
        notifications._MANY = 3
        task("projects.release_unreviewed_milestones")()

    return release_them


@by_people
def give_back(world: World) -> Act:
    return partial(cancel_milestone, milestone_id=world.funded().pk, by=world.ben)


@by_people
def accept_that_the_rest_goes_on(world: World) -> Act:
    contract = active_contract(world.ada, world.ben, [100_000, 50_000])
    whole, other = (
        world.funded(milestone=milestone) for milestone in contract.milestones.order_by("position")
    )
    proposal = propose_ending(
        milestone_id=whole.pk, by=world.ada, to_freelancer=30_000, into_id=other.pk
    )
    return partial(accept_proposal, proposal_id=proposal.pk, by=world.ben)


@by_people
def accept_a_lower_price(world: World) -> Act:
    milestone = world.funded()
    order = proposed(world.ben, wish(milestone, amount=70_000), another(), milestone=milestone)
    return partial(accept_change, order_id=order.pk, by=world.ada)


@by_people
def accept_the_end_of_it_all(world: World) -> Act:
    contract = active_contract(world.ada, world.ben, [100_000, 50_000, 20_000])
    first, second, _ = contract.milestones.order_by("position")
    world.funded(milestone=first)
    world.funded(milestone=second)
    order = to_end(contract, world.ada, {1: 30_000, 2: 50_000})
    return partial(accept_change, order_id=order.pk, by=world.ben)


@by_people
def leave_it(world: World) -> Act:
    contract = active_contract(world.ada, world.ben, [100_000, 50_000, 20_000])
    first, second, _ = contract.milestones.order_by("position")
    world.funded(milestone=first)
    world.funded(milestone=second)
    return partial(
        leave_contract, contract_id=contract.pk, by=world.ben, seen=tag_for(contract, world.ben)
    )


@by_people
def accept_an_end(world: World) -> Act:
    milestone = world.funded()
    proposal = propose_ending(milestone_id=milestone.pk, by=world.ada, to_freelancer=30_000)
    return partial(accept_proposal, proposal_id=proposal.pk, by=world.ben)


@by_the_clock
def close_a_contract(world: World) -> Act:
    release_milestone(milestone_id=world.submitted().pk, by=world.ada)
    return task("projects.close_finished_contracts")


# --- Money back ----------------------------------------------------------------------------------


@by_the_clock
def send_a_refund(world: World) -> Act:
    cancel_milestone(milestone_id=world.funded().pk, by=world.ben)
    return task("payments.send_due_refunds")


@by_the_clock
def ask_how_a_refund_stands(world: World) -> Act:
    cancel_milestone(milestone_id=world.funded(REFUND_TAKES_TIME).pk, by=world.ben)
    task("payments.send_due_refunds")()
    world.lose_letters()
    days_pass(1)
    return task("payments.send_due_refunds")


@by_the_clock
def look_up_a_refund_a_day_later(world: World) -> Act:
    send = send_a_refund(world)
    assert run_apart(send, at=Point("after call send_refund", 1)).ended == "killed"
    world.lose_letters()
    days_pass(1.5)
    return send


# --- Money out -----------------------------------------------------------------------------------


def earned(world: World, *, bank: str = GOOD_BANK) -> None:
    """Past its hold, and Ben's account is ready."""
    with_account(world.sandbox, world.ben, bank=bank)
    release_milestone(milestone_id=world.submitted().pk, by=world.ada)
    days_pass(7)


def scheduled(world: World, *, bank: str = GOOD_BANK) -> Payout:
    earned(world, bank=bank)
    party = own_party_of(world.ben)
    return payouts.schedule_payout(party_id=party.pk, currency="USD", by=world.ben)


def failed(world: World) -> Payout:
    """Its transfer was made, and the bank sent it back."""
    payout = scheduled(world, bank=NO_SUCH_ACCOUNT)
    play_on(world.sandbox)
    days_pass(A_WHILE)
    play_on(world.sandbox)
    payout.refresh_from_db()
    assert payout.status == "failed"
    return payout


@by_people
def set_up_payouts(world: World) -> Act:
    party = own_party_of(world.ben)
    return partial(start_onboarding, party_id=party.pk, country="US", by=world.ben)


@by_the_clock
def hear_of_an_account(world: World) -> Act:
    set_up_payouts(world)()
    world.sandbox.onboard(ConnectedAccount.objects.get().remote_id)
    world.lose_letters()
    days_pass(1)
    return task("payments.ask_about_accounts")


@by_the_clock
def schedule_payouts(world: World) -> Act:
    earned(world)
    return task("payments.schedule_due_payouts")


@by_the_clock
def send_a_payout(world: World) -> Act:
    scheduled(world)
    return task("payments.send_due_payouts")


@by_the_clock
def look_up_a_payout_a_day_later(world: World) -> Act:
    scheduled(world)
    send = task("payments.send_due_payouts")
    assert run_apart(send, at=Point("after call send_payout", 1)).ended == "killed"
    world.lose_letters()
    days_pass(1.5)
    return send


@by_the_clock
def look_up_a_transfer_a_day_later(world: World) -> Act:
    scheduled(world)
    send = task("payments.send_due_payouts")
    assert run_apart(send, at=Point("after call send_transfer", 1)).ended == "killed"
    world.lose_letters()
    days_pass(1.5)
    return send


@by_the_clock
def hear_that_a_payout_was_paid(world: World) -> Act:
    scheduled(world)
    play_on(world.sandbox)
    days_pass(A_WHILE)
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def hear_that_a_payout_failed(world: World) -> Act:
    scheduled(world, bank=NO_SUCH_ACCOUNT)
    play_on(world.sandbox)
    days_pass(A_WHILE)
    world.keep_letters()
    return task("payments.handle_due_events")


@by_people
def retry_a_payout(world: World) -> Act:
    payout = failed(world)
    world.sandbox.onboard(ConnectedAccount.objects.get().remote_id, bank=GOOD_BANK)
    play_on(world.sandbox)
    return partial(payouts.retry_payout, payout_id=payout.pk, by=world.ben)


@by_people
def cancel_a_payout(world: World) -> Act:
    return partial(cancel_payout, payout_id=failed(world).pk, by=world.ben)


@by_the_clock
def cancel_a_payout_a_day_later(world: World) -> Act:
    cancel = cancel_a_payout(world)
    assert run_apart(cancel, at=Point("after call reverse_transfer", 1)).ended == "killed"
    days_pass(1.5)
    return task("payments.cancel_due_payouts")


# --- All that the clock does ---------------------------------------------------------------------


@by_the_clock
def mail_notices(world: World) -> Act:
    world.submitted()
    return task("accounts.deliver_due_notifications")


@by_the_clock
def mail_a_day(world: World) -> Act:
    daily = {"message_written": "daily"}
    change_preferences(user_id=world.ada.pk, by=world.ada, mail=daily)
    notifications.notify(to=world.ada, kind="message_written", text=Words("Ben writes."), path="/")
    task("accounts.deliver_due_notifications")()
    days_pass(1.5)
    return task("accounts.deliver_due_digests")


@by_people
def write_a_message(world: World) -> Act:
    """Written again, it stands there twice, as from anybody who did not see the first."""
    bid = submitted_bid(open_posting(world.ada), world.ben)
    return partial(write_message, bid_id=bid.pk, by=world.ben, text="A question before I begin.")


def every_sweep() -> None:
    for name in sweeps():
        task(name)()


@by_the_clock
def let_other_terms_lapse(world: World) -> Act:
    countered(bid_of(world.ada, world.ben), world.ada)
    days_pass(4)
    return task("projects.lapse_counters")


@by_the_clock
def remind_of_a_bid_that_lapses(world: World) -> Act:
    bid_of(world.ada, world.ben)
    days_pass(28)
    return task("projects.remind_of_bids")


@by_the_clock
def remind_of_a_choice(world: World) -> Act:
    posting = open_posting(world.ada, bids_close_at=now() + timedelta(days=1))
    submitted_bid(posting, world.ben, valid_until=now() + timedelta(days=60))
    days_pass(58.5)
    return task("projects.remind_of_choices")


@by_the_clock
def let_lapse_what_nobody_answers(world: World) -> Act:
    """A bid, a posting, an offer, a proposal, a change of an agreement; and Ben has earned and
    never said where to.
    """
    release_milestone(milestone_id=world.submitted().pk, by=world.ada)
    propose_ending(milestone_id=world.funded().pk, by=world.ada, to_freelancer=30_000)
    proposed(world.ben, another(), contract=active_contract(world.ada, world.ben))
    set_up_payouts(world)()
    hold_payouts(
        party_id=own_party_of(world.ben).pk,
        by=world.dora,
        days=7,
        reason="We look at one of the payments.",
        evidence="A card that was seen before.",
    )
    open_posting(world.ada, bids_close_at=now() + timedelta(days=20))
    submitted_bid(open_posting(world.ada), world.ben)
    offered_contract(world.ada, world.ben)
    days_pass(40)
    return every_sweep
