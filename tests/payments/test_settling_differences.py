"""What finance does about a difference: once, with a reason, and the books are true afterwards."""

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.people.services import grant_staff_roles
from marketplace.common.errors import DomainError, InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import AuditEntry
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.ledger.services import Move, move_money
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout
from payments.reconciliation.confirming.services import settle_difference_or_propose
from payments.reconciliation.deeds import services as deeds
from payments.reconciliation.deeds.services import offered_deeds
from payments.reconciliation.findings import deeds_for
from payments.reconciliation.models import Difference, ReconciliationRun
from payments.reconciliation.running import services as running
from payments.reconciliation.running.services import advance_run, bring_forward, plan_run
from payments.refunds.models import Refund
from tests.payments.payout_world import arrive, available, due, earned, now_of
from tests.payments.reconciling import (
    all_agrees,
    charged_by_others,
    read_by,
    reconciled,
    refunded_by_others,
    settled,
    the_difference,
    topped_up,
)
from tests.payments.world import A_WHILE, days_pass, opened, paid_at, with_account
from tests.races import at_once, meet_after
from tests.sandbox import play_on
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db


def test_a_duplicate_is_taken_in_and_given_back(ada, ben, dora, sandbox):
    payment = paid_at(sandbox, opened(ada, ben))
    days_pass(A_WHILE)
    play_on(sandbox)
    charged_by_others(sandbox, payment.amount, payment=payment.public_id)
    found = the_difference()

    settled(found, "give_back", dora)
    topped_up(sandbox)
    play_on(sandbox)
    days_pass(A_WHILE)
    play_on(sandbox)

    assert read_by(found) == {"Ada"}
    other = Payment.objects.exclude(pk=payment.pk).get()
    assert (other.charge_id, other.status) == (found.object_id, "refunded")
    assert Refund.objects.get().status == "succeeded"
    assert Escrow.objects.get().status == "held"
    all_agrees()
    call_command("check_ledger")


def test_a_foreign_charge_is_the_platforms_own_money_and_so_is_its_refund(dora, sandbox):
    charged_by_others(sandbox, 5_000)
    found = the_difference()
    settled(found, "own_funds", dora)
    assert read_by(found) == set()
    assert balance_of(chart.own_funds("USD")) == 5_000 - 175
    all_agrees()

    topped_up(sandbox)
    back = refunded_by_others(sandbox, found.object_id, 5_000)
    assert (back.kind, offered_deeds(back, dora)) == ("refund_foreign", ["own_funds"])
    settled(back, "own_funds", dora)

    assert balance_of(chart.own_funds("USD")) == 100_000 - 175
    all_agrees()
    call_command("check_ledger")


def test_what_a_bank_takes_back_of_a_foreign_charge_is_our_own_money_as_well(dora, sandbox):
    """No chargeback of ours will ever book it, and a person has to."""
    topped_up(sandbox)
    charged_by_others(sandbox, 5_000)
    charge = the_difference()
    settled(charge, "own_funds", dora)
    sandbox.ask("POST", "/disputes", charge=charge.object_id)
    sandbox.collect()
    sandbox.letters.clear()

    days_pass(0.1)  # no longer in the post

    found = the_difference()

    assert (found.kind, found.net, deeds_for(found)) == ("movement", -6_500, ["own_funds"])
    assert (found.run.healed, Difference.objects.filter(status="healed").exists()) == (0, False)
    settled(found, "own_funds", dora)
    all_agrees()
    days_pass(0.1)
    all_agrees()
    call_command("check_ledger")


def test_a_fee_that_differs_becomes_our_cost(ada, ben, dora, sandbox):
    payment = paid_at(sandbox, opened(ada, ben))
    days_pass(A_WHILE)
    play_on(sandbox)
    payment.refresh_from_db()
    fee = payment.provider_fee

    ends = (chart.provider("USD"), chart.provider_costs("USD"))
    move_money(Move("provider_fee", *ends, 100, "USD"), key="a slip of somebody")
    Payment.objects.update(provider_fee=fee - 100)
    found = the_difference()
    assert (found.kind, found.net) == ("fee", -100)

    settled(found, "cost", dora)

    assert read_by(found) == set()  # of what a payment costs the platform its payer knows nothing
    payment.refresh_from_db()
    assert (payment.provider_fee, balance_of(chart.provider_costs("USD"))) == (fee, -fee)
    all_agrees()


