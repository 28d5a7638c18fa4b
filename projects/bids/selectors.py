"""Who may see which bids: the one who made it and the one it was made to, nobody else."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from accounts.parties.models import Membership
from accounts.parties.selectors import party_ids_of
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.sweeps import BATCH
from payments.policies.fees import Quote, quote
from payments.policies.selectors import policy_in_force
from projects.bids.choosing.rules import AHEAD
from projects.bids.counters.selectors import waits_on_each
from projects.bids.models import LIVE, STANDING, Bid
from projects.postings.awards import MADE, TAKEN, counted_on_each
from projects.postings.models import TIME_TO_CHOOSE, Posting
from projects.postings.selectors import postings_of
from projects.screening.rules import Answers

# What Posting.choose_by says: the greatest of what is known.
_CHOOSE_UNTIL = Greatest(F("bids_close_at") + TIME_TO_CHOOSE, F("promised_choose_by"))


def bids_of(user: User | AnonymousUser) -> QuerySet[Bid]:
    """Bids that they made, and bids on their postings."""
    parties = party_ids_of(user)
    return _with_sides().filter(Q(freelancer__in=parties) | Q(posting__client__in=parties))


def own_bids_of(user: User | AnonymousUser) -> QuerySet[Bid]:
    """Bids that they made."""
    return _with_sides().filter(freelancer__in=party_ids_of(user))


def bids_on(posting: Posting, user: User | AnonymousUser) -> QuerySet[Bid]:
    """All bids for the client of the posting; to anybody else their own."""
    found = _with_sides().filter(posting=posting)
    parties = party_ids_of(user)
    return found if posting.client_id in parties else found.filter(freelancer__in=parties)


def narrowed_by_answers(bids: QuerySet[Bid], wanted: Answers) -> QuerySet[Bid]:
    """Those that answer so. What was withdrawn is its author's alone again, and in no such list."""
    if not wanted:
        return bids
    return bids.filter(answers__contains=wanted).exclude(status=Bid.Status.WITHDRAWN)


def bids_that_lapse(user: User | AnonymousUser, *, limit: int) -> list[Bid]:
    """Those that they made and that are valid still, the soonest to lapse first."""
    live = own_bids_of(user).filter(pk__in=_running().values("pk"), valid_until__gt=now())
    return list(live.order_by("valid_until", "pk")[:limit])


def postings_to_choose_on(
    user: User | AnonymousUser, *, limit: int
) -> list[tuple[Posting, datetime]]:
    """Their open postings with bids that still may be chosen, and until when; the soonest first."""
    live = Bid.objects.filter(posting=OuterRef("pk"), status__in=LIVE)
    found = (
        postings_of(user)
        .annotate(choose_until=_CHOOSE_UNTIL)
        .filter(Exists(live), status=Posting.Status.OPEN, choose_until__gt=now())
    )
    return [(one, one.choose_until) for one in found.order_by("choose_until", "pk")[:limit]]


def live_bid_on(posting: Posting, user: User | AnonymousUser) -> Bid | None:
    """Their bid that stands on this posting; the newest, if several parties of theirs have one."""
    standing = own_bids_of(user).filter(
        posting=posting, status__in=[*STANDING, Bid.Status.ACCEPTED]
    )
    return standing.order_by("-id").first()


def lapsed_bid_ids(*, limit: int = BATCH) -> list[int]:
    """Live bids whose validity is over, the longest first; none of a posting that is suspended."""
    due = _running().filter(valid_until__lte=now())
    return list(due.order_by("valid_until").values_list("pk", flat=True)[:limit])


def lapsing_bid_ids(*, limit: int = BATCH) -> list[int]:
    """Live bids whose author is to be told that they will lapse, the longest due first."""
    due = _running().filter(remind_at__lte=now(), valid_until__gt=now())
    return list(due.order_by("remind_at").values_list("pk", flat=True)[:limit])


def _running() -> QuerySet[Bid]:
    """Live ones whose time runs: it stands still while their posting is suspended."""
    return Bid.objects.filter(status__in=LIVE).exclude(posting__status=Posting.Status.SUSPENDED)


