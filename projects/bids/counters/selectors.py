"""Which counter-offers there are, and who may see them: whoever sees the bid."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.parties.selectors import party_ids_of
from accounts.people.models import User
from marketplace.common.answers import open_answers
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.sweeps import BATCH
from projects.bids.counters.models import LIFECYCLE, PARTIES, CounterOffer
from projects.bids.differences import Line, terms_differences
from projects.bids.models import LIVE, Bid
from projects.postings.models import Posting

S = CounterOffer.Status


def counters_of(user: User | AnonymousUser) -> QuerySet[CounterOffer]:
    """Counter-offers on their bids and on bids on their postings, newest first.

    Of a bid that was withdrawn its author's alone, as the bid's own terms are.
    """
    parties = party_ids_of(user)
    withdrawn = Q(bid__status=Bid.Status.WITHDRAWN)
    return (
        _with_bid()
        .filter(Q(bid__freelancer__in=parties) | Q(bid__posting__client__in=parties) & ~withdrawn)
        .order_by("-created_at", "-id")
    )


def rounds_on(bid: Bid) -> list[CounterOffer]:
    """Every counter-offer on this bid, newest first."""
    found = list(bid.counter_offers.select_related("counters").order_by("-created_at", "-id"))
    for one in found:
        one.bid = bid
    return found


def standing_on(bid: Bid) -> CounterOffer | None:
    """The one that waits for an answer."""
    one = bid.counter_offers.filter(status=S.PROPOSED).select_related("counters").first()
    if one is None:
        return None
    one.bid = bid
    return one if one.state == S.PROPOSED else None


def waiting_for(user: User | AnonymousUser, *, limit: int) -> list[tuple[CounterOffer, str]]:
    """Those that still can be answered, with the side that this person is on, the soonest first."""
    parties = party_ids_of(user)
    found = (
        _with_bid()
        .filter(
            Q(bid__freelancer__in=parties) | Q(bid__posting__client__in=parties),
            status=S.PROPOSED,
            answer_due_at__gt=now(),
            bid__posting__status=Posting.Status.OPEN,
        )
        .order_by("answer_due_at", "pk")[:limit]
    )
    return [
        (one, CLIENT if one.bid.posting.client_id in parties else FREELANCER)
        for one in found
        if one.state == S.PROPOSED
    ]


def over_counter_ids(*, limit: int = BATCH) -> list[int]:
    """Those that nobody answered in time, or whose bid has ended; of one that stands still none."""
    over = CounterOffer.objects.filter(
        Q(answer_due_at__lte=now())
        | Q(bid__valid_until__lte=now())
        | ~Q(bid__status__in=LIVE)
        | ~Q(bid__posting__status=Posting.Status.OPEN),
        status=S.PROPOSED,
    )
    over = over.exclude(bid__status__in=LIVE, bid__posting__status=Posting.Status.SUSPENDED)
    return list(over.order_by("answer_due_at").values_list("pk", flat=True)[:limit])


def open_steps(counter: CounterOffer, role: str | None) -> list[str]:
    """What somebody of this role can do right now, in the table's order."""
    steps = open_answers(LIFECYCLE, counter, role) if role in PARTIES else []
    # As the bids of a suspended posting themselves: taken back or refused, and nothing agreed on.
    return [s for s in steps if s not in {"accept", "counter"} or not counter.bid.stands_still]


def differences_of(counters: Iterable[CounterOffer], bid: Bid) -> dict[int, list[Line]]:
    """By its key, how each differs from the wording of the bid that it was made against."""
    wordings = {one.number: one for one in bid.versions.all()}
    lines = {}
    for one in counters:
        stood = bid if one.against == bid.version else wordings[one.against]
        lines[one.pk] = terms_differences(stood, one, bid.currency)
    return lines


def since_countered(counter: CounterOffer) -> list[Line] | None:
    """What it says otherwise than the round before; nothing where both say the same, None where it
    answers no other.
    """
    before = counter.counters
    return terms_differences(before, counter, counter.bid.currency) if before else None


def is_negotiated(bid: Bid) -> bool:
    """Whether a counter-offer waits; of a bid that was found among others it is known already."""
    known = bid.__dict__.get("is_negotiated")
    return standing_on(bid) is not None if known is None else known


def waits_on_each() -> Exists:
    """For a query of bids: whether a counter-offer waits for an answer."""
    return Exists(
        CounterOffer.objects.filter(
            Q(answer_due_at__gt=now()) | Q(bid__posting__status=Posting.Status.SUSPENDED),
            bid=OuterRef("pk"),
            status=S.PROPOSED,
        )
    )


def _with_bid() -> QuerySet[CounterOffer]:
    return CounterOffer.objects.select_related(
        "bid__posting__client", "bid__freelancer", "counters"
    ).defer("bid__posting__search")
