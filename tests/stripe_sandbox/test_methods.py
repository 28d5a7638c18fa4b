"""Cards and bank accounts that a customer keeps, and customers who come and go."""

import pytest
import stripe

from tests.stripe_sandbox.play import DAY, Play


def kept(play: Play, customer: str, token: str = "pm_card_visa") -> stripe.PaymentMethod:
    return play.stripe.v1.payment_methods.attach(token, {"customer": customer})


@pytest.fixture
def ada(play: Play) -> str:
    return play.stripe.v1.customers.create({"email": "ada@example.com"}).id


def ids(listed) -> list[str]:
    return [one.id for one in listed.data]


@pytest.mark.parametrize(
    ("card", "brand", "last4"),
    [
        ({"token": "tok_visa"}, "visa", "4242"),
        ({"token": "tok_mastercard"}, "mastercard", "4444"),
        ({"number": "4000 0000 0000 0077", "exp_month": 3, "exp_year": 34, "cvc": "1"}, "visa",
         "0077"),
    ],
)  # fmt: skip
def test_a_method_is_made_of_a_test_token_or_number(play: Play, card, brand, last4):
    made = play.stripe.v1.payment_methods.create(
        {"type": "card", "card": card, "billing_details": {"email": "ada@example.com"}}
    )

    assert made.id.startswith("pm_")
    assert (made.type, made.card.brand, made.card.last4) == ("card", brand, last4)
    assert (made.customer, made.billing_details.email) == (None, "ada@example.com")
    assert made.card.exp_year == 2034
    assert play.stripe.v1.payment_methods.retrieve(made.id).to_dict() == made.to_dict()


@pytest.mark.parametrize(
    ("params", "error", "code", "param"),
    [
        ({}, stripe.InvalidRequestError, "parameter_missing", "type"),
        ({"type": "card"}, stripe.InvalidRequestError, "parameter_missing", "card"),
        ({"type": "card", "card": {"token": "tok_gold"}}, stripe.InvalidRequestError,
         "resource_missing", "card[token]"),
        ({"type": "card", "card": {"number": "4242424242424241"}}, stripe.CardError,
         "incorrect_number", "number"),
        ({"type": "card", "card": {"token": "tok_visa", "exp_year": 2020}}, stripe.CardError,
         "invalid_expiry_year", "exp_year"),
        ({"type": "card", "card": {"token": "tok_visa", "exp_month": 13}}, stripe.CardError,
         "invalid_expiry_month", "exp_month"),
        ({"type": "us_bank_account",
          "us_bank_account": {"account_number": "1", "routing_number": "110000000"}},
         stripe.InvalidRequestError, "account_number_invalid", "us_bank_account[account_number]"),
        ({"type": "card", "card": {"token": "tok_visa"}, "colour": "blue"},
         stripe.InvalidRequestError, "parameter_unknown", "colour"),
    ],
)  # fmt: skip
def test_what_is_no_method_is_refused(play: Play, params, error, code, param):
    with pytest.raises(error) as refused:
        play.stripe.v1.payment_methods.create(params)

    assert (refused.value.code, refused.value.param) == (code, param)
    assert play.stripe.v1.payment_methods.list().data == []


def test_methods_are_attached_listed_changed_and_detached(play: Play, ada):
    first, second = kept(play, ada), kept(play, ada, "pm_usBankAccount_success")
    stranger = play.stripe.v1.customers.create({}).id
    service = play.stripe.v1.payment_methods

    assert ids(service.list({"customer": ada})) == [second.id, first.id]
    assert ids(service.list({"customer": ada, "type": "card"})) == [first.id]
    assert ids(play.stripe.v1.customers.payment_methods.list(ada, {"limit": 1})) == [second.id]
    assert ids(service.list({"customer": stranger})) == []
    assert play.stripe.v1.customers.payment_methods.retrieve(ada, first.id).id == first.id
    with pytest.raises(stripe.InvalidRequestError) as elsewhere:
        play.stripe.v1.customers.payment_methods.retrieve(stranger, first.id)
    assert elsewhere.value.http_status == 404

    changed = service.update(
        first.id,
        {"card": {"exp_month": 7, "exp_year": 2035}, "metadata": {"a": "1"},
         "billing_details": {"address": {"city": "Rome"}}, "allow_redisplay": "always"},
    )  # fmt: skip
    assert (changed.card.exp_month, changed.card.exp_year, changed.card.last4) == (7, 2035, "4242")
    assert (changed.metadata.a, changed.billing_details.address.city) == ("1", "Rome")
    assert ids(service.list({"allow_redisplay": "always"})) == [first.id]

    assert service.detach(first.id).customer is None
    assert ids(service.list({"customer": ada})) == [second.id]
    play.deliver()
    assert [kind for kind in play.webhook.types if kind.startswith("payment_method")] == [
        "payment_method.attached",
        "payment_method.attached",
        "payment_method.updated",
        "payment_method.detached",
    ]


