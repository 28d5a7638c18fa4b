"""An account is closed while a payout is on its way from it: the provider says nothing any more."""

import pytest
from django.core.management import call_command

from accounts.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.gateway.base import RemotePayout, State
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.attesting import services as attesting
from payments.payouts.attesting.services import attest_payout
from payments.payouts.cancelling.services import cancel_payout
from payments.payouts.models import Payout
from payments.payouts.selectors import payouts_in_trouble, payouts_to_attest
from payments.payouts.sending.services import record_payout, send_payout
from tests.payments.payout_world import (
    arrive,
    available,
    earned,
    leaving,
    now_of,
    scheduled,
    stranded,
    the_books_agree,
    transfers_at,
)
from tests.payments.world import days_pass, with_account
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after
from tests.sandbox import Sandbox, play_on
from tests.world import api_of, browser

pytestmark = pytest.mark.django_db

WHY = {"reason": "Its bank confirms it, letter of 3 May."}


def close(sandbox: Sandbox) -> None:
    """By its word nothing stands there: the payout was taken from it when it was made."""
    account = ConnectedAccount.objects.get().remote_id
    sandbox.session.post(
        f"{sandbox.url}/v2/core/accounts/{account}/close",
        json={},
        headers={"Authorization": "Bearer sk_test_milepost"},
        timeout=10,
    ).raise_for_status()


def stranded_at(ada, ben, sandbox: Sandbox) -> Payout:
    payout = scheduled(ada, ben, sandbox)
    send_payout(payout_id=payout.pk)
    assert now_of(payout).status == "in_transit"
    close(sandbox)
    return payout


# --- The whole way -------------------------------------------------------------------------------


def test_it_stays_on_its_way_and_stands_at_the_desk_until_finance_says_that_it_arrived(
    ada, ben, dora, sandbox
):
    payout = stranded_at(ada, ben, sandbox)
    days_pass(2)
    play_on(sandbox)
    assert (now_of(payout).status, leaving(payout)) == ("in_transit", 97_000)
    assert list(payouts_to_attest()) == list(payouts_in_trouble()) == [payout]

    attest_payout(payout_id=payout.pk, outcome="arrived", by=dora, **WHY)

    assert (now_of(payout).status, leaving(payout), available(ben)) == ("paid", 0, 0)
    assert not payouts_in_trouble().exists()
    with_account(sandbox, ben)
    earned(ada, ben, sandbox)
    days_pass(7)
    arrive(sandbox)
    assert Payout.objects.latest("pk").status == "paid"
    the_books_agree(sandbox)


def test_what_came_back_is_taken_back_at_the_provider_and_goes_to_the_new_account(
    ada, ben, dora, sandbox
):
    payout = stranded_at(ada, ben, sandbox)
    bank_payout = payout.attempts.get().remote_id
    sandbox.ask("POST", f"/payouts/{bank_payout}/fail")
    play_on(sandbox)
    assert now_of(payout).status == "in_transit"

    attest_payout(payout_id=payout.pk, outcome="came_back", by=dora, **WHY)

    assert (now_of(payout).status, payout.failure_code) == ("failed", "account_replaced")
    assert (leaving(payout), available(ben)) == (0, 97_000)
    with_account(sandbox, ben)
    with pytest.raises(WrongState, match="account that was closed"):
        payouts.retry_payout(payout_id=payout.pk, by=ben)
    cancel_payout(payout_id=payout.pk, by=ben)
    assert transfers_at(sandbox)[0]["amount_reversed"] == 97_000
    days_pass(1.1)
    arrive(sandbox)
    assert Payout.objects.latest("pk").status == "paid"
    assert len(transfers_at(sandbox)) == 2
    the_books_agree(sandbox)


def test_what_did_not_come_back_is_never_sent_twice(ada, ben, dora, sandbox):
    """Finance was wrong: the bank has it."""
    payout = stranded_at(ada, ben, sandbox)
    play_on(sandbox)
    attest_payout(payout_id=payout.pk, outcome="came_back", by=dora, **WHY)
    with_account(sandbox, ben)

    with pytest.raises(WrongState, match="cannot take this money back"):
        cancel_payout(payout_id=payout.pk, by=ben)

    days_pass(2)
    arrive(sandbox)
    assert (now_of(payout).status, len(transfers_at(sandbox))) == ("failed", 1)


def test_one_to_an_account_that_made_room_for_another_is_stranded_as_well(ada, ben, dora):
    payout = stranded(ada, ben)
    ConnectedAccount.objects.update(
        status="active", remote_id="acct_new", past_remote_ids=["acct_ben"]
    )

    assert payouts_to_attest().get() == payout
    attest_payout(payout_id=payout.pk, outcome="arrived", by=dora, **WHY)

    told = Notification.objects.filter(kind="payout_paid").get()
    assert told.recipient == ben
    call_command("check_ledger")


