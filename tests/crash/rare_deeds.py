"""Deeds that a trade seldom sees: a bank takes money back, a limit strikes, a bonus or a part of
the price is paid, the books are compared.
"""

from datetime import timedelta
from functools import partial

from accounts.holds.services import appeal_hold
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.models import Outage
from payments.chargebacks.answering.services import accept_loss, send_evidence
from payments.chargebacks.models import Chargeback
from payments.chargebacks.settling.services import settle_refund
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.gateway.base import GatewayRefused
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payees.models import ConnectedAccount
from payments.payees.services import start_onboarding
from payments.payouts import services as payouts
from payments.payouts.attesting.services import attest_payout
from payments.payouts.holding.services import hold_payouts
from payments.payouts.models import Payout
from payments.payouts.sending.services import _record_refusal
from payments.reconciliation.running.services import ask_for_run
from payments.refunds.models import Refund
from payments.tasks import handle_due_events
from projects.agreements.leaving.services import leave_contract
from projects.bonuses.services import give_bonus
from projects.disputes.rulings.services import decide_dispute
from projects.givebacks.models import GiveBack
from projects.givebacks.services import accept_giveback, ask_back
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone, release_milestone, submit_work
from tests.crash.deeds import Act, by_people, by_the_clock, earned, failed, scheduled, task
from tests.crash.dispute_deeds import reviewed
from tests.crash.points import Point, run_apart
from tests.crash.world import World
from tests.payments.world import A_WHILE, days_pass
from tests.projects.ending_world import tag_for
from tests.projects.holds_world import suspended
from tests.sandbox import GOOD_CARD, REFUND_FAILS_LATER, play_on
from tests.world import active_contract, why

# --- A bank takes money back ---------------------------------------------------------------------


def demand_for(world: World, milestone: Milestone) -> str:
    """The payer's bank takes all of it; nobody here knows of it yet. Its name at the provider."""
    payment = Payment.objects.get(paid_for=milestone.escrow.public_id)
    return world.sandbox.ask("POST", "/disputes", charge=payment.charge_id)["id"]


def demanded(world: World) -> Chargeback:
    """Of what is held."""
    demand_for(world, world.submitted())
    play_on(world.sandbox)
    return Chargeback.objects.get()


@by_the_clock
def wait_for_the_bank_before_deciding(world: World) -> Act:
    dispute = reviewed(world)
    demand_for(world, dispute.milestone)
    play_on(world.sandbox)
    days_pass(7)
    return task("projects.wait_for_banks")


@by_the_clock
def hear_that_a_bank_takes_what_is_held(world: World) -> Act:
    demand_for(world, world.submitted())
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def hear_that_a_bank_takes_what_was_released(world: World) -> Act:
    """It is in Ben's earnings still: they owe it, and the sweeps take it from there."""
    milestone = world.submitted()
    release_milestone(milestone_id=milestone.pk, by=world.ada)
    demand_for(world, milestone)
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def write_down_what_a_bank_took(world: World) -> Act:
    """It was heard of, and stands in no timeline yet."""
    milestone = world.submitted()
    release_milestone(milestone_id=milestone.pk, by=world.ada)
    demand_for(world, milestone)
    world.keep_letters()
    handle_due_events()
    return task("projects.tell_chargebacks")


@by_the_clock
def learn_by_asking_that_a_bank_gave_it_back(world: World) -> Act:
    chargeback = demanded(world)
    world.sandbox.ask("POST", f"/disputes/{chargeback.remote_id}/close", outcome="won")
    world.lose_letters()
    days_pass(1)
    return task("payments.ask_about_chargebacks")


@by_the_clock
def remind_of_an_answer_to_a_bank(world: World) -> Act:
    demanded(world)
    task("projects.tell_chargebacks")()
    Chargeback.objects.update(due_at=now() + timedelta(days=2))
    return task("projects.remind_of_banks")


@by_people
def answer_a_bank(world: World) -> Act:
    chargeback = demanded(world)
    text = "The work was delivered, and accepted."
    return partial(send_evidence, chargeback_id=chargeback.pk, by=world.dora, text=text)


@by_people
def let_a_bank_have_it(world: World) -> Act:
    return partial(accept_loss, chargeback_id=demanded(world).pk, by=world.dora)


def failed_refund(world: World) -> Refund:
    """The card that it was for is closed."""
    cancel_milestone(milestone_id=world.funded(REFUND_FAILS_LATER).pk, by=world.ben)
    task("payments.send_due_refunds")()
    days_pass(1)
    play_on(world.sandbox)
    return Refund.objects.get(status="failed")


@by_people
def pay_a_refund_by_other_means(world: World) -> Act:
    failed = failed_refund(world)
    return partial(settle_refund, refund_id=failed.pk, reason="Transfer 4711.", by=world.dora)


