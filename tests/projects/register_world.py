"""Decisions that are alike, and entries of the register without the decisions they tell of."""

from datetime import timedelta
from typing import Any

from accounts.parties.models import Party
from marketplace.common.public_ids import new_public_id
from projects.disputes.models import Dispute, Ruling
from projects.disputes.register.models import RegisterEntry
from projects.milestones.models import Milestone
from tests.against_the_rules import against_the_rules

FIELDS = "number by facts rule ground reasons to_freelancer held created_at carried_out_at".split()


def again(dispute: Dispute, count: int, *, days: int = 0, **ruling: object) -> None:
    """So many more decisions like the one of this dispute, each between other people."""
    last = Ruling.objects.filter(dispute=dispute).latest("number")
    fields = {name: getattr(last, name) for name in FIELDS} | ruling
    for _ in range(count):
        copy = Dispute.objects.get(pk=dispute.pk)
        copy.milestone = of_others(copy.milestone)
        copy.created_at = last.created_at - timedelta(days=days)
        Ruling.objects.create(dispute=anew(copy), **fields)


def of_others(milestone: Milestone) -> Milestone:
    """One like it between two other people, with what was delivered for it."""
    deliveries, contract = list(milestone.submissions.all()), milestone.contract
    contract.client, contract.freelancer = (
        Party.objects.create(name=name) for name in ("Client", "Freelancer")
    )
    contract.status = "cancelled"  # of a bid there is one that lives
    milestone.contract, milestone.escrow = anew(contract), anew(milestone.escrow)
    copy = anew(milestone)
    for delivery in deliveries:
        delivery.milestone = copy
        anew(delivery)
    return copy


def anew(row: Any) -> Any:
    """The same once more, with a name of its own, whatever a table of lifecycles says."""
    prefix, _, _ = row.public_id.partition("_")
    row.pk, row.public_id = None, new_public_id(prefix)
    with against_the_rules():
        row.save(force_insert=True)
    return row


def entries(count: int, **fields: object) -> list[RegisterEntry]:
    """So many, over the quarters of 2025; what is not named is withheld."""
    told = {"reason": "late", "outcome": "client", "decisions": 5} | fields
    numbers = {"days_median": 3, "days_total": 15, "share_median": 0}
    return RegisterEntry.objects.bulk_create(
        RegisterEntry(quarter=20251 + number % 4, **(numbers | told)) for number in range(count)
    )
