"""``check_ledger`` and ``reconcile`` find what they promise: each is shown something wrong."""

from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from accounts.parties.selectors import own_party_of
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.gateway import books as books_of_provider
from payments.gateway.base import GatewayUnknown, RemoteMovement, RemoteTransfer
from payments.incoming.checks import CHECKS, compare_with_provider
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.ledger.services import Move, move_money
from payments.payees.models import ConnectedAccount
from payments.payees.services import start_onboarding
from payments.payouts.models import Earning, Payout
from payments.payouts.services import schedule_payout
from payments.refunds.models import Refund
from tests.against_the_rules import force
from tests.payments.payout_world import arrive, ready_without_provider, scheduled
from tests.payments.test_setup import close_at_provider
from tests.payments.world import A_WHILE, days_pass, held, opened, paid_at, with_account
from tests.sandbox import GOOD_CARD, play_on

pytestmark = pytest.mark.django_db


def findings() -> list[str]:
    return [finding for check in CHECKS for finding in check()]


@pytest.fixture
def books(ada, ben) -> None:
    """One of each: held, split (with a refund under way) and a payout under way."""
    party_id = ready_without_provider(ada, ben)
    schedule_payout(party_id=party_id, currency="USD", by=ben)
    held(ada, ben)
    escrows.split(escrow_id=held(ada, ben).pk, to_payee=40_000, reason="ruling")
    assert findings() == []


def give(target: str) -> None:
    """A movement that no deed of ours makes."""
    source = chart.provider("USD")
    move_money(Move("gift", source, target, 5, "USD"), key="somebody", book="")


