"""The dispute's table is the law, and every kind of event that it tells has words."""

import pytest

from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import ROLES
from projects.contracts.sentences import kinds
from projects.disputes.models import LIFECYCLE, Dispute


@pytest.mark.parametrize("role", [*ROLES, None])
@pytest.mark.parametrize("status", Dispute.Status.values)
@pytest.mark.parametrize("name", LIFECYCLE.steps)
def test_the_table_is_the_law(name, status, role):
    step = LIFECYCLE.steps[name]
    dispute = Dispute(status=status)
    allowed = role in step.by and status in step.source
    assert (name in LIFECYCLE.open_to(role, status)) == allowed
    if allowed:
        for target in step.targets(status):
            dispute.status = status
            LIFECYCLE.advance(dispute, name, role=role, to=target)
            assert dispute.status == target
    else:
        refusal = NotAllowed if role not in step.by else WrongState
        with pytest.raises(refusal):
            LIFECYCLE.advance(dispute, name, role=role)
        assert dispute.status == status


def test_what_has_ended_stays_so():
    assert all(LIFECYCLE.open_to(role, Dispute.Status.CLOSED) == [] for role in ROLES)


def test_the_timeline_knows_each_event():
    silent = {step.name for step in LIFECYCLE.steps.values() if not step.tells}
    # Of a sealed figure nobody is told, and who looks after a case is the staff's affair.
    assert silent == {"seal", "assign", "give_up"}
    told = {step.tells for step in LIFECYCLE.steps.values() if step.tells}
    assert told | {"dispute_opened"} <= kinds()
