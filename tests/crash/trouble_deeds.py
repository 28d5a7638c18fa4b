"""Deeds in which the provider or a bank says no or takes its word back, and in which money comes in
parts, or twice.
"""

from functools import partial
from unittest.mock import patch

import pytest
import stripe
from stripe.v2.core import AccountService

from marketplace.common.clock import now
from marketplace.common.errors import DomainError, WrongState
from payments.chargebacks.answering.services import send_evidence
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.payees import services as payees
from payments.payees.models import ConnectedAccount
from payments.payees.selectors import COUNTRIES
from payments.payouts.models import Payout
from projects.milestones.models import Milestone
from projects.milestones.services import cancel_milestone, fund_milestone
from tests.crash.deeds import Act, by_people, by_the_clock, scheduled, set_up_payouts, task
from tests.crash.points import Point, run_apart
from tests.crash.rare_deeds import demand_for, demanded
from tests.crash.world import World
from tests.payments.world import A_WHILE, asked, days_pass, opened
from tests.sandbox import (
    AVAILABLE_AT_ONCE,
    CLOSED_ACCOUNT,
    GOOD_ACCOUNT,
    GOOD_CARD,
    SENDS_BACK_LATER,
    play_on,
)
from tests.world import planned_milestone

# --- In parts, and twice -------------------------------------------------------------------------


@by_people
def top_up(world: World) -> Act:
    """40,000 of 100,000 are held."""
    milestone = world.funded(amount=40_000)
    return partial(fund_milestone, milestone_id=milestone.pk, by=world.ada)


@by_the_clock
def take_in_what_tops_up(world: World) -> Act:
    world.paid_page(milestone=world.funded(amount=40_000))
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def give_back_what_is_paid_twice(world: World) -> Act:
    """The answer with the first page was lost; Ada pays on both."""
    milestone = planned_milestone(world.ada, world.ben)
    payment = fund_milestone(milestone_id=milestone.pk, by=world.ada)
    open_page = partial(fundings.open_pay_page, payment_id=payment.pk)
    assert run_apart(open_page, at=Point("after call open_pay_page", 1)).ended == "killed"
    days_pass(A_WHILE)
    open_page()
    pages = world.sandbox.api("GET", "/v1/checkout/sessions")["data"]
    assert len(pages) == 2
    for page in pages:
        world.sandbox.pay(page["url"], AVAILABLE_AT_ONCE)
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def wait_for_the_providers_fee(world: World) -> Act:
    """It has the money, and has not booked yet what it keeps of it."""
    world.paid_page(GOOD_CARD)
    world.keep_letters()
    task("payments.handle_due_events")()
    world.lose_letters()
    Payment.objects.update(next_check_at=now())
    return task("payments.ask_about_due_payments")


# --- By debit ------------------------------------------------------------------------------------


@by_the_clock
def hear_that_a_bank_brings_it(world: World) -> Act:
    world.paid_page(GOOD_ACCOUNT)
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def hear_that_a_bank_does_not_bring_it(world: World) -> Act:
    world.paid_page(CLOSED_ACCOUNT)
    play_on(world.sandbox)
    days_pass(A_WHILE)
    world.keep_letters()
    return task("payments.handle_due_events")


def returned_debit(world: World) -> None:
    """The bank takes back what it had paid; nobody here knows it yet."""
    world.funded(GOOD_ACCOUNT)
    days_pass(3)  # by then the provider has booked it
    play_on(world.sandbox)
    world.sandbox.ask("POST", f"/charges/{Payment.objects.get().charge_id}/return")


@by_the_clock
def hear_that_a_debit_was_returned(world: World) -> Act:
    returned_debit(world)
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def find_that_a_debit_was_returned(world: World) -> Act:
    returned_debit(world)
    world.lose_letters()
    days_pass(1.5)
    return task("payments.reconcile")


# --- Payouts -------------------------------------------------------------------------------------


