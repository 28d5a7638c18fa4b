"""Payment intents as a program makes, confirms, captures and cancels them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.stripe_sandbox.play import DAY, Play, client_for


def made(play: Play, amount: int = 10_000, currency: str = "usd", **fields) -> stripe.PaymentIntent:
    return play.stripe.v1.payment_intents.create({"amount": amount, "currency": currency, **fields})


def confirmed(play: Play, token: str = "pm_card_visa", **fields) -> stripe.PaymentIntent:
    return made(play, payment_method=token, confirm=True, **fields)


def charge_of(play: Play, intent_id: str) -> stripe.Charge:
    expanded = {"expand": ["latest_charge.balance_transaction"]}
    return play.stripe.v1.payment_intents.retrieve(intent_id, expanded).latest_charge


def told(play: Play) -> list[str]:
    play.deliver()
    return [type for type in play.webhook.types if type.startswith(("payment_intent", "charge"))]


def test_an_intent_goes_through_its_states_to_success(play: Play):
    intent = made(play, transfer_group="es_1", metadata={"escrow": "es_1"})
    assert (intent.status, intent.latest_charge, intent.amount_received) == (
        "requires_payment_method",
        None,
        0,
    )
    assert intent.client_secret.startswith(f"{intent.id}_secret_")

    intent = play.stripe.v1.payment_intents.update(intent.id, {"payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"
    assert intent.payment_method != "pm_card_visa"  # a method of its own, made of the token

    intent = play.stripe.v1.payment_intents.confirm(intent.id)
    assert (intent.status, intent.amount_received) == ("succeeded", 10_000)
    charge = charge_of(play, intent.id)
    assert (charge.payment_method, charge.transfer_group) == (intent.payment_method, "es_1")
    assert charge.metadata.escrow == "es_1"
    assert charge.balance_transaction is None  # automatic_async

    play.advance(1)
    assert charge_of(play, intent.id).balance_transaction.net == 9_680
    assert told(play) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]


def test_automatic_capture_books_at_once(play: Play):
    intent = confirmed(play, "pm_card_bypassPending", capture_method="automatic")

    assert charge_of(play, intent.id).balance_transaction.net == play.available() == 9_680
    play.advance(5)
    assert "charge.updated" not in told(play)


def test_a_declined_attempt_is_an_error_that_leaves_its_traces(play: Play):
    with pytest.raises(stripe.CardError) as refused:
        confirmed(play, "pm_card_chargeDeclinedInsufficientFunds", metadata={"a": "1"})

    error = refused.value.error
    assert refused.value.http_status == 402
    assert (error.type, error.code, error.decline_code) == (
        "card_error",
        "card_declined",
        "insufficient_funds",
    )
    intent = play.stripe.v1.payment_intents.retrieve(error.payment_intent.id)
    assert intent.to_dict() == error.payment_intent.to_dict()
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error.charge == intent.latest_charge == error.charge
    assert intent.last_payment_error.payment_method.card.last4 == "9995"
    assert (charge_of(play, intent.id).status, play.pending()) == ("failed", 0)
    assert told(play) == [
        "payment_intent.created", "charge.failed", "payment_intent.payment_failed"
    ]  # fmt: skip

    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method") as without:
        play.stripe.v1.payment_intents.confirm(intent.id)
    assert without.value.code == "payment_intent_unexpected_state"
    again = play.stripe.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert (again.status, again.last_payment_error) == ("succeeded", None)


def test_a_declined_attempt_under_a_key_is_not_made_twice(play: Play):
    intent = made(play)
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            play.stripe.v1.payment_intents.confirm(
                intent.id, {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "k1"}
            )

    assert refused.value.headers["Idempotent-Replayed"] == "true"
    assert len(play.stripe.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_a_confirmation_under_a_key_charges_once(play: Play):
    first = confirmed_with_key(play)
    second = confirmed_with_key(play)

    assert first.id == second.id
    assert len(play.stripe.v1.charges.list().data) == 1


def confirmed_with_key(play: Play) -> stripe.PaymentIntent:
    return play.stripe.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True},
        {"idempotency_key": "k1"},
    )


def test_eight_confirmations_at_once_charge_once(play: Play):
    intent = made(play)
    gate = threading.Barrier(8)

    def confirm(_: int) -> str:
        gate.wait()
        try:
            service = client_for(play.url).v1.payment_intents
            return service.confirm(intent.id, {"payment_method": "pm_card_visa"}).status
        except stripe.InvalidRequestError as refused:
            return refused.code or ""

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(confirm, range(8)))

    assert outcomes == [*["payment_intent_unexpected_state"] * 7, "succeeded"]
    assert len(play.stripe.v1.charges.list().data) == 1


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
        ("pm_card_chargeCustomerFail", "card_declined"),
    ],
)
def test_each_way_to_be_declined(play: Play, token, code):
    with pytest.raises(stripe.CardError) as refused:
        confirmed(play, token)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("token", "reason", "status"),
    [
        ("pm_card_createDispute", "fraudulent", "needs_response"),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "needs_response"),
        ("pm_card_createDisputeInquiry", "fraudulent", "warning_needs_response"),
    ],
)
def test_a_card_may_dispute_what_it_paid(play: Play, token, reason, status):
    intent = confirmed(play, token)
    play.advance(1)

    dispute = play.stripe.v1.disputes.list({"payment_intent": intent.id}).data[0]
    assert (dispute.reason, dispute.status) == (reason, status)


# -- 3-D Secure -----------------------------------------------------------


def test_a_card_that_asks_sends_its_owner_to_the_bank_and_back(play: Play):
    intent = confirmed(
        play, "pm_card_authenticationRequired", return_url="http://platform.test/back?a=1"
    )
    assert (intent.status, intent.latest_charge) == ("requires_action", None)
    page = intent.next_action.redirect_to_url.url
    assert "100.00 USD" in play.http.get(page).text

    answer = play.submit(page, answer="complete")

    back = answer.headers["Location"]
    assert back.startswith(f"http://platform.test/back?a=1&payment_intent={intent.id}")
    assert back.endswith("redirect_status=succeeded")
    assert play.stripe.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert play.submit(page, answer="complete").status_code == 404
    assert told(play)[1:3] == ["payment_intent.requires_action", "charge.succeeded"]


def test_whoever_fails_to_authenticate_is_not_charged(play: Play):
    intent = confirmed(play, "pm_card_threeDSecure2Required")

    answer = play.submit(intent.next_action.redirect_to_url.url, answer="fail")

    assert answer.status_code == 200  # no address to go back to was named
    intent = play.stripe.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.latest_charge) == ("requires_payment_method", None)
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"


def test_money_may_be_missing_after_authentication(play: Play):
    token = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"
    intent = confirmed(play, token, return_url="http://platform.test/")

    answer = play.submit(intent.next_action.redirect_to_url.url, answer="complete")

    assert answer.headers["Location"].endswith("redirect_status=failed")
    assert charge_of(play, intent.id).failure_code == "card_declined"


def test_manual_confirmation_is_confirmed_again_after_the_bank(play: Play):
    intent = confirmed(play, "pm_card_threeDSecure2Required", confirmation_method="manual")
    play.submit(intent.next_action.redirect_to_url.url, answer="complete")
    assert play.stripe.v1.payment_intents.retrieve(intent.id).status == "requires_confirmation"

    assert play.stripe.v1.payment_intents.confirm(intent.id).status == "succeeded"


@pytest.mark.parametrize("how", ["off_session", "error_on_requires_action"])
def test_with_nobody_there_a_card_that_asks_is_declined(play: Play, how):
    with pytest.raises(stripe.CardError) as refused:
        confirmed(play, "pm_card_authenticationRequired", **{how: True})

    assert refused.value.code == refused.value.error.decline_code == "authentication_required"
    assert refused.value.error.payment_intent.status == "requires_payment_method"
    assert play.stripe.v1.charges.list().data[0].failure_code == "authentication_required"


def test_a_card_that_is_set_up_pays_with_nobody_there(play: Play):
    ada = play.stripe.v1.customers.create({}).id
    first = confirmed(
        play, "pm_card_authenticationRequiredOnSetup", customer=ada,
        setup_future_usage="off_session",
    )  # fmt: skip
    play.submit(first.next_action.redirect_to_url.url, answer="complete")
    method = play.stripe.v1.payment_methods.list({"customer": ada}).data[0]

    second = confirmed(play, method.id, customer=ada, off_session=True)

    assert second.status == "succeeded"
    third = confirmed(play, method.id, customer=ada)
    assert third.status == "requires_action"


# -- whose method it is ---------------------------------------------------


def test_a_method_that_nobody_keeps_pays_once(play: Play):
    method = play.stripe.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    confirmed(play, method.id)

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        confirmed(play, method.id)
    assert len(play.stripe.v1.payment_intents.list().data) == 1


def test_a_kept_method_pays_for_its_customer_only(play: Play):
    ada = play.stripe.v1.customers.create({"payment_method": "pm_card_visa"}).id
    method = play.stripe.v1.payment_methods.list({"customer": ada}).data[0].id

    for _ in range(2):
        assert confirmed(play, method, customer=ada).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="belongs to the customer"):
        confirmed(play, method)
    listed = play.stripe.v1.payment_intents.list({"customer": ada, "limit": 1})
    assert (len(listed.data), listed.has_more) == (1, True)


# -- capturing ------------------------------------------------------------


def test_what_is_held_is_captured_in_part_and_the_rest_released(play: Play):
    intent = confirmed(play, "pm_card_bypassPending", capture_method="manual")
    assert (intent.status, intent.amount_capturable, intent.amount_received) == (
        "requires_capture",
        10_000,
        0,
    )
    charge = charge_of(play, intent.id)
    assert (charge.status, charge.captured, charge.amount_captured) == ("succeeded", False, 0)
    assert play.available() == play.pending() == 0

    intent = play.stripe.v1.payment_intents.capture(intent.id, {"amount_to_capture": 6_000})

    assert (intent.status, intent.amount_capturable, intent.amount_received) == (
        "succeeded",
        0,
        6_000,
    )
    charge = charge_of(play, intent.id)
    assert (charge.captured, charge.amount_captured, charge.amount_refunded) == (True, 6_000, 4_000)
    assert (charge.balance_transaction.amount, play.available()) == (6_000, 6_000 - 204)
    released = play.stripe.v1.refunds.list({"charge": charge.id}).data[0]
    assert (released.amount, released.status, released.balance_transaction) == (
        4_000,
        "succeeded",
        None,
    )
    assert told(play) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "charge.refunded",
        "payment_intent.succeeded",
    ]


def test_only_what_was_captured_is_refunded_transferred_or_disputed(play: Play):
    ben = play.freelancer()
    play.funded(10_000)
    intent = confirmed(play, "pm_card_bypassPending", capture_method="manual")
    transfer = {"currency": "usd", "destination": ben, "source_transaction": intent.latest_charge}
    with pytest.raises(stripe.InvalidRequestError, match="has not succeeded"):
        play.stripe.v1.transfers.create({**transfer, "amount": 1})
    with pytest.raises(stripe.InvalidRequestError, match="has not been captured"):
        play.stripe.v1.refunds.create({"charge": intent.latest_charge})
    play.stripe.v1.payment_intents.capture(intent.id, {"amount_to_capture": 6_000})

    refund = {"payment_intent": intent.id}
    for create, params in (
        (play.stripe.v1.transfers.create, transfer),
        (play.stripe.v1.refunds.create, refund),
    ):
        with pytest.raises(stripe.InvalidRequestError):
            create({**params, "amount": 6_001})
        create({**params, "amount": 6_000})
    assert play.stripe.v1.charges.retrieve(intent.latest_charge).refunded is True


def test_a_dispute_is_about_what_was_captured(play: Play):
    intent = confirmed(play, "pm_card_createDispute", capture_method="manual")
    play.stripe.v1.payment_intents.capture(intent.id, {"amount_to_capture": 6_000})
    play.advance(1)

    assert play.stripe.v1.disputes.list().data[0].amount == 6_000


def test_no_more_is_captured_than_is_held(play: Play):
    intent = confirmed(play, capture_method="manual")

    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.payment_intents.capture(intent.id, {"amount_to_capture": 10_001})

    assert (refused.value.code, refused.value.param) == ("amount_too_large", "amount_to_capture")


def test_canceling_releases_what_is_held(play: Play):
    intent = confirmed(play, capture_method="manual")

    intent = play.stripe.v1.payment_intents.cancel(
        intent.id, {"cancellation_reason": "requested_by_customer"}
    )

    assert (intent.status, intent.cancellation_reason, intent.amount_capturable) == (
        "canceled",
        "requested_by_customer",
        0,
    )
    charge = charge_of(play, intent.id)
    assert (charge.captured, charge.refunded, charge.amount_refunded) == (False, True, 10_000)
    assert (play.pending(), charge.balance_transaction) == (0, None)
    play.advance(8 * DAY)  # the week of the hold ends, and that is nothing to it
    assert told(play)[2:] == [
        "payment_intent.amount_capturable_updated", "charge.refunded", "payment_intent.canceled"
    ]  # fmt: skip


def test_what_nobody_captures_is_released_after_a_week(play: Play):
    intent = confirmed(play, capture_method="manual")
    held_until = charge_of(play, intent.id).payment_method_details.card.capture_before
    play.advance(held_until - intent.created - 1)
    assert play.stripe.v1.payment_intents.retrieve(intent.id).status == "requires_capture"

    play.advance(1)

    intent = play.stripe.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")
    refund = play.stripe.v1.refunds.list({"payment_intent": intent.id}).data[0]
    assert refund.reason == "expired_uncaptured_charge"
    assert "charge.expired" in told(play)


# -- what cannot be done --------------------------------------------------


@pytest.mark.parametrize(
    ("state", "deed"),
    [
        (state, deed)
        for state in ("succeeded", "canceled", "processing", "requires_capture")
        for deed in ("confirm", "capture", "cancel", "update")
        if state != "requires_capture" or deed in ("confirm", "update")
    ],
)
def test_what_a_state_does_not_allow_is_refused_by_its_code(play: Play, state, deed):
    service = play.stripe.v1.payment_intents
    if state == "canceled":
        intent = service.cancel(made(play).id)
    elif state == "processing":
        intent = confirmed(play, "pm_usBankAccount_success")
    else:
        manual = state == "requires_capture"
        intent = confirmed(play, capture_method="manual" if manual else "automatic")
    assert intent.status == state
    params = {"amount": 2_000} if deed == "update" else {}

    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(service, deed)(intent.id, params)

    assert refused.value.http_status == 400
    assert refused.value.code == "payment_intent_unexpected_state"
    assert refused.value.error.payment_intent.id == intent.id
    assert service.retrieve(intent.id).to_dict() == intent.to_dict()
    words = service.update(intent.id, {"description": "Sketches", "metadata": {"a": "1"}})
    assert (words.description, words.status) == ("Sketches", state)


def test_what_an_unpaid_intent_says_can_be_changed(play: Play):
    intent = confirmed(play, "pm_card_authenticationRequired")

    intent = play.stripe.v1.payment_intents.update(
        intent.id, {"amount": 2_000, "capture_method": "manual", "payment_method": "pm_card_visa"}
    )

    assert (intent.status, intent.next_action) == ("requires_confirmation", None)
    intent = play.stripe.v1.payment_intents.confirm(intent.id)
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2_000)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": ""}, "parameter_missing", "amount"),
        ({"amount": 12_345, "currency": "kwd"}, None, "amount"),
        ({"currency": "dollars"}, None, "currency"),
        ({"customer": "cus_nobody"}, "resource_missing", "customer"),
        ({"payment_method": "pm_nobody"}, "resource_missing", "payment_method"),
        ({"off_session": True}, None, "off_session"),
        ({"return_url": "http://a.test/"}, None, "return_url"),
        ({"confirm": True}, "payment_intent_unexpected_state", None),
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"allowed_payment_method_types": ["klarna"]}, None, "allowed_payment_method_types"),
        ({"currency": "eur", "payment_method": "pm_usBankAccount_success"},
         "payment_intent_incompatible_payment_method", "payment_method"),
        ({"allowed_payment_method_types": ["us_bank_account"], "payment_method": "pm_card_visa"},
         "payment_intent_incompatible_payment_method", "payment_method"),
    ],
)  # fmt: skip
def test_what_cannot_be_paid_is_refused_and_leaves_nothing(play: Play, fields, code, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        made(play, **fields)

    assert (refused.value.code, refused.value.param) == (code, param)
    assert play.stripe.v1.payment_intents.list().data == []
    assert told(play) == []


def test_payments_are_taken_on_the_platform_only(play: Play):
    ben = {"stripe_account": play.freelancer()}
    with pytest.raises(stripe.InvalidRequestError, match="on the platform only"):
        play.stripe.v1.payment_intents.create({"amount": 500, "currency": "usd"}, ben)

    intent = made(play)
    with pytest.raises(stripe.InvalidRequestError) as hidden:
        play.stripe.v1.payment_intents.confirm(intent.id, {}, ben)
    assert hidden.value.http_status == 404


def test_the_intent_of_a_session_is_paid_at_its_page_only(play: Play):
    session = play.session()
    play.submit(session.url, card_number="4000000000000002")
    intent = play.stripe.v1.checkout.sessions.retrieve(session.id).payment_intent

    for deed, params in (("confirm", {"payment_method": "pm_card_visa"}),
                         ("update", {"amount": 500})):  # fmt: skip
        with pytest.raises(stripe.InvalidRequestError, match="created by a Checkout Session"):
            getattr(play.stripe.v1.payment_intents, deed)(intent, params)
