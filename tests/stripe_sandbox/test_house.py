"""The house keeps its own rules, and the operations are Stripe's."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

import stripe_sandbox
from stripe_sandbox import API_VERSION, money
from stripe_sandbox.errors import StripeError
from stripe_sandbox.instruments import CARDS, INSTRUMENTS, TOKENS
from stripe_sandbox.render import EXPANDABLE
from stripe_sandbox.routes import ROUTES
from tests.stripe_sandbox.definitions import MISSING, WHERE, Definitions

HOUSE = Path(stripe_sandbox.__file__).parent
SOURCES = sorted(HOUSE.rglob("*.py"))
SCHEMAS = {
    "charge": "Charges#Charge",
    "payment_intent": "PaymentIntents#PaymentIntent",
    "payment_method": "PaymentMethods#PaymentMethod",
    "setup_intent": "SetupIntents#SetupIntent",
    "setup_attempt": "SetupAttempts#SetupAttempt",
    "checkout.session": "Checkout/Sessions#Session",
    "refund": "Refunds#Refund",
    "transfer": "Transfers#Transfer",
    "transfer_reversal": "TransferReversals#TransferReversal",
    "payout": "Payouts#Payout",
    "balance_transaction": "BalanceTransactions#BalanceTransaction",
    "dispute": "Disputes#Dispute",
    "radar.early_fraud_warning": "Radar/EarlyFraudWarnings#EarlyFraudWarning",
}
needs_definitions = pytest.mark.skipif(not WHERE, reason=MISSING)
operations = pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_it_needs_nothing_but_the_standard_library(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in {*sys.stdlib_module_names, "stripe_sandbox"}, name


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_modules_and_functions_stay_small(path: Path):
    assert len(path.read_text().splitlines()) <= 300
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 70, node.name


def test_test_card_numbers_are_card_numbers():
    for number in CARDS:
        digits = [int(digit) for digit in reversed(number)]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
        assert (sum(digits[::2]) + sum(doubled)) % 10 == 0, number


def test_every_token_names_one_instrument_and_every_instrument_has_one():
    assert len(TOKENS) == len(INSTRUMENTS)


def test_amounts_are_written_with_their_places():
    assert money.written(-5, "usd") == "-0.05 USD"
    assert money.written(0, "jpy") == "0 JPY"
    assert money.written(1_234_567, "kwd") == "1,234.567 KWD"


@pytest.fixture
def known(definitions: Definitions | None) -> Definitions:
    assert definitions is not None
    return definitions


@needs_definitions
def test_the_definitions_are_of_our_version(known: Definitions):
    assert known.all["info"]["version"] == API_VERSION


@needs_definitions
@operations
def test_every_operation_takes_parameters_that_stripe_takes(known: Definitions, route):
    params = known.parameters(route.method, route.path.replace("{", "").replace("}", ""))
    official = set(params.get("properties", {}))
    ours = {name.rstrip("*") for name in route.spec}
    paging = {"page"} if route.version == 2 else set()  # an opaque part of next_page_url

    assert ours - paging <= official
    for required in params.get("required", ()):
        assert f"{required}*" in route.spec, required


@needs_definitions
@operations
def test_texts_are_as_long_as_stripe_takes_them(known: Definitions, route):
    params = known.parameters(route.method, route.path.replace("{", "").replace("}", ""))

    for name, reader in route.spec.items():
        longest = params.get("properties", {}).get(name.rstrip("*"), {}).get("maxLength")
        if longest is not None and "up_to" in reader.__qualname__:
            assert reader("x" * longest, name)
            with pytest.raises(StripeError):
                reader("x" * (longest + 1), name)


@needs_definitions
@pytest.mark.parametrize("kind", EXPANDABLE)
def test_only_what_stripe_expands_is_expanded(known: Definitions, kind: str):
    properties = known.schemas[SCHEMAS[kind]]["properties"]

    for name in EXPANDABLE[kind]:
        lists = name in ("refunds", "line_items", "reversals")
        assert lists or properties[name].get("x-expandable"), name


@needs_definitions
def test_the_check_of_shapes_finds_what_is_wrong(known: Definitions):
    good: dict[str, Any] = {
        "object": "balance",
        "available": [{"amount": 1, "currency": "usd", "source_types": {"card": 1}}],
        "livemode": False,
        "pending": [],
    }

    def problems(**change: Any) -> list[str]:
        return known.answer_problems("GET", "/v1/balance", good | change)

    assert problems() == []
    assert problems(object="unbalance")
    assert problems(livemode=None)
    assert problems(pending=[{"amount": 1.5, "currency": "usd"}])
    assert problems(pending=[{"amount": 1}])
    assert problems(colour="blue")
    payout = {"object": "payout", "status": "paid"}
    assert "$.failure_code: missing" in known.answer_problems("GET", "/v1/payouts/po_1", payout)
