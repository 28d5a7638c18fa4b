"""What is to be published of which quarter, and what is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, Max, OuterRef, QuerySet, Sum

from marketplace.common.clock import now
from projects.disputes.models import Dispute, Ruling
from projects.disputes.register.bands import band_of, bands_of
from projects.disputes.register.grouping import Decision
from projects.disputes.register.models import RegisterEntry, RegisterQuarter
from projects.disputes.register.words import UNNAMED
from projects.milestones.models import Submission

# Whatever was carried out in a quarter's last second is in the database long before.
PUBLISHED_AFTER = timedelta(days=1)
# Beside reason and outcome, in the order in which they are told. A band is told with its currency.
FINER = ("decided_by", "ground", "delivery", "missed", "opened_by", "kind", "currency")


def quarter_of(at: datetime) -> int:
    """20264 for a moment in the fourth quarter of 2026, in UTC."""
    at = at.astimezone(UTC)
    return at.year * 10 + (at.month + 2) // 3


def after(quarter: int) -> int:
    """The next one."""
    return quarter + 7 if quarter % 10 == 4 else quarter + 1


def start_of(quarter: int) -> datetime:
    return datetime(quarter // 10, quarter % 10 * 3 - 2, 1, tzinfo=UTC)


def published_from(quarter: int) -> datetime:
    """When it can be published: it is over by then, and all of it is written down."""
    return start_of(after(quarter)) + PUBLISHED_AFTER


def due_quarters(*, limit: int) -> list[int]:
    """Those that are over and not published, the oldest first, from the first decision on."""
    if latest := latest_quarter():
        quarter = after(latest)
    else:
        carried_out = Ruling.objects.filter(carried_out_at__isnull=False)
        first = carried_out.order_by("carried_out_at").first()
        if first is None:
            return []
        assert first.carried_out_at
        quarter = quarter_of(first.carried_out_at)
    due: list[int] = []
    while len(due) < limit and published_from(quarter) <= now():
        due.append(quarter)
        quarter = after(quarter)
    return due


def decisions_in(quarter: int) -> Iterator[Decision]:
    """The decisions that were carried out in it, in that order, each with what the register may
    tell of it.
    """
    rulings = (
        Ruling.objects.filter(
            carried_out_at__gte=start_of(quarter),
            carried_out_at__lt=start_of(after(quarter)),
            # Of nothing nobody can be given a part.
            held__gt=0,
        )
        .select_related("dispute__milestone__contract__posting")
        .annotate(
            is_delivered=Exists(Submission.objects.filter(milestone=OuterRef("dispute__milestone")))
        )
    )
    in_order = rulings.order_by("carried_out_at", "pk")
    return (_decision(ruling) for ruling in in_order.iterator())


def _decision(ruling: Ruling) -> Decision:
    dispute = ruling.dispute
    milestone = dispute.milestone
    told = {
        "reason": dispute.reason,
        "outcome": _outcome(ruling),
        "decided_by": _decided_by(ruling),
        "ground": ruling.ground or UNNAMED,
        "delivery": "delivered" if vars(ruling)["is_delivered"] else "nothing",
        "missed": _missed(len(dispute.not_met), len(milestone.criteria)),
        "opened_by": dispute.opened_by_role,
        "kind": milestone.contract.posting.kind,
        "currency": f"{milestone.currency} {band_of(ruling.held, milestone.currency)}",
    }
    days = (ruling.created_at - dispute.created_at).days
    return Decision(
        told,
        days=days,
        share=ruling.to_freelancer * 1000 // ruling.held,
        people=frozenset((milestone.contract.client_id, milestone.contract.freelancer_id)),
    )


def _outcome(ruling: Ruling) -> str:
    if ruling.to_freelancer == ruling.held:
        return RegisterEntry.Outcome.FREELANCER
    return RegisterEntry.Outcome.DIVIDED if ruling.to_freelancer else RegisterEntry.Outcome.CLIENT


def _decided_by(ruling: Ruling) -> str:
    if ruling.by_id is None:
        return RegisterEntry.DecidedBy.RULE
    is_appeal = ruling.number > 1
    return RegisterEntry.DecidedBy.APPEAL if is_appeal else RegisterEntry.DecidedBy.MEDIATOR


def _missed(named: int, agreed: int) -> str:
    if not agreed:
        return RegisterEntry.Missed.NOT_AGREED
    if not named:
        return RegisterEntry.Missed.NONE
    return RegisterEntry.Missed.ALL if named >= agreed else RegisterEntry.Missed.SOME


# --- What is published ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Sums:
    """Of one reason: how many decisions had which outcome (in the order of ``Outcome``), in all,
    and the days from the opening to the decision, on average.
    """

    reason: str
    counts: list[int]
    decisions: int
    days: float


def published(**asked: str) -> QuerySet[RegisterEntry]:
    """The entries that have these values in these columns; what is blank is not asked for."""
    return RegisterEntry.objects.filter(**{name: value for name, value in asked.items() if value})


def bands_to_ask_for(currency: str) -> list[str]:
    """Those of this currency, the lowest first, and what entries say that are older than them."""
    told = published(currency=currency).exclude(band="").values_list("band", flat=True)
    own = bands_of(currency)
    return own + sorted(set(told.distinct()) - set(own), key=lambda band: int(band.split("-")[0]))


def sums_of(entries: QuerySet[RegisterEntry]) -> list[Sums]:
    """What the entries come to, by reason. Nothing but what is published is added up."""
    rows = entries.order_by().values("reason", "outcome")
    cells = {
        (row["reason"], row["outcome"]): row
        for row in rows.annotate(count=Sum("decisions"), days=Sum("days_total"))
    }
    found = []
    for reason in Dispute.Reason:
        of_it = [cells.get((reason, outcome)) for outcome in RegisterEntry.Outcome]
        count = sum(row["count"] for row in of_it if row)
        if count:
            counts = [row["count"] if row else 0 for row in of_it]
            days = sum(row["days"] for row in of_it if row) / count
            found.append(Sums(reason.label, counts, count, days))
    return found


def latest_quarter() -> int | None:
    """The last one that is published."""
    return RegisterQuarter.objects.aggregate(latest=Max("number"))["latest"]
