"""Bank accounts, whose bank answers days after the payer has left."""

import pytest
import stripe

from tests.stripe_sandbox.play import DAY, Play

GOOD, CLOSED, ASKS = "000123456789", "000111111113", "000444444440"


def debited(play: Play, token: str, **fields) -> stripe.PaymentIntent:
    return play.stripe.v1.payment_intents.create(
        {"amount": 10_000, "currency": "usd", "payment_method": token, "confirm": True, **fields}
    )


def told(play: Play) -> list[str]:
    play.deliver()
    return [type for type in play.webhook.types if type.startswith(("pay", "charge", "check"))]


def test_a_debit_is_processing_until_the_bank_pays(play: Play):
    intent = debited(play, "pm_usBankAccount_success")
    assert intent.status == "processing"
    charge = play.stripe.v1.charges.retrieve(intent.latest_charge)
    assert (charge.status, charge.paid, charge.captured) == ("pending", False, False)
    assert charge.payment_method_details.us_bank_account.last4 == "6789"
    with pytest.raises(stripe.InvalidRequestError, match="has not succeeded"):
        play.stripe.v1.refunds.create({"charge": charge.id})
    play.advance(4)
    assert play.stripe.v1.payment_intents.retrieve(intent.id).status == "processing"

    play.advance(2)

    intent = play.stripe.v1.payment_intents.retrieve(
        intent.id, {"expand": ["latest_charge.balance_transaction"]}
    )
    booked = intent.latest_charge.balance_transaction
    assert (intent.status, intent.amount_received) == ("succeeded", 10_000)
    assert (booked.type, booked.fee, booked.net) == ("payment", 80, 9_920)
    assert booked.reporting_category == "charge"
    assert (play.available(), play.pending()) == (0, 9_920)
    assert told(play) == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_usBankAccount_accountClosed", "account_closed"),
        ("pm_usBankAccount_noAccount", "no_account"),
        ("pm_usBankAccount_insufficientFunds", "insufficient_funds"),
        ("pm_usBankAccount_debitNotAuthorized", "debit_not_authorized"),
    ],
)
def test_a_debit_that_the_bank_refuses_fails_later(play: Play, token, code):
    intent = debited(play, token)
    assert intent.status == "processing"

    play.advance(5)

    intent = play.stripe.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.last_payment_error.code) == ("requires_payment_method", code)
    assert (intent.latest_charge.status, intent.latest_charge.failure_code) == ("failed", code)
    assert play.pending() == 0
    assert told(play)[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_a_session_is_complete_while_unpaid_and_told_of_when_paid(play: Play):
    session = play.session()

    answer = play.submit(session.url, test_card=GOOD)

    assert answer.headers["Location"].startswith("http://platform.test/ok")
    session = play.stripe.v1.checkout.sessions.retrieve(session.id)
    assert (session.status, session.payment_status, session.url) == ("complete", "unpaid", None)
    play.advance(2 * DAY)
    session = play.stripe.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert session.payment_intent.status == "succeeded"
    assert [type for type in told(play) if type.startswith("checkout")] == [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
    ]
    statuses = [
        letter.event["data"]["object"]["payment_status"]
        for letter in play.webhook.letters
        if letter.type.startswith("checkout")
    ]
    assert statuses == ["unpaid", "paid"]


def test_a_session_stays_unpaid_when_the_bank_refuses(play: Play):
    session = play.session()
    url = session.url
    play.submit(url, test_card=CLOSED)
    assert "A bank was asked to pay" in play.http.get(url).text
    play.advance(5)

    session = play.stripe.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    intent = session.payment_intent
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    assert (intent.status, intent.last_payment_error.code) == (
        "requires_payment_method",
        "account_closed",
    )
    assert told(play)[-1] == "checkout.session.async_payment_failed"
    assert play.submit(url, card_number="4242424242424242").status_code == 303  # leads on, only
    assert [one.status for one in play.stripe.v1.charges.list().data] == ["failed"]
    assert play.stripe.v1.payment_intents.cancel(intent.id).status == "canceled"


def test_accounts_are_debited_in_dollars_and_where_they_are_allowed(play: Play):
    for session in (
        play.session(currency="eur"),
        play.session(allowed_payment_method_types=["card"]),
    ):
        assert session.payment_method_types == ["card"]
        assert GOOD not in play.http.get(session.url).text
        assert play.submit(session.url, test_card=GOOD).status_code == 402

    assert GOOD in play.http.get(play.session().url).text


def test_an_account_is_kept_like_a_card(play: Play):
    ada = play.stripe.v1.customers.create({}).id
    made = play.stripe.v1.payment_methods.create(
        {"type": "us_bank_account",
         "us_bank_account": {"account_number": GOOD, "routing_number": "110000000",
                             "account_holder_type": "company"}}
    )  # fmt: skip
    intent = play.stripe.v1.setup_intents.create(
        {"customer": ada, "payment_method": made.id, "confirm": True}
    )
    assert intent.status == "succeeded"

    paid = debited(play, made.id, customer=ada, off_session=True)

    assert paid.status == "processing"
    kept = play.stripe.v1.payment_methods.list({"customer": ada, "type": "us_bank_account"}).data
    assert [one.us_bank_account.account_holder_type for one in kept] == ["company"]


# -- refunds --------------------------------------------------------------


def debit_that_asks(play: Play) -> str:
    intent = debited(play, "pm_usBankAccount_refundAsksOwner")
    play.advance(3 * DAY)
    play.control("/topups", {"amount": 80, "currency": "usd"})
    return intent.latest_charge


def test_a_debit_is_refunded_like_a_card(play: Play):
    intent = debited(play, "pm_usBankAccount_success")
    play.advance(3 * DAY)

    refund = play.stripe.v1.refunds.create(
        {"payment_intent": intent.id, "amount": 4_000, "expand": ["balance_transaction"]}
    )

    assert (refund.status, refund.balance_transaction.type) == ("succeeded", "payment_refund")
    assert play.available() == 9_920 - 4_000


def test_a_refund_that_asks_its_owner_can_be_canceled_until_then(play: Play):
    charge = debit_that_asks(play)
    refund = play.stripe.v1.refunds.create({"charge": charge, "amount": 4_000})
    assert (refund.status, refund.next_action.type) == ("requires_action", "display_details")
    assert (refund.balance_transaction, play.available()) == (None, 10_000)
    assert play.stripe.v1.charges.retrieve(charge).amount_refunded == 4_000

    refund = play.stripe.v1.refunds.cancel(refund.id)

    assert refund.status == "canceled"
    assert "next_action" not in refund
    assert play.stripe.v1.charges.retrieve(charge).amount_refunded == 0
    play.advance(DAY)
    assert play.stripe.v1.refunds.retrieve(refund.id).status == "canceled"
    assert play.available() == 10_000
    play.deliver()
    assert play.webhook.types[-2:] == ["charge.refund.updated", "refund.updated"]
    whole = play.stripe.v1.refunds.create({"charge": charge})
    play.advance(5)
    assert (play.stripe.v1.refunds.retrieve(whole.id).status, play.available()) == ("succeeded", 0)


def test_only_a_refund_that_asks_is_canceled(play: Play):
    charge = debit_that_asks(play)
    asked = play.stripe.v1.refunds.create({"charge": charge, "amount": 100})
    play.advance(5)
    waiting = play.stripe.v1.refunds.create({"charge": play.paid(50_000).id})
    pending = play.stripe.v1.refunds.create(
        {"charge": play.paid(500, card="4000000000007726").id, "amount": 100}
    )
    assert (waiting.status, pending.status) == ("pending", "pending")

    for id in (asked.id, waiting.id, pending.id):
        with pytest.raises(stripe.InvalidRequestError, match="cannot cancel this refund"):
            play.stripe.v1.refunds.cancel(id)
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        play.stripe.v1.refunds.cancel("re_nobody")
    assert unknown.value.http_status == 404


def test_a_debit_can_be_charged_back_by_hand(play: Play):
    intent = debited(play, "pm_usBankAccount_success")
    play.advance(3 * DAY)

    dispute = play.control("/disputes", {"charge": intent.latest_charge})

    assert (dispute["amount"], play.available()) == (10_000, 9_920 - 11_500)
    play.control(f"/disputes/{dispute['id']}/close", {"outcome": "won"})
    assert play.available() == 9_920 - 1_500