# --- Transfers and payouts -----------------------------------------------------------------------


def test_a_transfer_and_the_payout_of_it_are_settled_apart(ada, ben, dora, sandbox):
    with_account(sandbox, ben)
    topped_up(sandbox)
    account = ConnectedAccount.objects.get().remote_id
    form = {"amount": 777, "currency": "usd"}
    sandbox.api("POST", "/v1/transfers", destination=account, **form)
    settled(the_difference(), "own_funds", dora)
    assert balance_of(chart.own_funds("USD")) == 100_000 - 777
    all_agrees()

    sandbox.api("POST", "/v1/payouts", account=account, **form)
    found = the_difference()
    assert offered_deeds(found, dora) == ["set_aside"]
    settled(found, "set_aside", dora)

    assert read_by(found) == {"Ben"}
    all_agrees()
    days_pass(3)
    play_on(sandbox)
    all_agrees()
    found.refresh_from_db()
    assert found.status == "set_aside"


def test_a_payout_whose_transfer_was_taken_back_is_cancelled(ada, ben, dora, sandbox):
    due(ada, ben, sandbox, bank="000111111116")
    arrive(sandbox)
    payout = Payout.objects.get()
    sandbox.api("POST", f"/v1/transfers/{payout.transfer_id}/reversals", amount=payout.amount)
    found = the_difference()

    settled(found, "end_payout", dora)

    assert read_by(found) == {"Ben"}
    cancelled = AuditEntry.objects.get(deed="cancel payout")
    assert (cancelled.subject, cancelled.by, cancelled.about) == (payout.public_id, dora, [ben.pk])
    payout = now_of(payout)
    assert payout.status == "cancelled" and payout.reversal_id.startswith("trr_")
    assert available(ben) == payout.amount
    all_agrees()
    call_command("check_ledger")


def test_a_bank_payout_by_hand_becomes_the_one_that_waited(ada, ben, dora, sandbox):
    account = due(ada, ben, sandbox, bank="000111111116")
    arrive(sandbox)
    payout = Payout.objects.get()
    assert payout.status == "failed"
    sandbox.onboard(account.remote_id)  # another bank
    play_on(sandbox)
    form = {"amount": payout.amount, "currency": "usd"}
    remote = sandbox.api("POST", "/v1/payouts", account=account.remote_id, **form)
    found = the_difference()
    assert (found.kind, found.deed) == ("payout_foreign", "match_payout")

    settled(found, "match_payout", dora)
    assert read_by(found) == {"Ben"}
    assert now_of(payout).status == "in_transit"
    days_pass(A_WHILE)
    play_on(sandbox)
    all_agrees()

    assert now_of(payout).status == "paid"
    assert payout.attempts.latest("number").remote_id == remote["id"]
    assert len(sandbox.api("GET", "/v1/payouts", account=account.remote_id)["data"]) == 2
    call_command("check_ledger")


def test_what_the_provider_does_not_know_can_be_set_aside(ada, ben, dora, sandbox):
    earned(ada, ben, sandbox)
    Payment.objects.update(charge_id="ch_of_nobody")
    reconciled()
    found = Difference.objects.get(kind="missing")

    settled(found, "set_aside", dora)

    found.refresh_from_db()
    assert found.status == "set_aside"
    reconciled()
    found.refresh_from_db()
    assert found.status == "set_aside"


# --- Who, when and why ---------------------------------------------------------------------------


@pytest.fixture
def foreign(sandbox) -> Difference:
    charged_by_others(sandbox, 5_000)
    return the_difference()


