"""Payouts stand still while somebody looks into them: with a reason, an answer and an end."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from accounts.holds import services as placing
from accounts.holds.models import Hold
from accounts.holds.services import appeal_hold
from accounts.models import Notification
from accounts.parties.selectors import own_party_of
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.fundings.models import Payment
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.cancelling.services import cancel_payout
from payments.payouts.checks import payouts_under_way_are_looked_after
from payments.payouts.holding import services as holding
from payments.payouts.holding.services import hold_payouts, lift_hold
from payments.payouts.models import Payout
from payments.payouts.sending import services as sending
from payments.payouts.sending.services import send_payout
from projects.tasks import end_due_holds
from tests.against_the_rules import against_the_rules, force
from tests.payments.chargeback_world import Bank, owes
from tests.payments.payout_world import (
    arrive,
    available,
    due,
    leaving,
    now_of,
    ready_without_provider,
    the_books_agree,
    transfers_at,
)
from tests.payments.world import days_pass
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import api_of

pytestmark = pytest.mark.django_db

WHY = {"reason": "Two payees share this bank account.", "evidence": "The provider’s letter of May."}


@pytest.fixture
def payee(ada, ben) -> int:
    return ready_without_provider(ada, ben)


def hold(party_id: int, dora, *, days: int = 7, **how) -> Hold:
    return hold_payouts(party_id=party_id, by=dora, days=days, **(WHY | how))


def scheduled(party_id: int, ben) -> Payout:
    return payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)


def _passes(*, days: int) -> None:
    at = now()
    Hold.objects.update(created_at=at - timedelta(days=days), ends_at=at, closes_at=at)


# --- The whole way -------------------------------------------------------------------------------


def test_what_is_held_is_set_aside_and_goes_by_itself_at_the_end(ada, ben, dora, sandbox):
    due(ada, ben, sandbox)
    hold(own_party_of(ben).pk, dora)

    arrive(sandbox)
    payout = Payout.objects.get()
    assert (payout.status, available(ben), leaving(payout)) == ("held", 0, 97_000)
    # A hold that had ended without its payouts would keep them for ever: the books say so.
    with against_the_rules():
        Hold.objects.update(status="lifted", closed_at=now())
        assert [finding.split(" ")[-1] for finding in payouts_under_way_are_looked_after()] == [
            "lying."
        ]
        Hold.objects.update(status="placed", closed_at=None)
    assert payouts_under_way_are_looked_after() == []
    assert transfers_at(sandbox) == []

    days_pass(7)
    arrive(sandbox)
    assert now_of(payout).status == "paid"
    assert Hold.objects.get().closed_by is None
    the_books_agree(sandbox)


def test_lifted_early_it_goes_at_once(ada, ben, dora, sandbox):
    due(ada, ben, sandbox)
    standing = hold(own_party_of(ben).pk, dora)
    arrive(sandbox)

    lift_hold(hold_id=standing.pk, by=dora)
    arrive(sandbox)

    assert Payout.objects.get().status == "paid"
    told = Notification.objects.filter(recipient=ben, kind__startswith="payouts_")
    assert list(told.order_by("pk").values_list("kind", flat=True)) == [
        "payouts_held",
        "payouts_go_on",
    ]


# --- What it stops, and what not -----------------------------------------------------------------


def test_one_that_waits_is_stopped_and_one_that_left_is_not(payee, ben, dora):
    payout = scheduled(payee, ben)
    force(Payout.objects.filter(pk=payout.pk), status="in_transit")

    hold(payee, dora)

    assert now_of(payout).status == "in_transit"
    force(Payout.objects.filter(pk=payout.pk), status="scheduled")


def test_a_payout_is_held_once(payee, ben, dora):
    payout = scheduled(payee, ben)
    lift_hold(hold_id=hold(payee, dora).pk, by=dora)

    hold(payee, dora)

    assert now_of(payout).status == "scheduled"


def test_what_is_tried_again_under_a_hold_waits_too(payee, ben, dora):
    payout = scheduled(payee, ben)
    payout.attempts.create(number=1, destination="acct_ben")
    sending.fail(payout, payout.attempts.get(), "account_closed")
    hold(payee, dora)

    payouts.retry_payout(payout_id=payout.pk, by=ben)

    assert now_of(payout).status == "held"
    assert leaving(payout) == 97_000


def test_a_held_one_is_neither_sent_nor_cancelled(payee, ben, dora):
    hold(payee, dora)
    payout = scheduled(payee, ben)

    send_payout(payout_id=payout.pk)
    with pytest.raises(WrongState, match="held"):
        cancel_payout(payout_id=payout.pk, by=ben)

    assert now_of(payout).status == "held"
    assert payout.attempts.count() == 0
    call_command("check_ledger")


def test_one_that_is_being_cancelled_is_left_to_it(payee, ben, dora):
    payout = scheduled(payee, ben)
    Payout.objects.update(cancel_wished_at=now(), cancel_wished_by=ben)

    hold(payee, dora)

    assert now_of(payout).status == "scheduled"


def test_one_that_waits_again_does_not_leave_past_its_hold(ada, ben, dora, sandbox):
    """It was under way when the hold was placed, and came back: there was no cover for it yet."""
    due(ada, ben, sandbox)
    payout = payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=ben)
    force(Payout, status="sending")
    hold(own_party_of(ben).pk, dora)
    force(Payout, status="scheduled")

    send_payout(payout_id=payout.pk)

    assert (now_of(payout).status, transfers_at(sandbox)) == ("held", [])
    lift_hold(hold_id=Hold.objects.get().pk, by=dora)
    send_payout(payout_id=payout.pk)
    assert len(transfers_at(sandbox)) == 1


def test_no_hold_outlives_its_end(payee, dora):
    standing = hold(payee, dora, days=3)

    assert end_due_holds() == {"done": 0, "failed": 0}
    _passes(days=3)
    assert end_due_holds() == {"done": 1, "failed": 0}
    assert end_due_holds() == {"done": 0, "failed": 0}

    standing.refresh_from_db()
    assert standing.status == "ended"


def test_an_account_that_was_restricted_meanwhile_keeps_nothing_held(payee, ben, dora):
    standing = hold(payee, dora)
    payout = scheduled(payee, ben)
    ConnectedAccount.objects.update(status="restricted")

    lift_hold(hold_id=standing.pk, by=dora)

    assert now_of(payout).status == "scheduled"


def test_what_is_owed_comes_first_also_for_what_is_held(payee, ben, dora):
    standing = hold(payee, dora)
    payout = scheduled(payee, ben)

    Bank(Payment.objects.get()).takes()

    payout.refresh_from_db()
    assert (payout.status, payout.failure_code) == ("cancelled", "called_back")
    assert (leaving(payout), available(ben), owes(ben)) == (0, 0, 0)
    lift_hold(hold_id=standing.pk, by=dora)
    send_payout(payout_id=payout.pk)
    assert payout.attempts.count() == 0
    call_command("check_ledger")


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ada", "ben", "cleo"])
def test_only_finance_places_and_lifts(payee, dora, name, request):
    by = request.getfixturevalue(name)
    with pytest.raises(NotAllowed):
        hold(payee, by)
    standing = hold(payee, dora)
    with pytest.raises(NotAllowed):
        lift_hold(hold_id=standing.pk, by=by)


def test_nobody_of_finance_looks_into_their_own(payee, ben):
    grant_staff_roles(user_id=ben.pk, roles={"finance"}, by=SYSTEM)
    with pytest.raises(NotAllowed):
        hold(payee, ben)


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"days": 0}, "days"),
        ({"days": 15}, "days"),
        ({"days": -1}, "days"),
        ({"days": True}, "days"),
        ({"reason": " "}, "reason"),
        ({"evidence": ""}, "evidence"),
        ({"reason": "x" * 2_001}, "reason"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_with_its_field(payee, dora, asked, param):
    with pytest.raises(InvalidInput) as refusal:
        hold(payee, dora, **asked)
    assert refusal.value.param == param
    assert Hold.objects.count() == 0


def test_one_stands_at_a_time(payee, dora):
    hold(payee, dora)
    with pytest.raises(WrongState, match="hold on the payouts"):
        hold(payee, dora)


def test_without_an_account_there_is_nothing_to_hold(cleo, dora):
    with pytest.raises(WrongState, match="no account for payouts"):
        hold(own_party_of(cleo).pk, dora)


def test_the_payee_appeals_once_while_it_stands(payee, ada, ben, dora):
    standing = hold(payee, dora)
    with pytest.raises(NotAllowed):
        appeal_hold(hold_id=standing.pk, statement="Not mine.", by=ada)

    appeal_hold(hold_id=standing.pk, statement="My wife’s account.", by=ben)

    with pytest.raises(WrongState, match="is appealed"):
        appeal_hold(hold_id=standing.pk, statement="And more.", by=ben)
    lift_hold(hold_id=standing.pk, by=dora)
    with pytest.raises(WrongState, match="is lifted"):
        lift_hold(hold_id=standing.pk, by=dora)


# --- Eight at once -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_holds_at_once_are_one(payee, dora):
    outcomes = at_once(*[lambda: hold(payee, dora)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7


@pytest.mark.django_db(transaction=True)
def test_a_hold_and_a_payout_at_once_never_pass_each_other(payee, ben, dora):
    outcomes = at_once(*[lambda: hold(payee, dora), lambda: scheduled(payee, ben)] * 4)

    assert outcomes[::2].count("done") == outcomes[1::2].count("done") == 1
    assert Payout.objects.get().status == "held"


@pytest.mark.django_db(transaction=True)
def test_without_the_payees_gate_a_payout_slips_past_the_hold(payee, ben, dora, monkeypatch):
    """All are let through, and PostgreSQL keeps it to one of each: the two do not see each other,
    as neither has committed when the other looks.
    """
    without_locks(monkeypatch)
    meet_after(monkeypatch, placing, "checked_days", (payouts, "sendable"))
    both_have_written, both_have_read = threading.Barrier(2), threading.Barrier(2)
    place, send_or_hold = holding.place_hold, payouts._send_or_hold

    def placed(*row, **asked) -> Hold:
        made = place(*row, **asked)
        both_have_written.wait(timeout=20)
        return made

    def sent_or_held(payout: Payout) -> None:
        both_have_written.wait(timeout=20)
        send_or_hold(payout)
        both_have_read.wait(timeout=20)

    monkeypatch.setattr(holding, "place_hold", placed)
    monkeypatch.setattr(payouts, "_send_or_hold", sent_or_held)
    monkeypatch.setattr(holding, "notify", lambda **_: both_have_read.wait(timeout=20))

    outcomes = outcomes_at_once(*[lambda: hold(payee, dora), lambda: scheduled(payee, ben)] * 4)

    for one_of in (outcomes[::2], outcomes[1::2]):
        assert [type(one) for one in one_of].count(IntegrityError) == 3, outcomes
    assert (Payout.objects.get().status, Hold.objects.get().status) == ("scheduled", "placed")


@pytest.mark.django_db(transaction=True)
def test_lifting_by_hand_and_by_the_clock_at_once_sends_once(payee, ben, dora, bells):
    standing = hold(payee, dora)
    payout = scheduled(payee, ben)
    _passes(days=9)
    bells.clear()

    outcomes = at_once(
        *[lambda: lift_hold(hold_id=standing.pk, by=dora)] * 4,
        *[lambda: lift_hold(hold_id=standing.pk, by=SYSTEM)] * 4,
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert bells.count(("payments.send_payout", (payout.pk,))) == 1


# --- Doors ---------------------------------------------------------------------------------------


def test_the_payee_reads_why_and_answers_on_the_page(payee, ben, dora, client):
    hold(payee, dora)
    payout = scheduled(payee, ben)
    client.force_login(ben)

    for path in ("/earnings/", f"/payouts/{payout.public_id}/"):
        page = client.get(path).content.decode()
        assert "Your payouts are held" in page
        assert WHY["reason"] in page

    standing = Hold.objects.get()
    client.post(f"/account/holds/{standing.public_id}/appeal/", {"statement": "It is mine."})
    assert "It is mine." in client.get("/earnings/").content.decode()


def test_finance_places_and_lifts_at_the_desk(payee, ben, dora, client):
    client.force_login(dora)
    assert 'href="/desk/holds/"' in client.get("/desk/").content.decode()

    asked = WHY | {"kind": "payouts", "days": "3"}
    refused = client.post("/desk/holds/", asked | {"who": "nobody@example.com"})
    assert refused.status_code == 400
    assert "Nobody has this address or id." in refused.content.decode()

    placed = client.post("/desk/holds/", asked | {"who": ben.email})
    assert placed.status_code == 302
    standing = Hold.objects.get()
    assert WHY["evidence"] in client.get("/desk/").content.decode()
    client.post(f"/desk/holds/{standing.public_id}/lift/")
    standing.refresh_from_db()
    assert standing.closed_by == dora


def test_the_api_does_the_same_and_a_repeated_call_holds_once(payee, ben, dora):
    finance, key = api_of(dora), {"Idempotency-Key": "hold-1"}
    asked = WHY | {"kind": "payouts", "who": ben.email, "days": 3}

    first = finance.post("/api/v1/desk/holds/", asked, headers=key)
    again = finance.post("/api/v1/desk/holds/", asked, headers=key)

    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    url = f"/api/v1/holds/{first.json()['id']}/appeal/"
    assert api_of(ben).post(url, {"statement": "It is mine."}).json()["appeal"] == "It is mine."
    lifted = finance.post(f"/api/v1/desk/holds/{first.json()['id']}/lift/").json()
    assert lifted["closed_by"] == "Dora"
    assert len(api_of(ben).get("/api/v1/holds/").json()["results"]) == 1
