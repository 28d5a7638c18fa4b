"""The accounts that keep no balance: their sums stay cheap, and right whoever commits how late."""

import threading
import time

import pytest
from django.db import connection, transaction

from payments.ledger import chart
from payments.ledger import services as ledger
from payments.ledger.checks import CHECKS, snapshots_are_their_transfers
from payments.ledger.models import AccountSnapshot, PresentHorizon, Transfer
from payments.ledger.selectors import balance_of
from payments.ledger.services import Move, move_money, take_snapshots

OUTSIDE, ADAS = chart.provider("USD"), "escrow:es_ofAda"


def fund(amount: int, *, key: str) -> None:
    move_money(Move("fund", OUTSIDE, ADAS, amount, "USD"), key=key, book="")


def let_the_horizon_pass() -> None:
    """Wait for every older transaction of the server, which other tests use as well.

    Until they end a snapshot stays below them, as it must.
    """
    for _ in range(3000):
        if not Transfer.objects.filter(written_in__gte=PresentHorizon()).exists():
            return
        time.sleep(0.1)
    raise AssertionError("Somebody left a transaction open on this server.")


def snapshot() -> AccountSnapshot:
    return AccountSnapshot.objects.get(account__key=OUTSIDE)


@pytest.mark.django_db(transaction=True)
def test_a_balance_is_the_snapshot_and_what_has_moved_since():
    fund(100, key="one")
    let_the_horizon_pass()
    take_snapshots()
    assert snapshot().balance == -100
    fund(20, key="two")
    assert balance_of(OUTSIDE) == -120

    let_the_horizon_pass()
    take_snapshots()

    assert snapshot().balance == -120
    assert balance_of(OUTSIDE) == -120
    assert [finding for check in CHECKS for finding in check()] == []


def snapshots_while_one_is_late() -> int:
    """Taken while a transfer is written, and not committed, that has a lower number than one that
    is; what the balance was then.
    """
    has_moved, may_commit = threading.Event(), threading.Event()

    def move_and_wait() -> None:
        with transaction.atomic():
            move_money(Move("fund", OUTSIDE, "escrow:late", 7, "USD"), key="late", book="")
            has_moved.set()
            may_commit.wait(timeout=20)
        connection.close()

    fund(1, key="first")  # the account is there: nobody waits for its making
    let_the_horizon_pass()
    late = threading.Thread(target=move_and_wait)
    late.start()
    assert has_moved.wait(timeout=20)
    fund(100, key="early")
    take_snapshots()
    seen = balance_of(OUTSIDE)
    may_commit.set()
    late.join()
    keys = list(Transfer.objects.order_by("pk").values_list("key", flat=True))
    assert keys == ["first", "late", "early"]
    return seen


@pytest.mark.django_db(transaction=True)
def test_who_commits_after_the_snapshot_with_an_older_number_is_counted_once():
    """Their transfer has the lower number, and was not there to be seen."""
    assert snapshots_while_one_is_late() == -101

    assert snapshot().balance == -1
    assert balance_of(OUTSIDE) == -108
    assert snapshots_are_their_transfers() == []
    let_the_horizon_pass()
    take_snapshots()
    assert snapshot().balance == -108
    assert balance_of(OUTSIDE) == -108


@pytest.mark.django_db(transaction=True)
def test_without_the_horizon_who_commits_after_the_snapshot_is_never_counted(monkeypatch):
    """All that has a number is taken for all that there is; the books find it."""
    whatever = ledger._TAKE_SNAPSHOTS.replace("pg_snapshot_xmin", "pg_snapshot_xmax")
    monkeypatch.setattr(ledger, "_TAKE_SNAPSHOTS", whatever)
    snapshots_while_one_is_late()
    let_the_horizon_pass()

    assert balance_of(OUTSIDE) == -101
    assert snapshots_are_their_transfers() == [
        f"The snapshot of {OUTSIDE} says -101, its transfers sum to -108."
    ]


@pytest.mark.django_db(transaction=True)
def test_the_snapshot_of_another_server_means_nothing_here():
    """Restored from a dump, with a horizon that this server's transactions have yet to reach."""
    fund(100, key="one")
    let_the_horizon_pass()
    take_snapshots()
    AccountSnapshot.objects.update(horizon=2**60, balance=-5)

    assert balance_of(OUTSIDE) == -100
    let_the_horizon_pass()
    take_snapshots()
    assert snapshot().balance == -100


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_that_was_tampered_with_is_found():
    fund(100, key="one")
    let_the_horizon_pass()
    take_snapshots()
    AccountSnapshot.objects.update(balance=-99)

    assert snapshots_are_their_transfers() == [
        f"The snapshot of {OUTSIDE} says -99, its transfers sum to -100."
    ]


@pytest.mark.django_db(transaction=True)
def test_an_account_of_ours_is_read_in_one_query(django_assert_num_queries):
    fund(100, key="one")
    let_the_horizon_pass()
    take_snapshots()

    with django_assert_num_queries(1):
        assert balance_of(OUTSIDE) == -100
    with django_assert_num_queries(1):
        assert balance_of(ADAS) == 100
    assert balance_of("escrow:unknown") == 0


@pytest.mark.django_db
@pytest.mark.parametrize("plan", ["hashjoin", "mergejoin", "nestloop"])
def test_snapshots_are_written_in_one_order_whatever_the_plan(plan):
    """Two that took them in two orders at once would lock each other out."""
    for n in range(40):
        fund_from = f"platform:order:{n}:USD"
        move_money(Move("fund", fund_from, ADAS, 1, "USD"), key=f"order:{n}", book="")
    with connection.cursor() as cursor:
        for other in {"hashjoin", "mergejoin", "nestloop"} - {plan}:
            cursor.execute(f"SET LOCAL enable_{other} = off")
        take_snapshots()
        cursor.execute("SELECT account_id FROM payments_accountsnapshot ORDER BY ctid")
        written = [account for (account,) in cursor.fetchall()]
    assert len(written) == 40
    assert written == sorted(written)
