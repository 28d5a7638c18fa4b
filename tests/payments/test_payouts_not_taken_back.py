"""A transfer that the provider never takes back from a closed account: finance says what became of
it, and the books say who bears it.
"""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.attesting import services as attesting
from payments.payouts.attesting.services import attest_payout
from payments.payouts.cancelling.services import cancel_payout, wish_to_cancel
from payments.payouts.models import Earning, Payout
from payments.payouts.selectors import payouts_in_trouble, unreturned_payouts
from payments.payouts.sending import services as sending
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.services import attest_payout_or_propose, confirm_deed
from tests.against_the_rules import force
from tests.payments.payout_world import (
    available,
    leaving,
    now_of,
    stranded,
    the_books_agree,
    unreturned,
)
from tests.payments.test_payouts_at_closed_accounts import stranded_at
from tests.payments.world import with_account
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after
from tests.sandbox import Sandbox, play_on
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

WHY = {"reason": "The provider’s desk says so, case 12."}
BOTH = pytest.mark.parametrize("status", ["failed", "scheduled"])


def lost() -> int:
    return -balance_of(chart.losses("USD"))


def say(payout: Payout, outcome: str, by, **more) -> Payout:
    return attest_payout(payout_id=payout.pk, outcome=outcome, by=by, **(WHY | more))


# --- The whole way -------------------------------------------------------------------------------


def stuck_at(ada, ben, dora, sandbox: Sandbox) -> Payout:
    """Finance was wrong, the bank has it: nothing is left at the account to be taken back."""
    payout = stranded_at(ada, ben, sandbox)
    play_on(sandbox)
    say(payout, "came_back", dora)
    with_account(sandbox, ben)
    with pytest.raises(WrongState, match="cannot take this money back"):
        cancel_payout(payout_id=payout.pk, by=ben)
    with pytest.raises(WrongState, match="account that was closed"):
        payouts.retry_payout(payout_id=payout.pk, by=ben)
    with pytest.raises(WrongState, match="Your last payout failed"):
        payouts.schedule_payout(party_id=payout.party_id, currency="USD", by=ben)
    return now_of(payout)


def test_what_its_payee_has_is_paid_and_nothing_is_sent_twice(ada, ben, dora, sandbox):
    payout = stuck_at(ada, ben, dora, sandbox)
    assert list(payouts_in_trouble()) == [payout]

    say(payout, "arrived", dora)

    assert (now_of(payout).status, available(ben), lost()) == ("paid", 0, 0)
    assert not payouts_in_trouble().exists()
    the_books_agree(sandbox)


def test_what_is_lost_the_platform_bears_and_its_payee_is_paid_anew(ada, ben, dora, sandbox):
    payout = stuck_at(ada, ben, dora, sandbox)

    say(payout, "lost", dora)

    assert (now_of(payout).status, available(ben), lost()) == ("cancelled", 97_000, 97_000)
    call_command("check_ledger")
    again = payouts.schedule_payout(party_id=payout.party_id, currency="USD", by=ben)
    assert again.amount == 97_000


# --- Each outcome --------------------------------------------------------------------------------


@BOTH
def test_arrived_after_all_it_is_paid(ada, ben, dora, status):
    payout = unreturned(ada, ben, status=status)

    say(payout, "arrived", dora)

    assert (now_of(payout).status, leaving(payout), available(ben)) == ("paid", 0, 0)
    assert payout.attempts.get().failure_code == ""
    assert Notification.objects.filter(kind="payout_paid", recipient=ben).count() == 1
    call_command("check_ledger")


@BOTH
def test_lost_it_is_the_platforms_cost_and_its_earnings_wait_for_the_next(ada, ben, dora, status):
    payout = unreturned(ada, ben, status=status)

    say(payout, "lost", dora)

    assert (now_of(payout).status, leaving(payout), available(ben)) == ("cancelled", 0, 97_000)
    assert lost() == 97_000 and payout.lost_at
    assert Earning.objects.get().payout is None
    assert Notification.objects.filter(kind="payout_cancelled", recipient=ben).count() == 1
    call_command("check_ledger")
    ConnectedAccount.objects.update(status="active", remote_id="acct_new")
    again = payouts.schedule_payout(party_id=payout.party_id, currency="USD", by=ben)
    assert again.amount == 97_000


@pytest.mark.parametrize("outcome", ["arrived", "lost"])
def test_what_the_house_calls_back_for_a_debt_ends_too(ada, ben, dora, outcome):
    """It would ask the provider for ever."""
    payout = unreturned(ada, ben, status="scheduled")
    Payout.objects.update(cancel_wished_at=payout.created_at)
    assert now_of(payout).is_called_back

    say(payout, outcome, dora)

    assert now_of(payout).cancel_wished_at is None
    call_command("check_ledger")


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["arrived", "lost"])
def test_not_before_the_provider_refused_and_only_of_a_closed_account(ada, ben, dora, outcome):
    payout = unreturned(ada, ben)
    Payout.objects.update(reversal_refused_at=None)
    with pytest.raises(WrongState, match="can still take it back"):
        say(payout, outcome, dora)
    Payout.objects.update(reversal_refused_at=payout.created_at)
    ConnectedAccount.objects.update(status="active")
    with pytest.raises(WrongState, match="can still take it back"):
        say(payout, outcome, dora)
    ConnectedAccount.objects.update(status="closed")
    wish_to_cancel(payout_id=payout.pk, by=ben)
    with pytest.raises(WrongState, match="being cancelled"):
        say(payout, outcome, dora)
    assert (available(ben), lost()) == (97_000, 0)


