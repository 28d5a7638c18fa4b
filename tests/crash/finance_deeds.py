"""Deeds of staff that move money or let it stand still: refunds and payouts in trouble, holds, what
two of finance do, and what differs from the books of the provider.
"""

import contextlib
from collections.abc import Callable
from functools import partial

import pytest

from accounts.holds.services import appeal_hold, uphold_hold
from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.fundings.models import Payment
from payments.payees.models import ConnectedAccount
from payments.payouts.attesting.services import attest_payout
from payments.payouts.cancelling.services import cancel_payout, finish_cancelling
from payments.payouts.holding.services import hold_payouts, lift_hold
from payments.payouts.models import Payout
from payments.policies.services import add_version
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.services import (
    attest_payout_or_propose,
    confirm_deed,
    return_deed,
    settle_difference_or_propose,
    settle_refund_or_propose,
)
from payments.reconciliation.selectors import open_differences
from payments.refunds.services import retry_refund
from projects.holds.services import free_person, suspend_person
from tests.crash.deeds import Act, by_people, by_the_clock, earned, failed, scheduled, task
from tests.crash.points import Point, run_apart
from tests.crash.rare_deeds import failed_refund
from tests.crash.world import World
from tests.payments.reconciling import charged_by_others, reconciled
from tests.payments.test_payouts_at_closed_accounts import close
from tests.payments.world import days_pass
from tests.projects.holds_world import WHY, suspended
from tests.sandbox import GOOD_BANK, play_on
from tests.world import active_contract, person

SAID = {"reason": "Its bank says so, letter of 3 May."}


# --- A refund that failed ------------------------------------------------------------------------


@by_people
def try_a_failed_refund_again(world: World) -> Act:
    return partial(retry_refund, refund_id=failed_refund(world).pk, by=world.dora)


@by_the_clock
def try_a_failed_refund_again_by_the_clock(world: World) -> Act:
    failed_refund(world)
    days_pass(1)
    return task("payments.send_due_refunds")


# --- A payout to a closed account ----------------------------------------------------------------


def stranded(world: World) -> Payout:
    """It is on its way, and its account is closed."""
    payout = scheduled(world)
    task("payments.send_due_payouts")()
    close(world.sandbox)
    play_on(world.sandbox)
    payout.refresh_from_db()
    assert payout.status == Payout.Status.IN_TRANSIT
    return payout


def came_back(world: World) -> Payout:
    """So finance says; its bank has it, in truth."""
    return attest_payout(payout_id=stranded(world).pk, outcome="came_back", by=world.dora, **SAID)


def not_taken_back(world: World) -> Payout:
    payout = came_back(world)
    with pytest.raises(WrongState):
        cancel_payout(payout_id=payout.pk, by=world.ben)
    return payout


@by_people
def say_that_a_payout_came_back(world: World) -> Act:
    """Then its payee cancels it, and its transfer is taken back."""
    payout = stranded(world)
    (attempt,) = payout.attempts.all()
    world.sandbox.ask("POST", f"/payouts/{attempt.remote_id}/fail")

    def say_and_cancel() -> None:
        with contextlib.suppress(WrongState):  # it was said before
            attest_payout(payout_id=payout.pk, outcome="came_back", by=world.dora, **SAID)
        cancel_payout(payout_id=payout.pk, by=world.ben)

    return say_and_cancel


@by_people
def say_by_its_id_that_a_payout_arrived(world: World) -> Act:
    """The answer with that id was lost, and then its account was closed."""
    payout = scheduled(world)
    send = task("payments.send_due_payouts")
    assert run_apart(send, at=Point("after call send_payout", 1)).ended == "killed"
    account = ConnectedAccount.objects.get().remote_id
    (at_the_bank,) = world.sandbox.api("GET", "/v1/payouts", account=account)["data"]
    close(world.sandbox)
    world.lose_letters()
    ConnectedAccount.objects.update(status="closed", next_check_at=None)
    return partial(
        attest_payout,
        payout_id=payout.pk,
        outcome="arrived",
        bank_payout=at_the_bank["id"],
        by=world.dora,
        **SAID,
    )


@by_people
def ask_for_a_payout_that_its_bank_has(world: World) -> Act:
    """The provider does not take it back; then finance says that it has arrived."""
    payout = came_back(world)

    def ask() -> None:
        with pytest.raises(WrongState):
            cancel_payout(payout_id=payout.pk, by=world.ben)
        with contextlib.suppress(WrongState):  # a wish that was cut short, as the sweep does
            finish_cancelling(payout_id=payout.pk)
        attest_payout(payout_id=payout.pk, outcome="arrived", by=world.dora, **SAID)

    return ask


@by_people
def say_that_a_payout_is_lost(world: World) -> Act:
    payout = not_taken_back(world)
    return partial(attest_payout, payout_id=payout.pk, outcome="lost", by=world.dora, **SAID)


# --- Two of finance ------------------------------------------------------------------------------


def two_of_finance() -> User:
    """From now on nobody books 500.00 alone; the second one."""
    add_version({"second_mediator_units": 500})
    return grant_staff_roles(user_id=person("Fay").pk, roles={"finance"}, by=SYSTEM)


