"""Cards on the pay page, as a program or a browser submits them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.stripe_sandbox.play import DAY, Play


def intent_of(play: Play, session_id: str):
    session = play.stripe.v1.checkout.sessions.retrieve(
        session_id, {"expand": ["payment_intent.latest_charge"]}
    )
    return session.payment_intent


@pytest.mark.parametrize(
    ("card", "code", "decline_code", "shown"),
    [
        ("4000000000000002", "card_declined", "generic_decline", "was declined"),
        ("4000000000009995", "card_declined", "insufficient_funds", "insufficient funds"),
        ("4000000000000069", "expired_card", None, "has expired"),
        ("4000000000000127", "incorrect_cvc", None, "security code is incorrect"),
        ("4000000000000119", "processing_error", None, "error occurred"),
    ],
)
def test_a_declined_card_leaves_the_session_open_for_another(
    play: Play, card, code, decline_code, shown
):
    session = play.session()

    answer = play.submit(session.url, card_number=card)

    assert answer.status_code == 402
    assert shown in answer.text
    intent = intent_of(play, session.id)
    assert intent.status == "requires_payment_method"
    error = intent.last_payment_error
    assert (error.code, getattr(error, "decline_code", None)) == (code, decline_code)
    assert (intent.latest_charge.status, intent.latest_charge.failure_code) == ("failed", code)

    assert play.submit(session.url, card_number="4242424242424242").status_code == 303
    assert intent_of(play, session.id).id == intent.id
    assert intent_of(play, session.id).status == "succeeded"
    assert intent_of(play, session.id).last_payment_error is None


def test_three_d_secure_asks_first_and_charges_afterwards(play: Play):
    session = play.session()

    answer = play.submit(session.url, card_number="4000000000003220")
    assert answer.headers["Location"] == f"{session.url}/authenticate"
    intent = intent_of(play, session.id)
    assert (intent.status, intent.latest_charge) == ("requires_action", None)
    assert intent.next_action.redirect_to_url.url == f"{session.url}/authenticate"

    answer = play.submit(f"{session.url}/authenticate", answer="complete")
    assert answer.headers["Location"].startswith("http://platform.test/ok")
    assert intent_of(play, session.id).status == "succeeded"


def test_three_d_secure_that_fails_charges_nothing(play: Play):
    session = play.session()
    play.submit(session.url, card_number="4000000000003220")

    answer = play.submit(f"{session.url}/authenticate", answer="fail")

    assert answer.status_code == 402
    intent = intent_of(play, session.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    assert intent.latest_charge is None
    assert play.submit(session.url, card_number="4242424242424242").status_code == 303


def test_a_second_click_pays_nothing_and_leads_on(play: Play):
    session = play.session()
    first = play.submit(session.url, card_number="4242424242424242")
    second = play.submit(session.url, card_number="4242424242424242")

    assert first.headers["Location"] == second.headers["Location"]
    assert len(play.stripe.v1.charges.list().data) == 1


def test_eight_clicks_at_once_charge_once(play: Play):
    session = play.session()
    gate = threading.Barrier(8)

    def click(_: int) -> int:
        gate.wait()
        form = {"card_number": "4242424242424242"}
        return requests.post(session.url, data=form, allow_redirects=False, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(click, range(8))) == [303] * 8

    assert len(play.stripe.v1.charges.list().data) == 1


def test_a_session_expires_when_its_time_is_over(play: Play):
    session = play.session()
    play.submit(session.url, card_number="4000000000000002")
    play.advance(DAY)

    late = play.stripe.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (late.status, late.payment_status, late.url) == ("expired", "unpaid", None)
    assert late.payment_intent.status == "canceled"
    answer = play.submit(session.url, card_number="4242424242424242")
    assert answer.status_code == 410
    assert play.stripe.v1.charges.list().data[0].status == "failed"


def test_the_platform_may_expire_a_session_but_only_an_open_one(play: Play):
    session = play.session()

    assert play.stripe.v1.checkout.sessions.expire(session.id).status == "expired"

    with pytest.raises(Exception, match="can be expired"):
        play.stripe.v1.checkout.sessions.expire(session.id)
    play.deliver()
    assert play.webhook.types == ["checkout.session.expired"]


def test_an_intent_of_a_session_cannot_be_canceled_on_its_own(play: Play):
    session = play.session()
    play.submit(session.url, card_number="4000000000000002")

    with pytest.raises(Exception, match="Expire the Checkout Session"):
        play.stripe.v1.payment_intents.cancel(intent_of(play, session.id).id)

    play.submit(session.url, card_number="4242424242424242")
    with pytest.raises(Exception, match="status of succeeded") as refused:
        play.stripe.v1.payment_intents.cancel(intent_of(play, session.id).id)
    assert refused.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("currency", "amount", "fee"),
    [
        ("usd", 10_000, 320),
        ("usd", 50, 31),  # 1.45 is 1, and 30
        ("usd", 5_017, 175),  # 145.493 is 145
        ("usd", 5_000, 175),  # 145 to the cent
        ("usd", 250, 37),  # 7.25 is 7
        ("usd", 500, 45),  # 14.5 is 15: half up
        ("jpy", 10_000, 290),
        ("kwd", 10_000, 590),
    ],
)
def test_the_card_fee_is_the_platforms(play: Play, currency, amount, fee):
    charge = play.paid(amount, currency)

    booked = play.stripe.v1.balance_transactions.retrieve(charge.balance_transaction)
    assert (booked.amount, booked.fee, booked.net) == (amount, fee, amount - fee)
    assert sum(detail.amount for detail in booked.fee_details) == fee
    assert booked.available_on == charge.created + 2 * DAY
    assert booked.status == "pending"
    assert play.pending(currency=currency) == amount - fee


@pytest.mark.parametrize(
    ("currency", "amount", "why"),
    [("usd", 49, "at least 0.50 USD"), ("kwd", 12_345, "multiple of 10"),
     ("isk", 12_345, "multiple of 100")],
)  # fmt: skip
def test_amounts_that_no_card_network_takes_are_refused(play: Play, currency, amount, why):
    with pytest.raises(Exception, match=why):
        play.session(amount, currency)


def test_a_card_may_make_its_money_available_at_once(play: Play):
    play.paid(10_000, card="4000000000000077")

    assert (play.available(), play.pending()) == (9_680, 0)
