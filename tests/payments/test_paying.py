"""Paying on the provider's page, with everything that goes wrong on the way."""

import pytest
from django.core.management import call_command

from marketplace.common.errors import DomainError, ProviderUnreachable, WrongState
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts.models import Payout
from payments.policies.fees import check_payable
from payments.policies.selectors import policy_in_force
from payments.refunds.models import Refund
from tests.payments.world import A_WHILE, asked, days_pass, opened, paid_at, with_account
from tests.sandbox import (
    AVAILABLE_AT_ONCE,
    DECLINED_CARD,
    SECURE_CARD,
    Sandbox,
    drop,
    play_on,
    sweep_all,
)

pytestmark = pytest.mark.django_db

SESSIONS = "/v1/checkout/sessions"


def page_for(escrow: Escrow) -> Payment:
    return fundings.open_pay_page(payment_id=asked(escrow).pk)


def now_of(payment: Payment) -> Payment:
    payment.refresh_from_db()
    return payment


def the_books_agree(sandbox: Sandbox) -> None:
    days_pass(A_WHILE)
    play_on(sandbox)
    call_command("check_ledger")
    call_command("reconcile")


def test_a_card_that_succeeds_fills_the_escrow(ada, ben, sandbox):
    escrow = opened(ada, ben)

    payment = paid_at(sandbox, escrow)

    assert payment.status == "succeeded"
    assert payment.intent_id.startswith("pi_") and payment.charge_id.startswith("ch_")
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    the_books_agree(sandbox)
    assert now_of(payment).provider_fee == 103_000 * 29 // 1_000 + 30


def test_two_clicks_open_one_page(ada, ben, sandbox):
    escrow = opened(ada, ben)

    first, second = page_for(escrow), page_for(escrow)

    assert first.url == second.url
    assert len(sandbox.api("GET", SESSIONS)["data"]) == 1


def test_a_declined_card_says_why_and_another_may_follow(ada, ben, sandbox):
    payment = page_for(opened(ada, ben))

    sandbox.pay(payment.url, DECLINED_CARD)
    play_on(sandbox)
    assert (now_of(payment).status, payment.failure_code) == ("pending", "generic_decline")

    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    play_on(sandbox)
    assert (now_of(payment).status, payment.failure_code) == ("succeeded", "")
    the_books_agree(sandbox)


@pytest.mark.parametrize(("passed", "status"), [(True, "succeeded"), (False, "pending")])
def test_a_card_that_asks_for_confirmation(ada, ben, sandbox, passed, status):
    payment = page_for(opened(ada, ben))

    sandbox.pay(payment.url, SECURE_CARD)
    play_on(sandbox)
    assert now_of(payment).status == "requires_action"

    sandbox.authenticate(payment.url, passed=passed)
    play_on(sandbox)
    assert now_of(payment).status == status


def test_a_page_that_nobody_pays_expires_and_the_next_try_gets_another(ada, ben, sandbox):
    escrow = opened(ada, ben)
    payment = page_for(escrow)

    days_pass(1.01)
    play_on(sandbox)

    assert now_of(payment).status == "expired"
    another = page_for(escrow)
    assert another != payment and another.url != payment.url


def test_an_expired_payment_cannot_be_opened(ada, ben, sandbox):
    payment = page_for(opened(ada, ben))
    days_pass(1.01)

    with pytest.raises(WrongState, match="no longer open"):
        fundings.open_pay_page(payment_id=payment.pk)


def test_a_dropped_escrow_closes_its_page(ada, ben, sandbox):
    escrow = opened(ada, ben)
    payment = page_for(escrow)

    escrows.drop(escrow_id=escrow.pk)
    play_on(sandbox)

    assert sandbox.api("GET", f"{SESSIONS}/{payment.session_id}")["status"] == "expired"
    assert now_of(payment).status == "cancelled"


def test_a_payment_that_beats_the_drop_is_given_back(ada, ben, sandbox):
    escrow = opened(ada, ben)
    payment = page_for(escrow)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)

    escrows.drop(escrow_id=escrow.pk)
    play_on(sandbox)
    days_pass(A_WHILE)  # the provider's fee is booked, and the rest of the balance with it
    sandbox.ask("POST", "/topups", amount=5_000, currency="usd")
    days_pass(0.1)

    the_books_agree(sandbox)
    refund = Refund.objects.get()
    assert (refund.status, refund.amount) == ("succeeded", 103_000)
    assert now_of(payment).status == "refunded"


# --- Letters that do not come, or come oddly -----------------------------------------------------


def test_without_any_letter_the_sweep_finds_out(ada, ben, sandbox):
    payment = page_for(opened(ada, ben))
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    sandbox.collect()
    sandbox.letters.clear()

    sweep_all()
    assert now_of(payment).status == "pending"  # it is not asked at every sweep
    days_pass(A_WHILE)
    sweep_all()

    assert now_of(payment).status == "succeeded"


def test_every_letter_twice_and_backwards_changes_nothing(ada, ben, sandbox):
    escrow = opened(ada, ben)
    payment = page_for(escrow)
    sandbox.pay(payment.url, DECLINED_CARD)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    days_pass(A_WHILE)
    sandbox.collect()
    letters = list(sandbox.letters)
    sandbox.letters.clear()

    for letter in [*reversed(letters), *letters]:
        assert drop(letter) == 200
        sweep_all()

    the_books_agree(sandbox)
    assert now_of(payment).status == "succeeded"
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    assert Refund.objects.count() == 0