def paid_and_sent_back(world: World) -> None:
    """The bank says so minutes after it had said that it has it; nobody here knows it yet."""
    payout = scheduled(world, bank=SENDS_BACK_LATER)
    play_on(world.sandbox)
    days_pass(A_WHILE)
    play_on(world.sandbox)
    payout.refresh_from_db()
    assert payout.status == Payout.Status.PAID
    days_pass(A_WHILE)


@by_the_clock
def hear_that_a_paid_payout_came_back(world: World) -> Act:
    paid_and_sent_back(world)
    world.keep_letters()
    return task("payments.handle_due_events")


@by_the_clock
def learn_by_asking_that_a_paid_payout_came_back(world: World) -> Act:
    paid_and_sent_back(world)
    world.lose_letters()
    days_pass(7.1)
    return task("payments.send_due_payouts")


@by_the_clock
def send_a_payout_that_is_refused(world: World) -> Act:
    """The account lost its capability after the house had looked."""
    scheduled(world)
    world.sandbox.trouble({"fault": "capability_revoked"})
    return task("payments.send_due_payouts")


@by_the_clock
def send_a_payout_without_cover(world: World) -> Act:
    """Somebody has taken the platform's own money out; what others pay covers it a minute later."""
    scheduled(world)
    balance = world.sandbox.api("GET", "/v1/balance")["available"][0]["amount"]
    world.sandbox.api("POST", "/v1/payouts", amount=balance - 50_000, currency="usd")
    world.paid_page(GOOD_CARD)
    world.lose_letters()
    return task("payments.send_due_payouts")


@by_the_clock
def keep_a_payout_for_an_account_that_is_restricted(world: World) -> Act:
    scheduled(world)
    world.sandbox.ask("POST", f"/accounts/{ConnectedAccount.objects.get().remote_id}/restrict")
    world.lose_letters()
    return task("payments.send_due_payouts")


@by_the_clock
def call_back_a_payout_that_waits(world: World) -> Act:
    """Before it is sent, a bank takes back what it is made of."""
    scheduled(world)
    demand_for(world, Milestone.objects.get())
    world.keep_letters()
    return task("payments.handle_due_events")


# --- Others --------------------------------------------------------------------------------------


@by_the_clock
def send_a_refund_that_is_refused(world: World) -> Act:
    """A bank has taken the money, of which the letter was lost."""
    milestone = world.funded()
    cancel_milestone(milestone_id=milestone.pk, by=world.ben)
    demand_for(world, milestone)
    world.lose_letters()
    return task("payments.send_due_refunds")


@by_people
def open_a_page_that_is_refused(world: World) -> Act:
    """It is less than a card can carry."""
    payment = asked(opened(world.ada, world.ben, amount=20))

    def open_it() -> None:
        with pytest.raises(DomainError, match="does not take this payment"):
            fundings.open_pay_page(payment_id=payment.pk)

    return open_it


@by_people
def set_up_payouts_where_it_is_refused(world: World) -> Act:
    begin = set_up_payouts(world)

    def set_up() -> None:
        with (
            patch.dict(COUNTRIES, {"ZZ": "A country that the provider does not know"}),
            pytest.raises(DomainError, match="could not set this up"),
        ):
            begin(country="ZZ")

    return set_up


@by_people
def look_at_an_account_of_which_nothing_is_said(world: World) -> Act:
    set_up_payouts(world)()
    account = ConnectedAccount.objects.get()
    world.sandbox.onboard(account.remote_id)
    play_on(world.sandbox)
    no = stripe.InvalidRequestError("No such account.", None, code="missing", http_status=404)

    def look() -> None:
        with patch.object(AccountService, "retrieve", side_effect=no):
            payees.refresh_account(account_id=account.pk)

    return look


@by_people
def answer_a_bank_that_has_ruled(world: World) -> Act:
    chargeback = demanded(world)
    world.sandbox.ask("POST", f"/disputes/{chargeback.remote_id}/close", outcome="lost")
    world.lose_letters()

    def answer() -> None:
        with pytest.raises(WrongState):
            send_evidence(chargeback_id=chargeback.pk, by=world.dora, text="It was accepted.")

    return answer
