"""What the provider's answers mean to us: done, refused or unknown, and nothing else."""

import pytest
import stripe
from django.db import transaction

from payments.gateway import reading
from payments.gateway.base import GatewayRefused, GatewayUnknown, State
from payments.gateway.connecting import client
from payments.gateway.outcomes import three_outcomes
from payments.gateway.stripe import gateway
from tests.sandbox import Sandbox


def refused(error: type[stripe.StripeError], status: int, code: str | None, **how):
    return error("Some message.", *how.pop("args", ()), http_status=status, code=code, **how)


@pytest.mark.parametrize(
    "error",
    [
        stripe.APIConnectionError("no route"),
        stripe.RateLimitError("slow down", http_status=429),
        stripe.APIError("trouble", http_status=500),
        stripe.APIError("trouble", http_status=503),
        stripe.APIError("nobody knows"),
        stripe.AuthenticationError("who?", http_status=401),
        # Authority is judged before the answer to an earlier call under the same key is looked up.
        stripe.PermissionError("no longer yours", http_status=403),
        stripe.IdempotencyError("in use", http_status=409, code="idempotency_key_in_use"),
        stripe.InvalidRequestError("locked", None, code="lock_timeout", http_status=409),
    ],
)
def test_no_clear_answer_is_unknown(error):
    with pytest.raises(GatewayUnknown), three_outcomes():
        raise error


@pytest.mark.parametrize(
    ("error", "code", "later"),
    [
        (stripe.CardError("declined", None, "card_declined", http_status=402), "card_declined", 0),
        (stripe.InvalidRequestError("no", None, "parameter_missing", http_status=400),
         "parameter_missing", 0),
        (stripe.InvalidRequestError("poor", None, "balance_insufficient", http_status=400),
         "balance_insufficient", 1),
        (stripe.InvalidRequestError("not there", None, "resource_missing", http_status=404),
         "resource_missing", 0),
        (stripe.IdempotencyError("other parameters", http_status=400), "idempotency_error", 0),
    ],
)  # fmt: skip
def test_a_clear_no_is_refused_with_its_code(error, code, later):
    with pytest.raises(GatewayRefused) as refusal, three_outcomes():
        raise error
    assert (refusal.value.code, refusal.value.retry_later) == (code, bool(later))


def test_another_error_is_a_fault_of_ours_and_is_not_hidden():
    with pytest.raises(ZeroDivisionError), three_outcomes():
        raise ZeroDivisionError


def test_the_client_is_patient_within_reason_and_repeats_by_itself(settings):
    made = client()
    assert made._requestor._options.max_network_retries == 2
    assert made._requestor._client._timeout == 15
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    assert client() is not made
    assert client() is client()


def test_whoever_waits_at_the_door_is_not_kept_for_a_minute():
    made = client(at_the_door=True)
    tries = 1 + made._requestor._options.max_network_retries
    assert tries * made._requestor._client._timeout <= 10


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"configuration": None, "requirements": None},
        {"configuration": {}, "requirements": {}},
        {"configuration": {"recipient": {"capabilities": {}}}},
        {"configuration": {"recipient": {"capabilities": {"stripe_balance": None}}}},
        {"configuration": {"recipient": {"capabilities": {"stripe_balance": {}}}}},
    ],
)
def test_an_account_of_which_parts_are_left_out_cannot_receive(parts):
    account = stripe.StripeObject.construct_from({"id": "acct_1"} | parts, "sk")

    read = reading.account_of(account)

    assert (read.can_receive, read.closed, read.requirements) == (False, False, [])


def test_a_refund_of_which_nothing_is_known_yet_is_under_way():
    refund = {
        "id": "re_1",
        "charge": "ch_1",
        "status": None,
        "amount": 5,
        "currency": "usd",
        "balance_transaction": None,
    }

    assert reading.refund_of(stripe.Refund.construct_from(refund, "sk")).state == State.PENDING


@pytest.mark.django_db
def test_the_same_key_with_another_amount_is_a_clear_no(sandbox: Sandbox):
    def page(amount: int):
        return gateway().open_pay_page(
            key="py_one:1",
            payment="py_one",
            transfer_group="es_one",
            title="Logo",
            amount=amount,
            currency="USD",
            return_url="http://127.0.0.1:8000/payments/py_one/",
        )

    first, again = page(5_000), page(5_000)
    assert (first.session_id, first.url) == (again.session_id, again.url)
    assert (first.amount, first.currency, first.payment) == (5_000, "USD", "py_one")
    with pytest.raises(GatewayRefused) as refusal:
        page(5_001)
    assert refusal.value.code == "idempotency_error"


@pytest.mark.django_db
def test_a_lost_connection_is_repeated_by_the_client_with_the_same_key(sandbox: Sandbox):
    sandbox.trouble({"fault": "error_503", "path": "/v2/core/accounts", "times": 1})

    account = gateway().open_account(
        key="pa_ben:account:US", party="pa_ben", name="Ben", email="ben@example.com", country="US"
    )

    assert not account.can_receive and not account.closed
    assert len(sandbox.api("GET", "/v2/core/accounts")["data"]) == 1


@pytest.mark.django_db
def test_it_is_never_asked_inside_a_transaction(sandbox: Sandbox):
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        gateway().refund("re_1")

    with pytest.raises(GatewayRefused):
        gateway().refund("re_1")