def test_what_is_under_way_is_not_lost_and_what_failed_has_not_come_back(ada, ben, dora):
    payout = stranded(ada, ben)
    with pytest.raises(WrongState):
        say(payout, "lost", dora)
    force(Payout, status="failed", reversal_refused_at=payout.created_at)
    with pytest.raises(WrongState):
        say(payout, "came_back", dora)
    force(Payout, status="in_transit", reversal_refused_at=None)


@pytest.mark.parametrize("outcome", ["arrived", "lost"])
def test_only_finance_says_so_and_why_and_not_of_what_is_theirs(ada, ben, cleo, dora, outcome):
    payout = unreturned(ada, ben)
    grant_staff_roles(user_id=ben.pk, roles={"finance"}, by=SYSTEM)
    for one in (ada, ben, cleo):
        with pytest.raises(NotAllowed):
            say(payout, outcome, one)
    for reason in (" ", "x" * 2_001):
        with pytest.raises(InvalidInput):
            say(payout, outcome, dora, reason=reason)
    assert now_of(payout).status == "failed"


def test_what_lies_at_a_live_account_is_not_said_to_be_lost(ada, ben, dora):
    """An attempt from before the transfer went to an account that was closed; the money did not."""
    payout = unreturned(ada, ben)
    assert payout in payouts_in_trouble() and payout in unreturned_payouts()
    ConnectedAccount.objects.update(remote_id="acct_new", status="active")
    assert payout in unreturned_payouts()

    payout.attempts.create(number=2, destination="acct_new", failure_code="no_account")

    assert payout not in unreturned_payouts()
    with pytest.raises(WrongState):
        say(payout, "lost", dora)


def test_it_fails_and_arrives_as_often_as_the_provider_says(ada, ben, dora):
    payout = unreturned(ada, ben)
    payout.attempts.update(remote_id="po_9")
    for _ in range(2):
        say(payout, "arrived", dora)
        assert (now_of(payout).status, available(ben)) == ("paid", 0)
        sending.fail(payout, payout.attempts.get(), "account_closed")
        assert (now_of(payout).status, available(ben)) == ("failed", 97_000)
    call_command("check_ledger")


def test_what_arrived_and_is_not_known_is_named(ada, ben, dora):
    payout = unreturned(ada, ben)
    payout.attempts.update(remote_id="")
    with pytest.raises(InvalidInput) as refusal:
        say(payout, "arrived", dora)
    assert refusal.value.param == "bank_payout"
    say(payout, "arrived", dora, bank_payout="po_9")
    assert payout.attempts.get().remote_id == "po_9"


def test_above_the_limit_two_say_so(ada, ben, dora):
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={"finance"}, by=SYSTEM)
    payout = unreturned(ada, ben, amount=600_000)
    with pytest.raises(WrongState) as refusal:
        say(payout, "lost", dora)
    assert refusal.value.code == "second_person_needed"
    wish = attest_payout_or_propose(payout_id=payout.pk, outcome="lost", by=dora, **WHY)
    assert (wish.what, lost()) == ("A payout is lost", 0)

    confirm_deed(proposed_id=wish.pk, by=fay)

    assert (now_of(payout).status, lost()) == ("cancelled", 582_000)
    assert ProposedDeed.objects.get().status == "confirmed"
    call_command("check_ledger")


def test_the_database_keeps_what_is_lost_from_being_anything_else(ada, ben, dora):
    payout = unreturned(ada, ben)
    with pytest.raises(IntegrityError, match="what_is_lost"), transaction.atomic():
        Payout.objects.update(lost_at=payout.created_at)


# --- Its page and its call -----------------------------------------------------------------------


def test_it_is_done_at_the_desk(ada, ben, dora):
    payout = unreturned(ada, ben)
    desk, page = browser(dora), f"/desk/payouts/{payout.public_id}/attest/"
    listed = desk.get("/desk/").content.decode()
    assert page in listed and "cannot be taken back from a closed account" in listed
    shown = desk.get(page).content.decode()
    assert "the platform bears it" in shown and "It came back" not in shown
    assert desk.post(page, {"outcome": "came_back"} | WHY).status_code == 400

    answer = desk.post(page, {"outcome": "lost"} | WHY)

    assert (answer.status_code, now_of(payout).status) == (302, "cancelled")
    assert desk.get(page).status_code == 404


def test_it_is_done_by_a_program_once(ada, ben, dora):
    payout = unreturned(ada, ben)
    path = f"/api/v1/desk/payouts/{payout.public_id}/attest/"
    assert api_of(ben).post(path, {"outcome": "lost"} | WHY).status_code in (403, 404)
    answer = api_of(dora).post(path, {"outcome": "lost"} | WHY)
    assert answer.json() == {"id": payout.public_id, "status": "cancelled", "waits_for": ""}
    assert api_of(dora).post(path, {"outcome": "lost"} | WHY).status_code == 404
    assert not unreturned_payouts().exists()


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_say_one_thing(ada, ben, dora, bells):
    payout = unreturned(ada, ben)

    outcomes = at_once(
        *[lambda: say(payout, "arrived", dora)] * 4, *[lambda: say(payout, "lost", dora)] * 4
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert (now_of(payout).status == "cancelled") == (lost() == 97_000)
    call_command("check_ledger")


@pytest.mark.django_db(transaction=True)
def test_without_its_lock_it_is_booked_once(ada, ben, dora, bells, monkeypatch):
    payout = unreturned(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, attesting, "refuse_if_being_cancelled")

    assert at_once(*[lambda: say(payout, "lost", dora)] * 8) == ["done"] * 8

    assert Transfer.objects.filter(kind="transfer_lost").count() == 1
