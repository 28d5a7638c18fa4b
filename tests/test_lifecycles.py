"""The tables are the law: every (step, state, actor) of every one is allowed or refused by it."""

import pytest
from django.db import models

from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import ROLES, Lifecycle
from marketplace.common.lifecycle_sql import lifecycles

STEPS = [
    pytest.param(model, table, step, id=f"{table.noun}-{step}")
    for model, table in lifecycles()
    for step in table.steps
]


@pytest.mark.parametrize(("model", "table", "name"), STEPS)
def test_a_step_is_open_to_whom_and_when_its_table_says(
    model: type[models.Model], table: Lifecycle, name: str
):
    step = table.steps[name]
    assert step.by <= set(ROLES)
    for status in model.Status.values:
        for role in [*ROLES, None]:
            thing = model(status=status)
            allowed = role in step.by and status in step.source
            assert (name in table.open_to(role, status)) == allowed
            if allowed:
                for target in step.targets(status):
                    thing.status = status
                    table.advance(thing, name, role=role, to=target)
                    assert thing.status == target
            else:
                refusal = NotAllowed if role not in step.by else WrongState
                with pytest.raises(refusal):
                    table.advance(thing, name, role=role)
                assert thing.status == status