# --- Answers that do not come --------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "reset", "error_503"])
def test_no_answer_is_said_in_words_and_the_next_click_gets_the_one_page(
    ada, ben, sandbox, fault, quick_gateway
):
    escrow = opened(ada, ben)
    payment = asked(escrow)
    sandbox.trouble({"fault": fault, "path": SESSIONS, "times": None, "seconds": 0.05})

    with pytest.raises(ProviderUnreachable, match="Nothing was charged"):
        fundings.open_pay_page(payment_id=payment.pk)

    sandbox.trouble()
    opened_page = page_for(escrow)
    assert opened_page == payment
    assert len(sandbox.api("GET", SESSIONS)["data"]) == 1


def test_a_fault_that_the_provider_keeps_blocks_nobody_for_long(ada, ben, sandbox, quick_gateway):
    payment = asked(opened(ada, ben))
    sandbox.trouble({"fault": "error_500_saved", "path": SESSIONS})
    for _ in range(2):  # soon, the key is the same, and so is the answer
        with pytest.raises(ProviderUnreachable):
            fundings.open_pay_page(payment_id=payment.pk)
    assert now_of(payment).attempt == 1

    days_pass(3 / 24 / 60)

    assert fundings.open_pay_page(payment_id=payment.pk).url
    assert now_of(payment).attempt == 2


def two_pages(escrow: Escrow, sandbox: Sandbox) -> tuple[Payment, list[dict]]:
    """The answer with the first page was lost, and minutes later a second one was made."""
    payment = asked(escrow)
    sandbox.trouble({"fault": "timeout_after", "path": SESSIONS, "seconds": 0.05})
    with pytest.raises(ProviderUnreachable):
        fundings.open_pay_page(payment_id=payment.pk)
    days_pass(3 / 24 / 60)
    fundings.open_pay_page(payment_id=payment.pk)
    pages = sandbox.api("GET", SESSIONS)["data"]
    assert len(pages) == 2
    return now_of(payment), sorted(pages, key=lambda page: page["id"] == payment.session_id)


def test_the_end_of_a_page_that_nobody_saw_does_not_end_the_payment(
    ada, ben, sandbox, quick_gateway
):
    escrow = opened(ada, ben)
    payment, (lost, _) = two_pages(escrow, sandbox)

    sandbox.api("POST", f"{SESSIONS}/{lost['id']}/expire")
    play_on(sandbox)
    assert now_of(payment).status == "pending"

    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    play_on(sandbox)
    assert now_of(payment).status == "succeeded"
    the_books_agree(sandbox)


def test_both_pages_of_a_payment_paid_is_one_held_and_one_given_back(
    ada, ben, sandbox, quick_gateway
):
    escrow = opened(ada, ben)
    payment, pages = two_pages(escrow, sandbox)
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")

    for page in pages:
        sandbox.pay(page["url"], AVAILABLE_AT_ONCE)
        play_on(sandbox)
    days_pass(A_WHILE)
    play_on(sandbox)

    assert now_of(payment).status == "succeeded"
    assert Payment.objects.exclude(pk=payment.pk).get().status == "refunded"
    assert Refund.objects.get().status == "succeeded"
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    the_books_agree(sandbox)


def test_a_definite_no_is_said_in_words_and_the_next_try_has_a_new_key(ada, ben, sandbox):
    escrow = opened(ada, ben, amount=20)  # less than a card can carry
    payment = asked(escrow)

    for attempt in (2, 3):
        with pytest.raises(DomainError, match="does not take this payment") as refusal:
            fundings.open_pay_page(payment_id=payment.pk)
        assert refusal.value.code == "payment_refused"
        assert now_of(payment).attempt == attempt
    assert (payment.status, payment.failure_code) == ("pending", "amount_too_small")


@pytest.mark.parametrize(
    ("currency", "price", "reaches_the_bank"),
    [("JPY", 50_001, 48_501), ("USD", 33_333, 32_333), ("KWD", 12_000, 11_640)],
)
def test_every_number_of_digits_goes_all_the_way_to_the_bank(
    ada, ben, sandbox, currency, price, reaches_the_bank
):
    check_payable(price, currency=currency, policy=policy_in_force(), param="amount")
    with_account(sandbox, ben)
    escrow = opened(ada, ben, amount=price, currency=currency)
    paid_at(sandbox, escrow)
    escrows.release(escrow_id=escrow.pk)
    for days in (A_WHILE, 7, A_WHILE, A_WHILE):
        days_pass(days)
        play_on(sandbox)

    (payout,) = Payout.objects.all()
    assert (payout.currency, payout.amount, payout.status) == (currency, reaches_the_bank, "paid")
    the_books_agree(sandbox)


def test_yen_have_no_cents(ada, ben, sandbox):
    payment = paid_at(sandbox, opened(ada, ben, amount=50_000, currency="JPY"))

    assert (payment.status, payment.amount) == ("succeeded", 51_500)
    the_books_agree(sandbox)
