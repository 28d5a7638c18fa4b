"""What the provider keeps for itself, apart from any payment, is our cost."""

import pytest
from django.core.management import call_command

from payments.gateway import books
from payments.gateway.base import RemoteMovement
from payments.incoming.own_funds.services import book_own_funds
from payments.ledger import chart
from payments.ledger.selectors import balance_of

pytestmark = pytest.mark.django_db


def test_its_own_bill_is_booked_once_and_a_credit_gives_it_back(monkeypatch):
    bill = [
        RemoteMovement("txn_2", "tax_fee", -30, "USD", ""),
        RemoteMovement("txn_3", "stripe_fee", 50, "USD", ""),
        RemoteMovement("txn_1", "stripe_fee", -200, "USD", ""),
    ]
    monkeypatch.setattr(
        books, "movements", lambda kind="": iter([one for one in bill if one.kind == kind])
    )

    assert book_own_funds() == 3
    assert book_own_funds() == 0

    assert balance_of(chart.provider_costs("USD")) == -180
    assert balance_of(chart.own_funds("USD")) == 0
    call_command("check_ledger")