@by_the_clock
def recover_from_later_earnings(world: World) -> Act:
    """What the bank took was at Ben's bank already; then they earn again."""
    payout = scheduled(world)
    paid_out = Milestone.objects.get()
    play_on(world.sandbox)
    days_pass(A_WHILE)
    play_on(world.sandbox)
    assert Payout.objects.get(pk=payout.pk).status == Payout.Status.PAID
    demand_for(world, paid_out)
    later = world.submitted(GOOD_CARD)  # the first pays nothing more
    assert balance_of(chart.owed(payout.party, payout.currency)) > 0
    release_milestone(milestone_id=later.pk, by=world.ada)
    return task("payments.recover_debts")


def tried_and_demanded(world: World) -> Payout:
    """Its transfer was made, the answer was lost and a later call refused; then a bank takes it."""
    payout = scheduled(world)
    send = task("payments.send_due_payouts")
    assert run_apart(send, at=Point("after call send_transfer", 1)).ended == "killed"
    no_cover = GatewayRefused("balance_insufficient", "No cover yet.", retry_later=True)
    _record_refusal(payout.attempts.get(), no_cover)
    demand_for(world, Milestone.objects.get())
    world.keep_letters()
    return payout


@by_the_clock
def wish_to_call_back_a_payout_that_was_tried(world: World) -> Act:
    tried_and_demanded(world)
    return task("payments.handle_due_events")


@by_the_clock
def call_back_a_payout_that_was_tried(world: World) -> Act:
    payout = tried_and_demanded(world)
    handle_due_events()
    assert Payout.objects.get(pk=payout.pk).is_called_back
    return task("payments.cancel_due_payouts")


@by_people
def say_that_a_payout_to_a_closed_account_arrived(world: World) -> Act:
    payout = scheduled(world)
    task("payments.send_due_payouts")()
    world.lose_letters()
    ConnectedAccount.objects.update(status="closed", next_check_at=None)
    said = {"outcome": "arrived", "reason": "The bank says so."}
    return partial(attest_payout, payout_id=payout.pk, by=world.dora, **said)


# --- The provider holds money for a time only ----------------------------------------------------


@by_the_clock
def note_a_country(world: World) -> Act:
    """Ben said where his bank is, and the bell of it was lost."""
    world.funded()
    return said_thailand(world)


def said_thailand(world: World) -> Act:
    party = own_party_of(world.ben)
    ConnectedAccount.objects.create(party=party, country="TH", country_due_at=now())
    return task("payments.note_countries")


@by_the_clock
def warn_of_a_limit(world: World) -> Act:
    """Two weeks are left of ninety days."""
    world.funded()
    days_pass(77)
    return task("projects.warn_of_limits")


@by_the_clock
def pull_a_review_before_the_limit(world: World) -> Act:
    milestone = world.funded()
    days_pass(5)
    submit_work(milestone_id=milestone.pk, by=world.ben, note="Here it is.")
    days_pass(1)
    said_thailand(world)()
    return task("projects.pull_reviews")


@by_the_clock
def pull_a_dispute_before_the_limit(world: World) -> Act:
    decided_on_the_eighth_day(world)
    said_thailand(world)()
    return task("projects.pull_disputes")


@by_the_clock
def carry_out_at_the_limit(world: World) -> Act:
    decided_on_the_eighth_day(world)
    said_thailand(world)()
    days_pass(2.5)
    return task("projects.refund_at_limit")


def decided_on_the_eighth_day(world: World) -> None:
    dispute = reviewed(world)
    days_pass(8)
    decide_dispute(dispute_id=dispute.pk, by=world.dora, to_freelancer=40_000, **why())


@by_the_clock
def refund_at_the_limit(world: World) -> Act:
    world.funded()
    days_pass(91)
    return task("projects.refund_at_limit")


# --- After an outage -----------------------------------------------------------------------------


@by_the_clock
def make_up_for_an_outage(world: World) -> Act:
    """Two reviews would have ended while the house was down."""
    for _ in range(2):
        world.submitted()
    first, last = Milestone.objects.order_by("review_ends_at")
    days_pass(7.2)
    hour = timedelta(hours=1)
    Outage.objects.create(began_at=first.review_ends_at - hour, ended_at=last.review_ends_at + hour)
    return task("projects.make_up_for_outages")


# --- Money in parts, and on top ------------------------------------------------------------------


@by_people
def release_a_part(world: World) -> Act:
    milestone = world.funded()
    return partial(
        release_part, milestone_id=milestone.pk, by=world.ada, amount=40_000, once="one click"
    )


@by_people
def give_a_bonus(world: World) -> Act:
    contract = active_contract(world.ada, world.ben)
    return partial(
        give_bonus, contract_id=contract.pk, by=world.ada, amount=5_000, once="one click"
    )


def paid_bonus(world: World) -> None:
    """Ada has paid on the provider's page; nobody here knows it yet."""
    _, payment = give_a_bonus(world)()
    payment = fundings.open_pay_page(payment_id=payment.pk)
    world.sandbox.pay(payment.url)


