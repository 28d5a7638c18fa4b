"""What overtakes the proposal to end a whole contract while it waits: asked in the query of it."""

from django.db.models import Exists, F, Func, JSONField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import JSONObject

from marketplace.common.clock import now
from payments.ledger import chart
from payments.ledger.selectors import standing_in
from projects.agreements.changes.models import ChangeOrder
from projects.contracts.models import Contract
from projects.disputes.models import Ruling
from projects.milestones.models import Milestone

_IS_ENDING = Q(changes__0__has_key="end")


def _end(**money: F) -> Func:
    """A milestone as an ending would name it now: a list of one, as ``changes`` is one of all."""
    named = JSONObject(position=F("position"), end=JSONObject(**money))
    return Func(named, function="jsonb_build_array", output_field=JSONField())


_HELD = standing_in(Value(chart.escrow("")), OuterRef("escrow__public_id"))
_OF_ITS_CONTRACT = Milestone.objects.filter(contract=OuterRef("contract")).order_by()
# One that an older ending names had nothing released, and so it says nothing of that.
_AS_NAMED = Q(as_it_stands__contained_by=OuterRef("changes")) | Q(
    escrow__released=0, without_parts__contained_by=OuterRef("changes")
)
_MOVED = _IS_ENDING & (
    Exists(_OF_ITS_CONTRACT.filter(closed_at__gt=OuterRef("created_at")))
    | Exists(
        _OF_ITS_CONTRACT.filter(closed_at=None)
        .alias(stands=_HELD)
        .alias(
            as_it_stands=_end(held=F("stands"), released=F("escrow__released")),
            without_parts=_end(held=F("stands")),
        )
        .exclude(_AS_NAMED)
    )
)
# Nobody is held to what they offered before they knew a decision on it.
_DECIDED = _IS_ENDING & Exists(
    Ruling.objects.filter(
        dispute__milestone__contract=OuterRef("contract"), created_at__gt=OuterRef("created_at")
    )
)


def as_they_stand(orders: QuerySet[ChangeOrder]) -> QuerySet[ChangeOrder]:
    """With what has overtaken each of them, if anything: their ``state`` says it then."""
    return orders.annotate(was_decided=_DECIDED, was_moved=_MOVED)


def waiting() -> QuerySet[ChangeOrder]:
    """Those that can be answered, as people see it; of contracts that are active."""
    open_ones = ChangeOrder.objects.filter(status=ChangeOrder.Status.PROPOSED)
    return open_ones.filter(answer_due_at__gt=now()).exclude(_DECIDED | _MOVED)


def over() -> QuerySet[ChangeOrder]:
    """Those that nobody has closed, and that have lapsed: by time, with their contract, or because
    something has overtaken them.
    """
    has_ended = ~Q(contract__status=Contract.Status.ACTIVE)
    lapsed = Q(answer_due_at__lte=now()) | has_ended | _DECIDED | _MOVED
    return ChangeOrder.objects.filter(lapsed, status=ChangeOrder.Status.PROPOSED)
