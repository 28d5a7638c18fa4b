"""The provider's letter and the payer who comes back from its page, at the same moment."""

import pytest

from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.incoming.models import WebhookEvent
from payments.incoming.services import ask_about_payment, handle_event
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.refunds.models import Refund
from tests.payments.world import asked, opened
from tests.races import outcomes_at_once
from tests.sandbox import AVAILABLE_AT_ONCE, Sandbox, drop

pytestmark = pytest.mark.django_db(transaction=True)


def paid_but_unread(ada, ben, sandbox: Sandbox) -> Payment:
    """Paid on the page; its letters lie in our box."""
    payment = fundings.open_pay_page(payment_id=asked(opened(ada, ben)).pk)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    sandbox.collect()
    while sandbox.letters:
        assert drop(sandbox.letters.popleft()) == 200
    assert Transfer.objects.count() == 0
    return payment


def read_and_ask(payment: Payment) -> list[object]:
    """Workers read all letters while four people ask how it stands."""
    letters = list(WebhookEvent.objects.values_list("pk", flat=True))
    return outcomes_at_once(
        *[lambda pk=pk: handle_event(event_id=pk) for pk in letters],
        *[lambda: ask_about_payment(payment_id=payment.pk)] * (8 - len(letters)),
    )


def test_a_letter_and_the_way_back_at_once_take_the_money_in_once(ada, ben, sandbox):
    payment = paid_but_unread(ada, ben, sandbox)

    outcomes = read_and_ask(payment)

    assert outcomes == [None] * 8
    assert balance_of(chart.escrow(payment.paid_for)) == 103_000
    assert Transfer.objects.filter(kind="fund").count() == 1
    assert Refund.objects.count() == 0


def test_without_its_once_the_ledgers_key_keeps_the_second_out(ada, ben, sandbox, monkeypatch):
    """The later one takes it for another payment, and cannot give back what was never taken in."""
    payment = paid_but_unread(ada, ben, sandbox)
    real = fundings.record_success
    monkeypatch.setattr(fundings, "record_success", lambda **told: (real(**told)[0], True))

    outcomes = read_and_ask(payment)

    refused = [type(it).__name__ for it in outcomes if it is not None]
    problems = list(WebhookEvent.objects.exclude(problem="").values_list("problem", flat=True))
    assert refused or problems
    assert set(refused) <= {"KeyReused"}
    assert balance_of(chart.escrow(payment.paid_for)) == 103_000
    assert Transfer.objects.filter(kind="fund").count() == 1
    assert Refund.objects.count() == 0
