"""Setup intents: a card is made ready for payments to come."""

import pytest
import stripe

from tests.stripe_sandbox.play import Play


@pytest.fixture
def ada(play: Play) -> str:
    return play.stripe.v1.customers.create({"email": "ada@example.com"}).id


def confirmed(play: Play, token: str, **fields) -> stripe.SetupIntent:
    return play.stripe.v1.setup_intents.create({"payment_method": token, "confirm": True, **fields})


def told(play: Play) -> list[str]:
    play.deliver()
    return [type for type in play.webhook.types if type.startswith(("setup", "payment_method"))]


def test_a_card_is_set_up_and_kept(play: Play, ada):
    intent = play.stripe.v1.setup_intents.create({"customer": ada, "metadata": {"a": "1"}})
    assert (intent.status, intent.usage, intent.latest_attempt) == (
        "requires_payment_method",
        "off_session",
        None,
    )
    intent = play.stripe.v1.setup_intents.update(intent.id, {"payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"

    intent = play.stripe.v1.setup_intents.confirm(intent.id, {"expand": ["latest_attempt"]})

    assert (intent.status, intent.latest_attempt.status) == ("succeeded", "succeeded")
    kept = play.stripe.v1.payment_methods.list({"customer": ada}).data
    assert [one.id for one in kept] == [intent.payment_method]
    assert told(play) == [
        "setup_intent.created", "payment_method.attached", "setup_intent.succeeded"
    ]  # fmt: skip
    assert play.stripe.v1.charges.list().data == []


def test_what_is_set_up_with_the_bank_pays_with_nobody_there(play: Play, ada):
    intent = confirmed(
        play, "pm_card_authenticationRequiredOnSetup", customer=ada,
        return_url="http://platform.test/back",
    )  # fmt: skip
    page = intent.next_action.redirect_to_url.url
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    assert "to keep this card for later" in play.http.get(page).text

    answer = play.submit(page, answer="complete")

    assert f"/back?setup_intent={intent.id}" in answer.headers["Location"]
    intent = play.stripe.v1.setup_intents.retrieve(intent.id)
    assert intent.status == "succeeded"
    paid = play.stripe.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "customer": ada, "confirm": True, "off_session": True,
         "payment_method": intent.payment_method}
    )  # fmt: skip
    assert paid.status == "succeeded"


def test_a_declined_card_is_not_set_up(play: Play, ada):
    with pytest.raises(stripe.CardError) as refused:
        confirmed(play, "pm_card_chargeDeclined", customer=ada)

    error = refused.value.error
    assert (refused.value.http_status, error.code) == (402, "card_declined")
    intent = play.stripe.v1.setup_intents.retrieve(
        error.setup_intent.id, {"expand": ["latest_attempt"]}
    )
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_setup_error.decline_code == "generic_decline"
    assert (intent.latest_attempt.status, intent.latest_attempt.setup_error.code) == (
        "failed",
        "card_declined",
    )
    assert told(play) == ["setup_intent.created", "setup_intent.setup_failed"]
    assert play.stripe.v1.payment_methods.list({"customer": ada}).data == []

    again = play.stripe.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert (again.status, again.last_setup_error) == ("succeeded", None)
    attempts = play.stripe.v1.setup_attempts.list({"setup_intent": intent.id}).data
    assert [one.status for one in attempts] == ["succeeded", "failed"]


def test_whoever_fails_to_authenticate_sets_nothing_up(play: Play, ada):
    intent = confirmed(play, "pm_card_threeDSecure2Required", customer=ada)

    play.submit(intent.next_action.redirect_to_url.url, answer="fail")

    intent = play.stripe.v1.setup_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_setup_error.code == "setup_intent_authentication_failure"
    assert told(play)[-2:] == ["setup_intent.requires_action", "setup_intent.setup_failed"]


def test_a_customer_deleted_in_the_meantime_keeps_nothing(play: Play, ada):
    intent = confirmed(play, "pm_card_threeDSecure2Required", customer=ada)
    play.stripe.v1.customers.delete(ada)

    play.submit(intent.next_action.redirect_to_url.url, answer="complete")

    assert play.stripe.v1.setup_intents.retrieve(intent.id).status == "succeeded"
    assert play.stripe.v1.payment_methods.retrieve(intent.payment_method).customer is None


def test_a_setup_is_canceled_only_before_its_end(play: Play, ada):
    service = play.stripe.v1.setup_intents
    intent = confirmed(play, "pm_card_threeDSecure2Required")
    page = intent.next_action.redirect_to_url.url

    gone = service.cancel(intent.id, {"cancellation_reason": "abandoned"})

    assert (gone.status, gone.cancellation_reason, gone.next_action) == (
        "canceled",
        "abandoned",
        None,
    )
    assert play.submit(page, answer="complete").status_code == 404
    for id in (gone.id, confirmed(play, "pm_card_visa").id):
        for deed in (service.cancel, service.confirm):
            with pytest.raises(stripe.InvalidRequestError) as refused:
                deed(id)
            assert refused.value.code == "setup_intent_unexpected_state"
            assert refused.value.error.setup_intent.id == id


def test_setups_are_listed_by_customer_and_by_method(play: Play, ada):
    plain = confirmed(play, "pm_card_visa")
    hers = confirmed(play, "pm_card_visa", customer=ada)

    for params, expected in (
        ({}, [hers.id, plain.id]),
        ({"customer": ada}, [hers.id]),
        ({"payment_method": plain.payment_method}, [plain.id]),
        ({"limit": 1}, [hers.id]),
        ({"starting_after": hers.id}, [plain.id]),
    ):
        assert [one.id for one in play.stripe.v1.setup_intents.list(params).data] == expected


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"customer": "cus_nobody"}, "resource_missing"),
        ({"payment_method": "pm_nobody"}, "resource_missing"),
        ({"confirm": True}, "setup_intent_unexpected_state"),
        ({"allowed_payment_method_types": ["klarna"]}, None),
        ({"return_url": "http://a.test/"}, None),
        ({"usage": "often"}, None),
        ({"amount": 100}, "parameter_unknown"),
    ],
)
def test_what_cannot_be_set_up_is_refused_and_leaves_nothing(play: Play, fields, code):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.setup_intents.create(fields)

    assert refused.value.code == code
    assert play.stripe.v1.setup_intents.list().data == []
