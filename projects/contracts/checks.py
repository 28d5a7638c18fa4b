"""Proof that postings, bids and contracts agree on who was chosen: what is wrong, as sentences."""

from django.db.models import Count, Exists, F, OuterRef, Q

from projects.bids.models import Bid
from projects.contracts.models import Contract
from projects.postings.awards import MADE, TAKEN
from projects.postings.models import Posting

S = Posting.Status


def postings_make_the_awards_that_they_announce() -> list[str]:
    """Never more; a posting is open while one is left, and ends as awarded if one was made."""
    # All in one pass: in a list of a few they are counted one by one.
    wrong = (
        Posting.objects.annotate(
            made=Count("bids", filter=Q(bids__status__in=MADE)),
            taken=Count("bids", filter=Q(bids__status__in=TAKEN)),
        )
        .filter(
            Q(taken__gt=F("awards"))
            | Q(status__in=[S.OPEN, S.SUSPENDED], made__gte=F("awards"))
            | Q(status=S.AWARDED, made=0)
            | Q(status__in=[S.DRAFT, S.CLOSED, S.EXPIRED], taken__gt=0)
        )
        .order_by("pk")
        .values_list("public_id", "status", "awards", "made", "taken")
    )
    return [
        f"{posting} is {status}, with {made} of {awards} awards made and {taken - made} offered."
        for posting, status, awards, made, taken in wrong.iterator()
    ]


def accepted_bids_became_contracts() -> list[str]:
    """A bid is accepted if both have signed a contract on it, and only then."""
    signed = Exists(Contract.objects.filter(bid=OuterRef("pk"), accepted_at__isnull=False))
    is_accepted = Q(status=Bid.Status.ACCEPTED)
    wrong = (
        Bid.objects.annotate(is_signed=signed)
        .filter(is_accepted & Q(is_signed=False) | ~is_accepted & Q(is_signed=True))
        .order_by("pk")
        .values_list("public_id", "status", "is_signed")
    )
    return [
        f"{bid} is {status}, and {'a' if is_signed else 'no'} contract on it was signed by both."
        for bid, status, is_signed in wrong.iterator()
    ]


CHECKS = [postings_make_the_awards_that_they_announce, accepted_bids_became_contracts]