def test_only_finance_settles(foreign, ada, dora):
    support = grant_staff_roles(user_id=person("Sue").pk, roles={"support"}, by=SYSTEM)
    for someone in (ada, support):
        assert offered_deeds(foreign, someone) == []
        with pytest.raises(NotAllowed):
            settled(foreign, "own_funds", someone)
    assert offered_deeds(foreign, dora) == ["own_funds"]


@pytest.mark.parametrize(
    ("deed", "reason", "param"),
    [
        ("set_aside", "It is small.", "deed"),  # it has moved money: nobody looks away
        ("give_back", "It is a duplicate.", "deed"),
        ("", "Hm.", "deed"),
        ("own_funds", "   ", "reason"),
        ("own_funds", "x" * 2_001, "reason"),
    ],
)
def test_a_bad_wish_names_its_field(foreign, dora, deed, reason, param):
    with pytest.raises(InvalidInput) as refusal:
        settle_difference_or_propose(difference_id=foreign.pk, deed=deed, reason=reason, by=dora)
    assert refusal.value.param == param


def test_the_deed_its_reason_and_who_did_it_stay_beside_the_line(foreign, dora):
    settled(foreign, "own_funds", dora)

    event = foreign.events.latest("pk")
    assert (event.what, event.reason, event.by) == ("own_funds", "Looked it up.", dora)
    with pytest.raises(WrongState):
        settled(foreign, "own_funds", dora)
    assert foreign.events.count() == 2


def test_what_has_changed_since_it_was_found_is_not_settled(ada, ben, dora, sandbox):
    with_account(sandbox, ben)
    topped_up(sandbox)
    account = ConnectedAccount.objects.get().remote_id
    transfer = sandbox.api("POST", "/v1/transfers", destination=account, amount=500, currency="usd")
    found = the_difference()
    sandbox.api("POST", f"/v1/transfers/{transfer['id']}/reversals")

    with pytest.raises(WrongState, match="changed"):
        settled(found, "own_funds", dora)


