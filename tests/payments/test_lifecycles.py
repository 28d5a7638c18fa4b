"""No state of the tables of money is one that nothing leads to."""

import pytest

from marketplace.common.lifecycle import Lifecycle
from payments.chargebacks.models import LIFECYCLE as CHARGEBACK
from payments.chargebacks.models import Chargeback
from payments.escrow.models import LIFECYCLE as ESCROW
from payments.escrow.models import Escrow
from payments.fundings.models import LIFECYCLE as PAYMENT
from payments.fundings.models import Payment
from payments.payouts.models import LIFECYCLE as PAYOUT
from payments.payouts.models import Payout
from payments.reconciliation.models import LIFECYCLE as DIFFERENCE
from payments.reconciliation.models import Difference
from payments.refunds.models import LIFECYCLE as REFUND
from payments.refunds.models import Refund

TABLES = [
    (ESCROW, Escrow),
    (PAYMENT, Payment),
    (REFUND, Refund),
    (PAYOUT, Payout),
    (DIFFERENCE, Difference),
    (CHARGEBACK, Chargeback),
]
NOUNS = [table.noun for table, _ in TABLES]


@pytest.mark.parametrize(("table", "model"), TABLES, ids=NOUNS)
def test_every_state_but_the_first_is_led_to(table: Lifecycle, model: type):
    states = model.Status.values
    led_to = {state for step in table.steps.values() for state in step.to}
    assert set(states) - led_to <= {states[0]}