def expired_posting_ids(*, limit: int = BATCH) -> list[int]:
    """Open postings past their time for bids with nothing left to choose from, or past the time to
    choose; not those whose offer waits for its answer.
    """
    bids = Bid.objects.filter(posting=OuterRef("pk"))
    due = Posting.objects.filter(
        ~Exists(bids.filter(status__in=STANDING))
        | Q(bids_close_at__lte=now() - TIME_TO_CHOOSE)
        & (Q(promised_choose_by=None) | Q(promised_choose_by__lte=now()))
        & ~Exists(bids.filter(status=Bid.Status.OFFERED)),
        status=Posting.Status.OPEN,
        bids_close_at__lte=now(),
    )
    return list(due.order_by("bids_close_at").values_list("pk", flat=True)[:limit])


def undecided_posting_ids(*, limit: int = BATCH) -> list[int]:
    """Open postings whose client is to be told that the time to choose ends, the soonest first:
    those with a bid to choose and an award to offer.
    """
    live = Bid.objects.filter(posting=OuterRef("pk"), status__in=LIVE, valid_until__gt=now())
    ends_soon = Q(choose_until__gt=now(), choose_until__lte=now() + AHEAD)
    due = (
        Posting.objects.alias(choose_until=_CHOOSE_UNTIL, taken=counted_on_each(TAKEN))
        # Cheaper than what it follows from, and found by an index.
        .filter(status=Posting.Status.OPEN, bids_close_at__lte=now() + AHEAD - TIME_TO_CHOOSE)
        .filter(ends_soon, Exists(live), taken__lt=F("awards"))
        .exclude(choice_told_for=F("choose_until"))
    )
    return list(due.order_by("choose_until", "pk").values_list("pk", flat=True)[:limit])


def bid_counts(*postings: Posting) -> dict[int, dict[str, int]]:
    """For each posting how many bids stand on it, by their state; for its client's eyes."""
    counts: dict[int, dict[str, int]] = {one.pk: {} for one in postings}
    rows = (
        Bid.objects.filter(posting__in=[one.pk for one in postings])
        .order_by()
        .values_list("posting", "status")
        .annotate(count=Count("pk"))
    )
    for posting_id, status, count in rows:
        counts[posting_id][status] = count
    return counts


def postings_to_award(user: User | AnonymousUser, *, limit: int) -> list[Posting]:
    """Their open postings with bids to choose from and an award left to offer, the newest first;
    each with its ``live_bids``.
    """
    found = (
        postings_of(user)
        .alias(taken=counted_on_each(TAKEN))
        .filter(status=Posting.Status.OPEN, taken__lt=F("awards"))
        .annotate(live_bids=Count("bids", filter=Q(bids__status__in=LIVE)))
        .filter(live_bids__gt=0)
    )
    return list(found.order_by("-pk")[:limit])


def people_behind(bids: Iterable[Bid]) -> dict[int, User]:
    """The person who answers for each bid's party, by the party's key."""
    places = Membership.objects.filter(party__in={bid.freelancer_id for bid in bids})
    return {place.party_id: place.user for place in places.select_related("user").order_by("-pk")}


def awards_made(bid: Bid) -> int:
    """How many awards of its posting are made, counted with the others of its list."""
    counted: int | None = bid.__dict__.get("awards_made")
    return bid.posting.awards_made if counted is None else counted


def shows_terms(bid: Bid, user: User | AnonymousUser) -> bool:
    """What was withdrawn is its author's alone again; that it was there stays to be seen."""
    if bid.status != Bid.Status.WITHDRAWN:
        return True
    return bid.freelancer_id in party_ids_of(user)


def quote_of(amounts: Iterable[int]) -> Quote:
    """Both nets of milestones with these amounts, by the policy that a contract made now gets."""
    return quote(list(amounts), policy_in_force())


def quotes_of(bids: Iterable[Bid]) -> dict[int, Quote]:
    """Both nets of each bid, by its key: the policy is read once."""
    policy = policy_in_force()
    return {bid.pk: quote([part["amount"] for part in bid.plan], policy) for bid in bids}


def _with_sides() -> QuerySet[Bid]:
    bids = Bid.objects.select_related("posting__client", "freelancer")
    return bids.defer("posting__search").annotate(
        is_negotiated=waits_on_each(),
        awards_made=counted_on_each(MADE, "posting"),
        awards_taken=counted_on_each(TAKEN, "posting"),
    )
