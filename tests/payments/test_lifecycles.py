"""The tables are the law: every (step, state, actor) is allowed or refused by them alone."""

import pytest

from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import ROLES, Lifecycle
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
STEPS = [(table, model, step) for table, model in TABLES for step in table.steps]


@pytest.mark.parametrize(
    ("table", "model", "step"), STEPS, ids=[f"{table.noun}-{step}" for table, _, step in STEPS]
)
def test_a_step_is_open_to_whom_and_when_its_table_says(table: Lifecycle, model: type, step: str):
    law = table.steps[step]
    for status in model.Status.values:
        for role in [*ROLES, None]:
            thing = model(status=status)
            allowed = role in law.by and status in law.source
            assert (step in table.open_to(role, status)) == allowed
            if allowed:
                table.advance(thing, step, role=role)
                assert thing.status in law.targets(status)
            else:
                with pytest.raises((NotAllowed, WrongState)):
                    table.advance(thing, step, role=role)
                assert thing.status == status


@pytest.mark.parametrize(("table", "model"), TABLES, ids=NOUNS)
def test_every_state_but_the_first_is_led_to(table: Lifecycle, model: type):
    states = model.Status.values
    led_to = {state for step in table.steps.values() for state in step.to}
    assert set(states) - led_to <= {states[0]}
