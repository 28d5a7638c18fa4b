"""Changes of an agreement, as the two sides would propose them."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.management import call_command

from accounts.people.models import User
from marketplace.common.clock import now
from payments.escrow.facts import MoneyFacts, facts_now
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.services import propose_change
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from projects.milestones.models import Milestone


def in_days(days: int) -> datetime:
    return now().replace(microsecond=0) + timedelta(days=days)


def wish(milestone: Milestone | None = None, **said: Any) -> Wish:
    return Wish(milestone=milestone.public_id if milestone else "", **said)


def another(**said: Any) -> Wish:
    return wish(**({"title": "Extra pages", "amount": 20_000, "due_at": in_days(30)} | said))


def proposed(by: User, *wishes: Wish, contract=None, milestone: Milestone | None = None, **how):
    contract = contract or (milestone and milestone.contract)
    return propose_change(contract_id=contract.pk, by=by, wishes=wishes, **how)


def price_to(amount: int, milestone: Milestone, by: User) -> ChangeOrder:
    return proposed(by, wish(milestone, amount=amount), milestone=milestone)


def now_of(milestone: Milestone) -> Milestone:
    return Milestone.objects.select_related("escrow__policy", "contract").get(pk=milestone.pk)


def facts_of(milestone: Milestone) -> MoneyFacts:
    return facts_now(now_of(milestone).escrow)


def wording(contract: Contract) -> dict[str, Any]:
    """What both have signed last."""
    return json.loads(agreement_of(contract).body)


def the_books_agree() -> None:
    call_command("check_ledger")
