"""A run comes when it is due, reads page by page, and says the same when it comes again."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.models import Heartbeat, Outage
from marketplace.tasks import beat_heart
from payments import tasks
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.gateway import books as books_of_provider
from payments.gateway.base import MovementsPage, RemoteMovement, RemoteTransfer
from payments.payees.models import ConnectedAccount
from payments.reconciliation.models import OVERLAP, Difference, ReconciliationRun
from payments.reconciliation.running.services import advance_run, bring_forward
from payments.reconciliation.selectors import due_run_ids, last_run
from payments.refunds.models import Refund
from tests.payments.payout_world import arrive, scheduled
from tests.payments.reconciling import (
    all_agrees,
    lines,
    reconciled,
    the_difference,
    topped_up,
)
from tests.payments.world import days_pass, opened, paid_at, with_account
from tests.sandbox import REFUND_TAKES_TIME, play_on

pytestmark = pytest.mark.django_db

# --- Reading -------------------------------------------------------------------------------------


def test_what_is_noted_while_the_provider_is_read_is_no_difference(sandbox, monkeypatch):
    just_made = RemoteTransfer("tr_just_made", 5_000, 0, "USD", "acct_of_ben")
    moved = RemoteMovement("txn_1", "transfer", -5_000, "USD", "tr_just_made", of=just_made)
    taken_back = RemoteTransfer("tr_just_made", 5_000, 5_000, "USD", "acct_of_ben")
    monkeypatch.setattr(books_of_provider, "movements_page", lambda **_: MovementsPage([moved]))
    monkeypatch.setattr(books_of_provider, "transfer", lambda _: taken_back)

    assert all_agrees().found == 0
    assert not Difference.objects.exists()


def test_three_pages_are_read_one_at_a_time(sandbox, monkeypatch):
    for _ in range(205):
        sandbox.ask("POST", "/topups", amount=100, currency="usd")
    sizes, answers = [], books_of_provider.movements_page

    def page(**which):
        found = answers(**which)
        sizes.append(len(found.movements))
        return found

    monkeypatch.setattr(books_of_provider, "movements_page", page)
    run = bring_forward()
    steps = []
    while run.finished_at is None:
        run = advance_run(run_id=run.pk, budget=0)
        steps.append(run.part)

    assert sizes == [100, 100, 5]
    assert steps.count("platform") == 3  # each page was a step, and was noted before the next
    assert (run.outcome, run.counts["movements"]) == ("agreed", 205)


def test_a_provider_that_falls_silent_between_pages_is_asked_on_from_there(sandbox, monkeypatch):
    for _ in range(105):
        sandbox.ask("POST", "/topups", amount=100, currency="usd")
    run = bring_forward()
    while run.after == "":
        run = advance_run(run_id=run.pk, budget=0)
    sandbox.trouble({"fault": "rate_limit", "path": "/v1/balance_transactions", "times": 50})

    run = advance_run(run_id=run.pk)
    assert (run.finished_at, run.tries, run.outcome) == (None, 1, "")
    assert run.problem and run.after
    assert run.pk not in due_run_ids(now())
    monkeypatch.setattr("projects.management.commands.reconcile.PATIENCE", 0)
    with pytest.raises(CommandError, match="Somebody else is at it"):
        call_command("reconcile")

    sandbox.trouble()
    days_pass(1 / 24)
    assert run.pk in due_run_ids(now())
    run = advance_run(run_id=run.pk)
    assert (run.outcome, run.problem, run.counts["movements"]) == ("agreed", "", 105)


def test_a_provider_that_is_silent_is_no_agreement(settings, quick_gateway):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="did not answer"):
        call_command("reconcile")


# --- When it is due ------------------------------------------------------------------------------


def test_a_run_is_due_once_a_day_by_the_clock_of_the_house(sandbox):
    tasks.reconcile()
    first = last_run()
    assert (first.outcome, tasks.reconcile()["done"]) == ("agreed", 0)
    days_pass(0.9)
    assert tasks.reconcile()["done"] == 0
    days_pass(0.1)

    assert tasks.reconcile()["done"] == 1

    second = last_run()
    assert second.reads_from == first.reads_until - OVERLAP


def test_after_an_outage_of_the_house_it_is_due_at_once(sandbox):
    tasks.reconcile()
    Heartbeat.objects.create(name="beat", seen_at=now() - timedelta(minutes=9))
    beat_heart()
    assert tasks.reconcile()["done"] == 0
    Heartbeat.objects.update(seen_at=now() - timedelta(minutes=11))
    beat_heart()

    outage = Outage.objects.get()
    assert 650 < (outage.ended_at - outage.began_at).total_seconds() < 690
    assert tasks.reconcile()["done"] == 1
    assert tasks.reconcile()["done"] == 0


def test_a_long_outage_of_the_provider_is_waited_for(settings, quick_gateway):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    waits = []
    for _ in range(9):
        tasks.reconcile()
        run = ReconciliationRun.objects.get()
        waits.append(round((run.busy_until - now()).total_seconds() / 60))
        ReconciliationRun.objects.update(busy_until=now())

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert (run.finished_at, run.outcome) == (None, "")


# --- Again and again -----------------------------------------------------------------------------


def test_a_second_run_says_the_same_and_tells_nobody_again(ada, ben, dora, sandbox):
    topped_up(sandbox)
    payment = paid_at(sandbox, opened(ada, ben))
    sandbox.api("POST", "/v1/refunds", charge=payment.charge_id, amount=1_000)
    first = the_difference()
    again = the_difference()

    assert (first.pk, first.first_seen_at) == (again.pk, again.first_seen_at)
    assert again.run_id != first.run_id
    told = Notification.objects.get(kind="books_differ")
    assert told.recipient == dora and "Refund nobody here asked for, $10.00" in told.text


def test_what_is_open_stays_open_beyond_the_window_until_it_is_gone(ada, ben, sandbox):
    with_account(sandbox, ben)
    topped_up(sandbox)
    form = {"amount": 500, "currency": "usd"}
    account = ConnectedAccount.objects.get().remote_id
    transfer = sandbox.api("POST", "/v1/transfers", destination=account, **form)
    found = the_difference()
    for _ in range(3):
        days_pass(10)
        play_on(sandbox)
        assert the_difference().pk == found.pk
    run = ReconciliationRun.objects.exclude(finished_at=None).latest("pk")
    assert run.counts.get("transfers", 0) == 0  # far outside of what it has read

    sandbox.api("POST", f"/v1/transfers/{transfer['id']}/reversals")

    all_agrees()
    found.refresh_from_db()
    assert (found.status, found.gone_at is None) == ("gone", False)
    assert [one.what for one in found.events.order_by("pk")] == ["found", "gone"]


def test_what_comes_back_is_the_same_line_opened_again(ada, ben, sandbox):
    scheduled(ada, ben, sandbox)
    arrive(sandbox)
    Payment.objects.update(succeeded_at=now())
    real = Payment.objects.get().charge_id
    Payment.objects.update(charge_id="ch_of_nobody")
    reconciled()
    Payment.objects.update(charge_id=real)
    all_agrees()
    Payment.objects.update(charge_id="ch_of_nobody")

    lines()

    missing = Difference.objects.get(kind="missing")
    assert [one.what for one in missing.events.order_by("pk")] == ["found", "gone", "found"]


def test_a_pending_refund_is_under_way(ada, ben, sandbox):
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow, card=REFUND_TAKES_TIME)
    days_pass(5)
    play_on(sandbox)

    escrows.refund(escrow_id=Escrow.objects.get().pk, reason="cancelled")
    play_on(sandbox)

    assert Refund.objects.get().status == "sending"
    all_agrees()