WRONGS = [
    (lambda: Escrow.objects.filter(status="held").update(amount=99_999), "more than the 102999"),
    (lambda: force(Escrow.objects.filter(status="held"), status="released"), "stands is 103000"),
    (lambda: force(Escrow.objects.filter(status="split"), status="held"), "cannot be"),
    (lambda: Escrow.objects.filter(status="split").update(released=50_000), "out release is"),
    (lambda: Escrow.objects.filter(status="split").update(closed_at=None), "cannot be"),
    (lambda: Escrow.objects.filter(status="split").update(refunded=61_799), "out refund is"),
    (lambda: give(chart.escrow(Escrow.objects.filter(status="held").get().public_id)), "stands is"),
    (lambda: force(Payment.objects.filter(refunded=0), status="expired"), "came in"),
    (lambda: Payment.objects.filter(refunded=0).update(amount=1), "came in"),
    (lambda: Payment.objects.update(refunded=1), "its refunds are"),
    (lambda: Payment.objects.update(charge_id=""), "has no charge"),
    (lambda: Refund.objects.update(status="succeeded"), "stands in leaving, not 0"),
    (lambda: Refund.objects.update(status="succeeded"), "the provider knows nothing"),
    (lambda: give(chart.leaving(Refund.objects.get().public_id)), "stands in leaving"),
    (lambda: force(Payout, status="paid"), "stands in leaving, not 0"),
    (lambda: force(Payout, status="paid"), "the provider knows nothing"),
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


# --- Against the provider ------------------------------------------------------------------------


def paid_out(ada, ben, sandbox) -> Payout:
    payout = scheduled(ada, ben, sandbox)
    arrive(sandbox)
    call_command("reconcile")
    return Payout.objects.get(pk=payout.pk)


def differences() -> str:
    result = compare_with_provider()
    with pytest.raises(CommandError, match="differ"):
        call_command("reconcile")
    return "\n".join(result.findings)


def test_an_empty_house_agrees(sandbox, capsys):
    call_command("reconcile")
    assert "agree" in capsys.readouterr().out


def test_what_is_under_way_on_both_sides_is_no_difference(ada, ben, sandbox):
    paid_at(sandbox, opened(ada, ben), card=GOOD_CARD)
    result = compare_with_provider()  # the provider has not booked the charge yet
    assert (result.findings, result.under_way["USD"]) == ([], 103_000)
    days_pass(A_WHILE)
    play_on(sandbox)

    payout = scheduled(ada, ben, sandbox)
    play_on(sandbox)
    payout.refresh_from_db()
    assert payout.status in ("sending", "in_transit")
    result = compare_with_provider()
    assert (result.findings, result.under_way["USD"]) == ([], payout.amount)


def test_a_letter_that_was_lost_shows(ada, ben, sandbox):
    payment = paid_at(sandbox, opened(ada, ben))
    days_pass(A_WHILE)
    sandbox.collect()
    sandbox.letters.clear()

    result = compare_with_provider()  # it is still asked for by ourselves
    assert (result.findings, result.under_way["USD"]) == ([], 103_000 * 29 // 1_000 + 30)
    days_pass(5)
    assert f"of {payment}; we have None" in differences()


def test_a_refund_at_the_providers_desk_shows(ada, ben, sandbox):
    payout = paid_out(ada, ben, sandbox)
    charge = Payment.objects.get().charge_id
    sandbox.ask("POST", "/topups", amount=100_000, currency="usd")
    play_on(sandbox)
    remote = sandbox.api("POST", "/v1/refunds", charge=charge, amount=1_234)

    found = differences()

    assert f"Refund {remote['id']} of 1234 USD on {charge} is not in our books." in found
    assert "-1234 minor units" in found
    assert payout.public_id not in found


def test_a_transfer_and_a_payout_at_the_providers_desk_show(ada, ben, sandbox):
    paid_out(ada, ben, sandbox)
    sandbox.ask("POST", "/topups", amount=100_000, currency="usd")
    play_on(sandbox)
    account = ConnectedAccount.objects.get().remote_id
    form = {"amount": 777, "currency": "usd"}
    transfer = sandbox.api("POST", "/v1/transfers", destination=account, **form)
    payout = sandbox.api("POST", "/v1/payouts", account=account, **form)

    found = differences()

    assert f"Transfer {transfer['id']} of 777 USD" in found
    assert f"Payout {payout['id']} of 777 USD" in found


def test_what_only_we_believe_shows(ada, ben, sandbox):
    paid_out(ada, ben, sandbox)
    Payment.objects.update(charge_id="ch_of_nobody")
    Payout.objects.update(transfer_id="tr_of_nobody")

    found = differences()

    assert "ch_of_nobody, which the provider does not know" in found
    assert "tr_of_nobody, which the provider does not know" in found


def test_an_account_that_says_nothing_is_one_finding_and_the_others_are_compared(
    ada, ben, cleo, sandbox, monkeypatch
):
    silent = with_account(sandbox, cleo)
    payout = paid_out(ada, ben, sandbox)
    answers = books_of_provider.payouts

    def payouts(account: str):
        if account == silent.remote_id:
            raise GatewayUnknown("no answer")
        return answers(account)

    monkeypatch.setattr(books_of_provider, "payouts", payouts)

    result = compare_with_provider()

    assert [f"nothing of {silent.remote_id} (active)" in one for one in result.findings] == [True]
    assert result.compared["payouts"] == payout.attempts.count()


def test_what_is_noted_while_the_provider_is_read_is_no_difference(sandbox, monkeypatch):
    readings = [[RemoteTransfer("tr_just_made", 5_000, 0, "USD", "acct_of_ben")], []]
    monkeypatch.setattr(books_of_provider, "transfers", lambda: iter(readings.pop(0)))

    assert compare_with_provider().findings == []
    assert readings == []


def test_a_closed_account_is_a_finding_only_where_money_of_ours_is_there(ada, ben, sandbox):
    paid_out(ada, ben, sandbox)
    account = ConnectedAccount.objects.get()
    close_at_provider(sandbox, account)
    play_on(sandbox)

    result = compare_with_provider()
    assert (result.findings, len(result.notes)) == ([], 1)
    call_command("reconcile")
    start_onboarding(party_id=own_party_of(ben).pk, country="US", by=ben)  # another one
    assert compare_with_provider().notes == result.notes
    call_command("reconcile")

    Payout.objects.update(status="failed")
    assert f"nothing of {account.remote_id} (closed)" in differences()


def test_what_was_paid_otherwise_than_by_card_is_no_stranger(sandbox, monkeypatch):
    kinds = ("payment", "payment_refund", "payment_failure_refund")
    found = [RemoteMovement(f"txn_{kind}", kind, 5, "USD", "py_1") for kind in kinds]
    monkeypatch.setattr(books_of_provider, "movements", lambda: iter(found))

    assert compare_with_provider().findings == []


def test_a_balance_below_zero_counts(ada, ben, sandbox, monkeypatch):
    with_account(sandbox, ben)
    monkeypatch.setattr(
        books_of_provider, "balance", lambda account="": Counter(USD=-5 if account else 5)
    )

    assert compare_with_provider().findings == []


def test_a_provider_that_is_silent_is_no_agreement(settings, quick_gateway):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="did not answer"):
        call_command("reconcile")


# --- Our own money -------------------------------------------------------------------------------


def test_what_we_put_in_and_take_out_is_booked_once(ben, sandbox):
    for amount in (5_000, 7_000):
        sandbox.ask("POST", "/topups", amount=amount, currency="usd")
    play_on(sandbox)
    sandbox.api("POST", "/v1/payouts", amount=2_000, currency="usd")
    play_on(sandbox)
    play_on(sandbox)

    assert balance_of(chart.own_funds("USD")) == 10_000
    call_command("check_ledger")
    call_command("reconcile")


def test_a_payout_that_costs_have_eaten_into_goes_once_we_put_money_in(ada, ben, sandbox):
    """The provider keeps its fee of the whole payment, also of what is given back."""
    with_account(sandbox, ben)
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow)
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.split(escrow_id=escrow.pk, to_payee=33_333, reason="ruling")
    play_on(sandbox)
    days_pass(7)
    arrive(sandbox)
    payout = Payout.objects.get(party=own_party_of(ben))
    assert (payout.status, payout.failure_code) == ("scheduled", "balance_insufficient")
    call_command("reconcile")

    sandbox.ask("POST", "/topups", amount=5_000, currency="usd")
    days_pass(0.1)
    arrive(sandbox)

    payout.refresh_from_db()
    assert payout.status == "paid"
    call_command("reconcile")