def test_should_the_provider_speak_again_its_word_counts(ada, ben, dora):
    payout = stranded(ada, ben)
    attest_payout(payout_id=payout.pk, outcome="arrived", by=dora, **WHY)

    record_payout(
        remote=RemotePayout("po_1", "acct_ben", payout.public_id, 1, State.FAILED, 97_000, "USD")
    )

    assert (now_of(payout).status, available(ben)) == ("failed", 97_000)
    call_command("check_ledger")


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["arrived", "came_back"])
def test_only_finance_says_so_and_not_of_what_is_theirs(ada, ben, cleo, dora, outcome):
    payout = stranded(ada, ben)
    grant_staff_roles(user_id=ben.pk, roles={"finance"}, by=SYSTEM)

    for person in (ada, ben, cleo):
        with pytest.raises(NotAllowed):
            attest_payout(payout_id=payout.pk, outcome=outcome, by=person, **WHY)
    attest_payout(payout_id=payout.pk, outcome=outcome, by=dora, **WHY)


@pytest.mark.parametrize("outcome", ["arrived", "came_back"])
def test_what_the_provider_can_say_nobody_says_for_it(ada, ben, dora, outcome):
    payout = stranded(ada, ben)
    ConnectedAccount.objects.update(status="restricted")

    with pytest.raises(WrongState, match="Its account answers"):
        attest_payout(payout_id=payout.pk, outcome=outcome, by=dora, **WHY)
    assert not payouts_to_attest().exists()
    ConnectedAccount.objects.update(status="closed")
    Payout.objects.update(transfer_id="")
    with pytest.raises(WrongState, match="whether its transfer was made"):
        attest_payout(payout_id=payout.pk, outcome=outcome, by=dora, **WHY)

    assert leaving(payout) == 97_000


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({"outcome": "gone"}, "outcome"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"bank_payout": ""}, "bank_payout"),
        ({"bank_payout": "tr_1"}, "bank_payout"),
        ({"bank_payout": "po_" + "x" * 300}, "bank_payout"),
    ],
)
def test_what_is_not_said_in_full_changes_nothing(ada, ben, dora, said, param):
    payout = stranded(ada, ben, status="sending", remote_id="")

    with pytest.raises(InvalidInput) as refusal:
        attest_payout(
            payout_id=payout.pk,
            by=dora,
            **({"outcome": "arrived", "bank_payout": "po_9"} | WHY | said),
        )

    assert refusal.value.param == param
    assert (now_of(payout).status, leaving(payout)) == ("sending", 97_000)


def test_one_of_which_we_were_never_told_arrives_by_its_id(ada, ben, dora):
    payout = stranded(ada, ben, status="sending", remote_id="")
    other = payout.party.payouts.create(amount=1, currency="EUR")
    other.attempts.create(number=1, destination="acct_ben", remote_id="po_other", failure_code="x")
    with pytest.raises(InvalidInput, match="another one of ours"):
        attest_payout(
            payout_id=payout.pk, outcome="arrived", by=dora, bank_payout="po_other", **WHY
        )

    attest_payout(payout_id=payout.pk, outcome="arrived", by=dora, bank_payout=" po_9 ", **WHY)

    assert (now_of(payout).status, payout.attempts.get().remote_id) == ("paid", "po_9")


# --- Its page and its call -----------------------------------------------------------------------


def test_it_is_done_at_the_desk(ada, ben, dora):
    payout = stranded(ada, ben)
    desk = browser(dora)
    page = f"/desk/payouts/{payout.public_id}/attest/"
    assert page in desk.get("/desk/").content.decode()
    assert "po_1" in desk.get(page).content.decode()
    assert desk.post(page, {"outcome": "arrived", "reason": ""}).status_code == 400

    answer = desk.post(page, {"outcome": "came_back"} | WHY)

    assert (answer.status_code, now_of(payout).status) == (302, "failed")
    assert desk.get(page).status_code == 404


def test_it_is_done_by_a_program_once(ada, ben, dora):
    payout = stranded(ada, ben)
    program = api_of(dora)
    path = f"/api/v1/desk/payouts/{payout.public_id}/attest/"
    listed = program.get("/api/v1/desk/payouts/").json()["results"]
    assert [one["id"] for one in listed] == [payout.public_id]
    assert program.post(path, {"outcome": "gone"} | WHY, format="json").status_code == 400

    answer = program.post(path, {"outcome": "arrived"} | WHY, format="json")

    assert answer.json() == {"id": payout.public_id, "status": "paid", "waits_for": ""}
    assert program.post(path, {"outcome": "arrived"} | WHY, format="json").status_code == 404


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_say_one_thing(ada, ben, dora, bells):
    payout = stranded(ada, ben)

    def say(outcome: str):
        return lambda: attest_payout(payout_id=payout.pk, outcome=outcome, by=dora, **WHY)

    outcomes = at_once(*[say("arrived")] * 4, *[say("came_back")] * 4)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert leaving(payout) == 0
    call_command("check_ledger")


@pytest.mark.django_db(transaction=True)
def test_without_its_lock_all_are_told_that_they_said_it_and_it_is_booked_once(
    ada, ben, dora, bells, monkeypatch
):
    payout = stranded(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, attesting, "refuse_if_being_cancelled")

    outcomes = at_once(
        *[lambda: attest_payout(payout_id=payout.pk, outcome="arrived", by=dora, **WHY)] * 8
    )

    assert outcomes == ["done"] * 8
    assert (leaving(payout), available(ben)) == (0, 0)