@by_the_clock
def take_in_a_bonus(world: World) -> Act:
    paid_bonus(world)
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def tell_of_a_bonus(world: World) -> Act:
    paid_bonus(world)
    play_on(world.sandbox)
    return task("projects.tell_bonuses")


# --- What was released goes back -----------------------------------------------------------------


def question(world: World) -> Act:
    milestone = world.funded()
    release_milestone(milestone_id=milestone.pk, by=world.ada)
    return partial(
        ask_back,
        contract_id=milestone.contract_id,
        escrow_id=milestone.escrow_id,
        by=world.ada,
        amount=5_000,
        once="one click",
    )


def asked_back(world: World) -> GiveBack:
    return question(world)()


@by_people
def ask_for_it_back(world: World) -> Act:
    return question(world)


@by_people
def agree_to_give_back(world: World) -> Act:
    return partial(accept_giveback, giveback_id=asked_back(world).pk, by=world.ben)


@by_the_clock
def refund_what_was_given_back(world: World) -> Act:
    accept_giveback(giveback_id=asked_back(world).pk, by=world.ben)
    return task("payments.send_due_refunds")


@by_the_clock
def let_the_question_lapse(world: World) -> Act:
    asked_back(world)
    days_pass(4)
    return task("projects.lapse_givebacks")


# --- What waits for its payee, or for finance ----------------------------------------------------


@by_people
def change_the_bank_account(world: World) -> Act:
    failed(world)
    party = own_party_of(world.ben)
    return partial(start_onboarding, party_id=party.pk, country="US", by=world.ben)


@by_the_clock
def remind_of_a_payout_that_failed(world: World) -> Act:
    failed(world)
    days_pass(7.1)
    return task("payments.remind_of_payouts")


@by_the_clock
def let_go_what_is_held_before_the_limit(world: World) -> Act:
    earned(world)
    days_pass(78)
    party = own_party_of(world.ben)
    payout = payouts.schedule_payout(party_id=party.pk, currency="USD", by=world.ben)
    hold_payouts(party_id=party.pk, by=world.dora, days=14, reason="So.", evidence="So.")
    days_pass(5)
    payout.refresh_from_db()
    assert payout.status == "held"
    return task("payments.let_held_payouts_go")


@by_the_clock
def tell_that_a_hold_ends(world: World) -> Act:
    scheduled(world)
    party = own_party_of(world.ben)
    hold_payouts(party_id=party.pk, by=world.dora, days=3, reason="So.", evidence="So.")
    days_pass(2.1)
    return task("payments.tell_that_holds_end")


# --- The books -----------------------------------------------------------------------------------


@by_people
def ask_for_a_comparison(world: World) -> Act:
    world.funded()
    return partial(ask_for_run, by=world.dora)


@by_the_clock
def compare_the_books(world: World) -> Act:
    scheduled(world)
    play_on(world.sandbox)
    days_pass(1.5)
    return task("payments.reconcile")


@by_the_clock
def take_snapshots(world: World) -> Act:
    world.funded()
    return task("payments.take_snapshots")


# --- A side is suspended -------------------------------------------------------------------------


@by_the_clock
def let_a_suspension_end(world: World) -> Act:
    """Whom it concerns is told, and the other side of their contract."""
    active_contract(world.ada, world.ben)
    suspended(world.ben, world.dora, days=2)
    days_pass(2.1)
    return task("projects.end_due_holds")


@by_the_clock
def chase_a_late_answer_to_an_appeal(world: World) -> Act:
    """Whom it concerns is told, and whoever may answer."""
    hold = suspended(world.ben, world.dora, days=20)
    appeal_hold(hold_id=hold.pk, statement="It was not me.", by=world.ben)
    days_pass(5)
    return task("projects.chase_hold_appeals")


# --- Nobody funds it ----------------------------------------------------------------------------


@by_people
def leave_what_was_not_funded(world: World) -> Act:
    """The client's time to fund it is over."""
    contract = active_contract(world.ada, world.ben, [100_000, 50_000])
    days_pass(15)
    world.calm()
    assert contract.funding_due_at and contract.funding_due_at < now()
    return partial(
        leave_contract, contract_id=contract.pk, by=world.ben, seen=tag_for(contract, world.ben)
    )


@by_the_clock
def warn_that_nothing_is_funded(world: World) -> Act:
    """Two weeks are the client's; both are warned before they are over."""
    active_contract(world.ada, world.ben, [100_000, 50_000])
    days_pass(13.5)
    return task("projects.tell_reminders")


@by_the_clock
def stop_the_time_to_fund(world: World) -> Act:
    """The money is here, and the floor above has not heard: then nobody is warned any more."""
    contract = active_contract(world.ada, world.ben, [100_000, 50_000])
    world.paid_page(milestone=contract.milestones.get(position=1))
    world.keep_letters()
    task("payments.handle_due_events")()
    return task("projects.tell_fundings")
