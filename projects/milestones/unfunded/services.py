"""The client's time to fund a contract on which nothing is held: it starts, stops, is put off.

The clock stands in the contract's row, and the caller holds its lock.
"""

from datetime import datetime, timedelta

from django.db import transaction

from marketplace.common.clock import now
from projects.contracts.models import Contract
from projects.milestones import reminders


@transaction.atomic
def start_funding_time(contract: Contract) -> None:
    """From now on, by the days of its policy; where those are none, there is no such clock."""
    if due_at := contract.policy.funding_due_at(now()):
        _set(contract, due_at)


@transaction.atomic
def stop_funding_time(contract: Contract) -> None:
    """Something is held, or the contract has ended: nobody is warned any more."""
    if contract.funding_due_at is not None:
        _set(contract, None)


@transaction.atomic
def put_off_funding_time(contract: Contract, by: timedelta) -> None:
    """What warns of it comes as much later."""
    assert contract.funding_due_at is not None
    _set(contract, contract.funding_due_at + by)


def _set(contract: Contract, due_at: datetime | None) -> None:
    contract.funding_due_at = due_at
    contract.save(update_fields=["funding_due_at"])
    reminders.remind_of_funding(contract)
