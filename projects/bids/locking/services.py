"""The row of a bid under its lock: what every deed about it begins with."""

from projects.bids.models import Bid


def lock_bid(bid_id: int) -> Bid:
    """The bid with its two sides, as nobody changes it until the caller is done."""
    sides = Bid.objects.select_related("posting__client", "freelancer")
    return sides.select_for_update(of=("self",)).get(pk=bid_id)
