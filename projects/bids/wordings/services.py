"""The wordings of a bid: how a new one takes the place of the one that stands."""

from typing import Any

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from projects.bids.models import Bid, BidVersion
from projects.bids.validity import reminds_at

TERMS = ("price", "days", "letter", "plan", "valid_until", "answers")
# Enough to come to terms; the history stays short enough to be read, and compared word by word.
MOST_VERSIONS = 20


def check_room(bid: Bid) -> None:
    """Raises WrongState where the bid was worded anew too often."""
    if bid.version >= MOST_VERSIONS:
        raise WrongState(
            f"This bid was changed {MOST_VERSIONS - 1} times already: it stands as it is, or you "
            "withdraw it."
        )


def write_wording(bid: Bid, terms: dict[str, Any]) -> Bid:
    """Keep what stands as a version, and let the given terms stand. The caller holds the lock.

    Raises WrongState as ``check_room`` does.
    """
    check_room(bid)
    old = {name: getattr(bid, name) for name in TERMS}
    BidVersion.objects.create(bid=bid, number=bid.version, created_at=bid.worded_at, **old)
    for name, value in terms.items():
        setattr(bid, name, value)
    if bid.valid_until != old["valid_until"]:
        bid.remind_at = reminds_at(bid.valid_until)
    bid.version, bid.edited_at = bid.version + 1, now()
    bid.save(update_fields=[*TERMS, "remind_at", "version", "edited_at"])
    return bid
