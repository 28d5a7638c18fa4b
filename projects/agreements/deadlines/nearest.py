"""Which contracts have the next deadlines, asked of the rows: what happens then is told of some."""

from collections.abc import Iterator
from typing import Any

from django.db.models import DateTimeField, F, Func, Model, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Least

from marketplace.common.clock import now
from payments.escrow.models import Escrow
from payments.fundings.models import OPEN, Payment
from payments.payouts.models import Earning
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.downtime.clocks import CLOCKS
from projects.agreements.models import Proposal
from projects.bonuses.models import Bonus
from projects.contracts.models import Contract
from projects.disputes.models import JUDGED, Dispute
from projects.givebacks.models import GiveBack
from projects.milestones.models import Milestone

# How a clock's thing names its contract.
_CONTRACT_OF: dict[type[Model], str] = {
    Contract: "pk",
    Milestone: "contract",
    Proposal: "milestone__contract",
    ChangeOrder: "contract",
    Dispute: "milestone__contract",
    GiveBack: "contract",
}


def nearest_first(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """Each with ``strikes_next``, when the first of its clocks will strike: in that order. Those
    come last of which none will any more.
    """
    strikes_next = Least(*_next_strikes(), output_field=DateTimeField())
    order = F("strikes_next").asc(nulls_last=True), "-created_at", "-id"
    return contracts.annotate(strikes_next=strikes_next).order_by(*order)


def _next_strikes() -> Iterator[Subquery]:
    """Of each clock that runs on a contract: also those that judge nobody."""
    for clock in CLOCKS.values():
        running = clock.running()
        if path := _CONTRACT_OF.get(running.model):
            yield _next_of(running.filter(**{path: OuterRef("pk")}), clock.strikes_at)
    held = Milestone.objects.filter(closed_at=None, escrow__status=Escrow.Status.HELD)
    yield _next_of(held.filter(contract=OuterRef("pk")), F("escrow__limit_at"))
    judged = Dispute.objects.filter(milestone__contract=OuterRef("pk"), status__in=JUDGED)
    yield _next_of(judged, F("ruling_expected_at"))
    yield _next_of(judged, F("ruling_due_at"))
    clearing = Earning.objects.filter(earned_by__in=_escrows_of(Milestone), payout=None)
    yield _next_of(clearing, F("clears_at"))
    for payer in (Milestone, Bonus):
        pages = Payment.objects.filter(paid_for__in=_escrows_of(payer), status__in=OPEN)
        yield _next_of(pages, F("expires_at"))


def _escrows_of(model: type[Milestone | Bonus]) -> QuerySet[Any]:
    found = model._default_manager.filter(contract=OuterRef(OuterRef("pk")))
    return found.values("escrow__public_id")


def _next_of(rows: QuerySet[Any], strikes_at: Combinable) -> Subquery:
    """The least of a few rows of one contract. To ask for the first in order might have PostgreSQL
    walk along the due times of everybody.
    """
    coming = rows.annotate(strikes_at=strikes_at).filter(strikes_at__gt=now()).order_by()
    return Subquery(coming.annotate(first=Func("strikes_at", function="MIN")).values("first"))