def wish_about_a_refund(world: World) -> Act:
    return partial(
        settle_refund_or_propose,
        refund_id=failed_refund(world).pk,
        reason="Transfer 4711.",
        by=world.dora,
    )


def wished(world: World, wish: Callable[[World], Act]) -> tuple[ProposedDeed, User]:
    fay = two_of_finance()
    wish(world)()
    return ProposedDeed.objects.get(), fay


@by_people
def wish_that_a_refund_is_settled(world: World) -> Act:
    two_of_finance()
    return wish_about_a_refund(world)


@by_people
def confirm_that_a_refund_is_settled(world: World) -> Act:
    proposed, fay = wished(world, wish_about_a_refund)
    return partial(confirm_deed, proposed_id=proposed.pk, by=fay)


@by_people
def return_what_another_wishes(world: World) -> Act:
    proposed, fay = wished(world, wish_about_a_refund)
    return partial(return_deed, proposed_id=proposed.pk, by=fay, why="There is no such transfer.")


@by_people
def two_say_that_a_payout_has_arrived(world: World) -> Act:
    fay, payout = two_of_finance(), stranded(world)

    def wish_and_confirm() -> None:
        with contextlib.suppress(WrongState):  # it was wished before
            attest_payout_or_propose(payout_id=payout.pk, outcome="arrived", by=world.dora, **SAID)
        confirm_deed(proposed_id=ProposedDeed.objects.get().pk, by=fay)

    return wish_and_confirm


def wish_about_a_difference(world: World) -> Act:
    charged_by_others(world.sandbox, 60_000)
    return settling(world, "own_funds")


@by_people
def confirm_what_differs(world: World) -> Act:
    proposed, fay = wished(world, wish_about_a_difference)
    return partial(confirm_deed, proposed_id=proposed.pk, by=fay)


# --- What differs from the provider's books ------------------------------------------------------


def settling(world: World, deed: str) -> Act:
    """The only difference that another comparison finds."""
    reconciled()
    return partial(
        settle_difference_or_propose,
        difference_id=open_differences().get().pk,
        deed=deed,
        reason="Looked it up.",
        by=world.dora,
    )


@by_people
def book_a_foreign_charge(world: World) -> Act:
    charged_by_others(world.sandbox, 5_000)
    return settling(world, "own_funds")


@by_people
def give_back_a_foreign_charge(world: World) -> Act:
    """It was meant for a milestone that is funded."""
    world.funded()
    payment = Payment.objects.get()
    charged_by_others(world.sandbox, payment.amount, payment=payment.public_id)
    return settling(world, "give_back")


@by_people
def follow_a_refund_of_others(world: World) -> Act:
    """Less is held since."""
    world.funded()
    charge = Payment.objects.get().charge_id
    world.sandbox.api("POST", "/v1/refunds", charge=charge, amount=1_000)
    return settling(world, "take_from_held")


@by_people
def bear_a_refund_of_others(world: World) -> Act:
    """More than is held, of what was released."""
    earned(world)
    charge = Payment.objects.get().charge_id
    world.sandbox.api("POST", "/v1/refunds", charge=charge, amount=1_000)
    return settling(world, "bear_refund")


@by_people
def take_a_payout_of_others_for_ours(world: World) -> Act:
    payout = failed(world)
    account = ConnectedAccount.objects.get().remote_id
    world.sandbox.onboard(account, bank=GOOD_BANK)
    play_on(world.sandbox)
    form = {"amount": payout.amount, "currency": "usd"}
    world.sandbox.api("POST", "/v1/payouts", account=account, **form)
    return settling(world, "match_payout")


@by_people
def end_a_payout_that_others_took_back(world: World) -> Act:
    payout = failed(world)
    path = f"/v1/transfers/{payout.transfer_id}/reversals"
    world.sandbox.api("POST", path, amount=payout.amount)
    return settling(world, "end_payout")


# --- Holds ---------------------------------------------------------------------------------------


def holding(world: World) -> Act:
    party = own_party_of(world.ben)
    return partial(hold_payouts, party_id=party.pk, by=world.dora, days=7, **WHY)


@by_people
def hold_what_goes_out(world: World) -> Act:
    scheduled(world)
    return holding(world)


@by_people
def let_go_what_was_held(world: World) -> Act:
    scheduled(world)
    return partial(lift_hold, hold_id=holding(world)().pk, by=world.dora)


@by_people
def appeal_against_a_hold(world: World) -> Act:
    scheduled(world)
    hold = holding(world)()
    return partial(appeal_hold, hold_id=hold.pk, statement="It is mine.", by=world.ben)


@by_people
def uphold_a_hold(world: World) -> Act:
    appeal = appeal_against_a_hold(world)
    hold = appeal()
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={"finance"}, by=SYSTEM)
    return partial(uphold_hold, hold_id=hold.pk, ruling="It stands.", by=fay)


@by_people
def suspend_somebody(world: World) -> Act:
    active_contract(world.ada, world.ben)
    party = own_party_of(world.ben)
    return partial(suspend_person, party_id=party.pk, by=world.dora, days=7, **WHY)


@by_people
def let_somebody_begin_anew(world: World) -> Act:
    active_contract(world.ada, world.ben)
    return partial(free_person, hold_id=suspended(world.ben, world.dora).pk, by=world.dora)
