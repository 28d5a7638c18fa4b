"""Every question that we ask of the provider is one that it takes, and is answered as it answers.

Whatever test uses the ``sandbox`` fixture is held against Stripe's definitions; here every question
is asked at least once, and one that nobody asks here fails.
"""

import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import pytest
import stripe

from marketplace.common.clock import now
from payments import gateway as room
from payments.fundings.models import Payment
from payments.gateway import books
from payments.gateway import chargebacks as at_banks
from payments.gateway.connecting import client
from payments.gateway.stripe import StripeGateway, gateway
from payments.payees.models import ConnectedAccount
from tests.payments.payout_world import arrive, scheduled
from tests.payments.reconciling import topped_up
from tests.payments.world import A_WHILE, days_pass, opened, paid_at
from tests.provider_traffic import Traffic, asked_problems, event_problems
from tests.provider_traffic import definitions as definitions_of_stripe
from tests.sandbox import Sandbox, play_on
from tests.stripe_sandbox.definitions import MISSING, WHERE, Definitions

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not WHERE, reason=MISSING),
]


@pytest.fixture
def known() -> Definitions:
    found = definitions_of_stripe()
    assert found is not None
    return found


def questions() -> set[str]:
    """Every function of the gateway that calls the provider, by its name."""
    modules = [
        import_module(f"{room.__name__}.{one.name}") for one in pkgutil.iter_modules(room.__path__)
    ]
    found = {name for module in modules for name in _asking(module)}
    return found | _asking(StripeGateway)


def _asking(owner: ModuleType | type) -> set[str]:
    return {
        name
        for name, one in vars(owner).items()
        if inspect.isfunction(one)
        and not name.startswith("_")
        and (".v1." in inspect.getsource(one) or ".v2." in inspect.getsource(one))
    }


def ask_everything(sandbox: Sandbox, ada, ben) -> dict[str, Callable[[], object]]:
    """How each question is asked, in a world in which each has an answer."""
    payout = scheduled(ada, ben, sandbox)
    arrive(sandbox)
    payout.refresh_from_db()
    topped_up(sandbox)
    account = ConnectedAccount.objects.get().remote_id
    charge = Payment.objects.get().charge_id
    one, at = gateway(), now()
    page = one.open_pay_page(
        key="py_a:1",
        payment="py_a",
        transfer_group="es_a",
        title="Logo",
        amount=5_000,
        currency="USD",
        return_url="http://127.0.0.1:8000/payments/py_a/",
    )
    send = {"payout": "po_a", "account": account, "amount": 700, "currency": "USD"}
    made = one.send_transfer(key="po_a:transfer:1", **send)
    return {
        "open_pay_page": lambda: page,
        "payment_on": lambda: one.payment_on(page.session_id),
        "expire_pay_page": lambda: one.expire_pay_page(page.session_id),
        "charge": lambda: one.charge(charge),
        "send_refund": lambda: one.send_refund(
            key="re_a:1", refund="re_a", attempt=1, charge_id=charge, amount=500
        ),
        "find_refund": lambda: one.find_refund(refund="re_a", attempt=1, charge_id=charge),
        "refund": lambda: one.refund(
            one.find_refund(refund="re_a", attempt=1, charge_id=charge).remote_id
        ),
        "open_account": lambda: one.open_account(
            key="pa_a:1", party="pa_a", name="Cleo", email="cleo@example.com", country="US"
        ),
        "hold_payouts": lambda: one.hold_payouts(account),
        "account": lambda: one.account(account),
        "onboarding_link": lambda: one.onboarding_link(
            account, return_url="http://127.0.0.1:8000/a/", refresh_url="http://127.0.0.1:8000/b/"
        ),
        "dashboard_link": lambda: one.dashboard_link(account),
        "send_transfer": lambda: made,
        "find_transfer": lambda: one.find_transfer(payout="po_a"),
        "send_payout": lambda: one.send_payout(key="po_a:payout:1", attempt=1, **send),
        "payout": lambda: one.payout(payout.attempts.get().remote_id, account=account),
        "find_payout": lambda: one.find_payout(payout="po_a", attempt=1, account=account),
        "reverse_transfer": lambda: one.reverse_transfer(
            key="po_b:reverse", transfer_id=_another(one, account), amount=300
        ),
        "find_reversal": lambda: one.find_reversal(transfer_id=made.remote_id),
        "balance": lambda: (books.balance(), books.balance(account)),
        "movements": lambda: list(books.movements("topup")),
        "movements_page": lambda: (
            books.movements_page(since=None, until=at, after=_first(at)),
            books.movements_page(account=account, since=at, until=at),
        ),
        "movement": lambda: books.movement(_first(at)),
        "transfer": lambda: books.transfer(made.remote_id),
        "chargeback": lambda: at_banks.chargeback(_disputed(ada, ben, sandbox)),
        "send_evidence": lambda: at_banks.send_evidence(
            key="cb_a:1", remote_id=_disputed(ada, ben, sandbox), text="It was delivered."
        ),
        "accept_chargeback": lambda: at_banks.accept_chargeback(
            key="cb_b:1", remote_id=_disputed(ada, ben, sandbox)
        ),
    }


def _another(one: StripeGateway, account: str) -> str:
    sent = one.send_transfer(
        key="po_b:transfer:1", payout="po_b", account=account, amount=300, currency="USD"
    )
    return sent.remote_id


def _disputed(ada, ben, sandbox: Sandbox) -> str:
    payment = paid_at(sandbox, opened(ada, ben))
    days_pass(A_WHILE)
    return sandbox.ask("POST", "/disputes", charge=payment.charge_id)["id"]


def _first(at) -> str:
    return books.movements_page(since=None, until=at).movements[0].remote_id


def test_every_question_is_one_that_stripe_takes_and_answers_so(
    ada, ben, sandbox, known, monkeypatch
):
    traffic = Traffic().listen(monkeypatch)
    ways = ask_everything(sandbox, ada, ben)
    assert questions() <= set(ways), "ask these here as well"

    for name, ask in ways.items():
        before = len(traffic.asked)
        ask()
        assert len(traffic.asked) > before or name in ("open_pay_page", "send_transfer"), name
    play_on(sandbox)

    assert traffic.problems(known) == []
    assert len({(method, _shape(known, path)) for method, path, _ in traffic.asked}) >= 20
    assert event_problems(known, sandbox.ever) == []


def _shape(known: Definitions, path: str) -> str:
    return next(pattern.pattern for pattern, _ in known.paths if pattern.match(path))


def test_what_departs_is_found(known):
    def problems(**said: object) -> list[str]:
        return asked_problems(known, "POST", "/v1/refunds", said)

    assert problems(charge="ch_1", amount="500", metadata={"refund": "re_1"}) == []
    assert problems(charge="ch_1", colour="blue") == ["$.colour: unknown"]
    assert problems(charge="ch_1", amount="five") == ["$.amount: 'five' is no integer"]
    assert problems(charge="ch_1", origin="the moon")
    assert asked_problems(known, "POST", "/v1/payouts", {"amount": "5"}) == ["$.currency: missing"]
    with pytest.raises(LookupError):
        known.parameters("POST", "/v1/rebates")


def test_an_event_that_departs_is_found(known, ada, ben, sandbox):
    paid_at(sandbox, opened(ada, ben))
    whole = sandbox.ever[0]
    assert event_problems(known, [whole]) == []
    assert event_problems(known, [whole.replace(b'"livemode"', b'"liveness"', 1)])


def test_the_client_of_the_tests_is_the_one_that_is_listened_to():
    assert isinstance(client()._requestor._client, stripe.RequestsClient)
