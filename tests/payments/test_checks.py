"""``check_ledger`` finds what it promises: it is shown each thing wrong."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from payments.escrow import services as escrows
from payments.escrow.models import Escrow, Part
from payments.fundings.models import Payment
from payments.incoming.checks import CHECKS
from payments.ledger import chart
from payments.ledger.checks import GUARDS, guards_of_the_books_stand
from payments.ledger.services import Move, move_money
from payments.payouts.models import Earning, Payout
from payments.payouts.services import schedule_payout
from payments.refunds.models import Refund
from tests.against_the_rules import as_the_owner, force
from tests.payments.payout_world import ready_without_provider
from tests.payments.world import held

pytestmark = pytest.mark.django_db


def findings() -> list[str]:
    return [finding for check in CHECKS for finding in check()]


@pytest.fixture
def books(ada, ben) -> None:
    """One of each: held, a part of it released; split, its refund under way; a payout under way."""
    party_id = ready_without_provider(ada, ben)
    schedule_payout(party_id=party_id, currency="USD", by=ben)
    escrows.release_part(escrow_id=held(ada, ben).pk, amount=10_000)
    escrows.split(escrow_id=held(ada, ben).pk, to_payee=40_000, reason="ruling")
    assert findings() == []


def give(target: str) -> None:
    """A movement that no deed of ours makes."""
    source = chart.provider("USD")
    move_money(Move("gift", source, target, 5, "USD"), key="somebody", book="")


WRONGS = [
    (lambda: Escrow.objects.filter(status="held").update(amount=99_999), "more than the 102999"),
    (lambda: force(Escrow.objects.filter(status="held"), status="released"), "stands is 92700"),
    (lambda: force(Escrow.objects.filter(status="split"), status="held"), "cannot be"),
    (lambda: Escrow.objects.filter(status="split").update(released=50_000), "out release is"),
    (lambda: Escrow.objects.filter(status="split").update(closed_at=None), "cannot be"),
    (lambda: Escrow.objects.filter(status="split").update(refunded=61_799), "out refund is"),
    (lambda: Part.objects.update(amount=9_999), "is 9999; 10000 were booked"),
    (lambda: give(chart.escrow(Escrow.objects.filter(status="held").get().public_id)), "stands is"),
    (lambda: force(Payment.objects.filter(refunded=0), status="expired"), "came in"),
    (lambda: Payment.objects.filter(refunded=0).update(amount=1), "came in"),
    (lambda: Payment.objects.update(refunded=1), "its refunds are"),
    (lambda: Payment.objects.update(charge_id=""), "has no charge"),
    (lambda: Refund.objects.update(status="succeeded"), "stands in leaving, not 0"),
    (lambda: Refund.objects.update(status="succeeded"), "the provider knows nothing"),
    (lambda: give(chart.leaving(Refund.objects.get().public_id)), "stands in leaving"),
    (lambda: force(Payout, status="paid"), "stands in leaving, not 0"),
    (lambda: force(Payout, status="paid"), "no transfer and 0 bank payouts"),
    (lambda: Payout.objects.update(amount=5), "its earnings sum to"),
    (lambda: Earning.objects.filter(payout=None).delete(), "to be paid out are 0"),
    (lambda: give(chart.escrow("es_nobody")), "5 USD stand in escrow:es_nobody"),
    (lambda: give(chart.leaving("po_nobody")), "5 USD stand in leaving:po_nobody"),
    (lambda: give("party:pa_nobody:available:USD"), "5 USD stand in party:pa_nobody"),
    (lambda: give(chart.available(Payout.objects.get().party, "USD")), "to be paid out are"),
]


@pytest.mark.parametrize("wrong", range(len(WRONGS)))
def test_what_is_wrong_is_found_and_said(books, wrong):
    happen, sentence = WRONGS[wrong]

    happen()

    assert any(sentence in finding for finding in findings()), findings()
    with pytest.raises(CommandError, match="not clean"):
        call_command("check_ledger")


def test_clean_books_are_said_to_be_clean(books, capsys):
    call_command("check_ledger")
    assert "The books are clean." in capsys.readouterr().out


# --- The guards of the books ---------------------------------------------------------------------


def put_up_again(name: str, said: str, instead: str) -> None:
    """The trigger of this name, but for these words of it."""
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid, true) FROM pg_trigger WHERE tgname = %s", [name]
        )
        (definition,) = cursor.fetchone()
        assert said in definition
        cursor.execute(definition.replace(said, instead).replace("CREATE", "CREATE OR REPLACE", 1))


@pytest.mark.parametrize(
    ("table", "name"), [(table, name) for table, guards in GUARDS.items() for name in guards]
)
def test_a_guard_that_calls_another_function_is_found(table, name):
    """One that refuses nothing."""
    assert guards_of_the_books_stand() == []
    _, then = GUARDS[table][name]
    put_up_again(name, then.rpartition(" ")[2], "suppress_redundant_updates_trigger()")

    assert guards_of_the_books_stand() == [f"Nothing guards {table} as {name} did."]


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("EXECUTE", "WHEN (false) EXECUTE"),
        ("DELETE OR UPDATE", "DELETE"),
        ("DELETE OR UPDATE", "DELETE OR UPDATE OF kind"),
        ("FOR EACH ROW", "FOR EACH STATEMENT"),
    ],
    ids=["never", "not for all", "not for every column", "not for each row"],
)
def test_a_guard_that_does_not_always_stand_up_is_found(said, instead):
    put_up_again("transfer_is_final", said, instead)

    (found,) = guards_of_the_books_stand()
    assert found == "Nothing guards payments_transfer as transfer_is_final did."