def test_a_silent_provider_settles_nothing(foreign, dora, settings, quick_gateway):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(DomainError) as refusal:
        settled(foreign, "own_funds", dora)
    assert refusal.value.code == "provider_unreachable"
    assert balance_of(chart.own_funds("USD")) == 0


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_of_finance_settle_it_once(foreign, dora):
    outcomes = at_once(*[lambda: settled(foreign, "own_funds", dora)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert balance_of(chart.own_funds("USD")) == 5_000 - 175
    assert foreign.events.filter(what="own_funds").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_come_as_far_as_the_ledger(foreign, dora, monkeypatch):
    """Nobody is told that it is settled: the ledger's key is the only floor below the lock."""
    unlocked = type("Unlocked", (), {"get": lambda self, **which: Difference.objects.get(**which)})
    monkeypatch.setattr(type(Difference.objects), "select_for_update", lambda self, **_: unlocked())
    meet_after(monkeypatch, deeds, "judge_thing")

    outcomes = at_once(*[lambda: settled(foreign, "own_funds", dora)] * 8)

    assert "wrong_state" not in outcomes


@pytest.mark.django_db(transaction=True)
def test_eight_runs_at_once_are_one(sandbox):
    for _ in range(3):
        sandbox.ask("POST", "/topups", amount=100, currency="usd")

    at_once(*[lambda: advance_run(run_id=bring_forward().pk)] * 8)

    done = ReconciliationRun.objects.exclude(finished_at=None)
    while not done.exists():
        advance_run(run_id=plan_run().pk)
    assert ReconciliationRun.objects.filter(finished_at=None).count() == 1
    assert all(run.counts["movements"] <= 6 for run in done)
    assert done.earliest("pk").counts["movements"] == 3


@pytest.mark.django_db(transaction=True)
def test_without_the_count_of_steps_a_page_is_noted_by_each(sandbox, monkeypatch):
    for _ in range(3):
        sandbox.ask("POST", "/topups", amount=100, currency="usd")
    run = advance_run(run_id=bring_forward().pk, budget=0)  # own funds are booked
    monkeypatch.setattr(running, "_take", lambda run_id: ReconciliationRun.objects.get(pk=run_id))
    meet_after(monkeypatch, running, "take_step")
    monkeypatch.setattr(
        running,
        "_lock",
        lambda taken: ReconciliationRun.objects.select_for_update().get(pk=taken.pk),
    )

    at_once(*[lambda: advance_run(run_id=run.pk, budget=0)] * 8)

    run.refresh_from_db()
    assert run.counts["movements"] == 24


# --- The doors -----------------------------------------------------------------------------------


def test_the_pages_show_both_sides_and_settle(foreign, dora):
    desk = browser(dora)
    assert b"Charge that is not ours" in desk.get("/desk/").content
    books = desk.get("/desk/reconciliation/").content.decode()
    assert foreign.object_id in books and "1 open" in books
    page = f"/desk/reconciliation/{foreign.public_id}/"
    shown = desk.get(page).content.decode()
    assert "$50.00 were charged." in shown and "It names no payment." in shown
    assert "Book it as our own money" in shown

    refused = desk.post(f"{page}settle/", {"deed": "own_funds", "reason": ""})
    assert refused.status_code == 400 and b"Say why" in refused.content
    assert desk.post(f"{page}settle/", {"deed": "own_funds", "reason": "Ours."}).status_code == 302

    shown = desk.get(page).content.decode()
    assert "Book it as our own money: Ours." in shown and "Dora" in shown
    assert b"Nothing differs" not in desk.get("/desk/reconciliation/").content  # not yet proved
    all_agrees()
    assert b"Nothing differs" in desk.get("/desk/reconciliation/").content
    assert b"All agrees" in desk.get("/desk/reconciliation/runs/").content
    assert foreign.object_id in desk.get("/desk/reconciliation/?state=all").content.decode()


def test_an_empty_desk_says_so(dora):
    assert b"have not been compared yet" in browser(dora).get("/desk/reconciliation/").content


def test_the_button_has_the_books_compared(dora, bells, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert browser(dora).post("/desk/reconciliation/runs/").status_code == 302
    assert bells == [("payments.reconcile", ())]
    assert ReconciliationRun.objects.count() == 1


def test_the_api_is_the_twin_of_the_pages(foreign, dora, bells):
    api, path = api_of(dora), f"/api/v1/desk/differences/{foreign.public_id}/"
    (listed,) = api.get("/api/v1/desk/differences/").json()["results"]
    assert (listed["id"], listed["net"], listed["deeds"]) == (
        foreign.public_id,
        4_825,
        ["own_funds"],
    )
    refused = api.post(f"{path}settle/", {"deed": "set_aside", "reason": "Small."})
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "deed"
    done = api.post(f"{path}settle/", {"deed": "own_funds", "reason": "Ours."})
    assert (done.status_code, done.json()["status"]) == (200, "settled")
    assert done.json()["events"][-1]["by"] == "Dora"
    assert api.get("/api/v1/desk/differences/").json()["results"] == []
    assert len(api.get("/api/v1/desk/differences/?all=1").json()["results"]) == 1
    (run,) = api.get("/api/v1/desk/reconciliations/").json()["results"]
    assert (run["outcome"], run["found"]) == ("differed", 1)
    assert api.post("/api/v1/desk/reconciliations/").status_code == 202


def test_metrics_tell_the_age_of_agreement_and_what_is_open(foreign):
    said = Client().get("/metrics").content.decode()
    assert 'milepost_reconciliation{what="open_differences"} 1.0' in said
    assert "last_good_run_age_seconds" not in said


def test_support_reads_and_presses_nothing(foreign):
    support = grant_staff_roles(user_id=person("Sue").pk, roles={"support"}, by=SYSTEM)
    page = f"/desk/reconciliation/{foreign.public_id}/"
    shown = browser(support).get(page).content.decode()
    assert "Book it as our own money" not in shown
    wish = {"deed": "own_funds", "reason": "Ours."}
    assert browser(support).post(f"{page}settle/", wish).status_code == 400
    foreign.refresh_from_db()
    assert foreign.status == "open"