def test_a_method_is_kept_by_one_customer_and_not_again_once_detached(play: Play, ada):
    method = kept(play, ada)
    service = play.stripe.v1.payment_methods
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        service.attach(method.id, {"customer": ada})
    service.detach(method.id)

    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        service.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        service.attach(method.id, {"customer": ada})
    with pytest.raises(stripe.InvalidRequestError, match="save this PaymentMethod"):
        service.update(method.id, {"metadata": {"a": "1"}})


def test_a_card_that_is_declined_is_not_kept_but_for_one(play: Play, ada):
    with pytest.raises(stripe.CardError) as refused:
        kept(play, ada, "pm_card_chargeDeclinedInsufficientFunds")

    assert refused.value.http_status == 402
    error = refused.value.error
    assert (error.type, error.code, error.decline_code) == (
        "card_error",
        "card_declined",
        "insufficient_funds",
    )
    assert kept(play, ada, "pm_card_chargeCustomerFail").customer == ada


@pytest.mark.parametrize(
    "attach", [{"customer": "cus_nobody"}, {}, {"customer": "cus_nobody", "colour": "blue"}]
)
def test_nobody_keeps_nothing(play: Play, attach):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.payment_methods.attach("pm_card_visa", attach)

    assert refused.value.code in ("resource_missing", "parameter_missing", "parameter_unknown")
    assert play.stripe.v1.payment_methods.list().data == []


# -- customers ------------------------------------------------------------


def test_customers_are_listed_by_page_and_by_address(play: Play, ada):
    others = [play.stripe.v1.customers.create({"email": "ben@example.com"}).id for _ in range(3)]

    assert ids(play.stripe.v1.customers.list()) == [*reversed(others), ada]
    assert ids(play.stripe.v1.customers.list({"email": "ada@example.com"})) == [ada]
    page = play.stripe.v1.customers.list({"limit": 2, "starting_after": others[2]})
    assert (ids(page), page.has_more) == ([others[1], others[0]], True)


def test_a_deleted_customer_is_known_but_does_nothing_more(play: Play, ada):
    method = kept(play, ada)
    gone = play.stripe.v1.customers.delete(ada)
    assert (gone.id, gone.deleted) == (ada, True)

    seen = play.stripe.v1.customers.retrieve(ada)
    assert seen.to_dict() == {"id": ada, "object": "customer", "deleted": True}
    assert ids(play.stripe.v1.customers.list()) == []
    for deed in (
        lambda: play.stripe.v1.customers.update(ada, {"name": "Ada"}),
        lambda: play.stripe.v1.customers.delete(ada),
        lambda: play.session(customer=ada),
        lambda: kept(play, ada),
        lambda: play.stripe.v1.customers.payment_methods.list(ada),
        lambda: play.stripe.v1.payment_intents.create(
            {"amount": 1_000, "currency": "usd", "customer": ada}
        ),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            deed()
        assert refused.value.code == "resource_missing"
    assert play.stripe.v1.payment_methods.retrieve(method.id).customer is None
    play.deliver()
    assert play.webhook.types[-1] == "customer.deleted"
    assert play.webhook.letters[-1].event["data"]["object"]["email"] == "ada@example.com"


def test_a_deletion_takes_no_parameters(play: Play, ada):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.raw_request("delete", f"/v1/customers/{ada}", colour="blue")

    assert refused.value.code == "parameter_unknown"
    assert ids(play.stripe.v1.customers.list()) == [ada]


def test_a_charge_names_its_customer_also_after_that_is_deleted(play: Play, ada):
    charge = play.paid(customer=ada)
    play.stripe.v1.customers.delete(ada)

    seen = play.stripe.v1.charges.retrieve(charge.id, {"expand": ["customer"]})

    assert seen.customer.to_dict() == {"id": ada, "object": "customer", "deleted": True}


def test_a_customer_comes_with_a_method_that_may_be_its_usual_one(play: Play):
    ada = play.stripe.v1.customers.create({"payment_method": "pm_card_visa"})
    method = play.stripe.v1.payment_methods.list({"customer": ada.id}).data[0]

    usual = play.stripe.v1.customers.update(
        ada.id, {"invoice_settings": {"default_payment_method": method.id}}
    )

    assert usual.invoice_settings.default_payment_method == method.id
    ben = play.stripe.v1.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.customers.update(
            ben, {"invoice_settings": {"default_payment_method": method.id}}
        )
    assert refused.value.code == "resource_missing"


def test_a_pay_page_leaves_a_method_that_can_be_looked_at(play: Play):
    charge = play.paid(card="5555555555554444")

    method = play.stripe.v1.payment_methods.retrieve(charge.payment_method)

    assert (method.card.brand, method.created) == ("mastercard", charge.created)
    play.advance(DAY)
    assert play.stripe.v1.payment_intents.retrieve(
        charge.payment_intent, {"expand": ["payment_method"]}
    ).payment_method.id == method.id  # fmt: skip
