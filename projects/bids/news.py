"""How the two sides of a bid hear of what becomes of it."""

from accounts.notifications.services import notify
from accounts.parties.models import Party
from marketplace.common.words import Money, Words
from projects.bids.models import Bid
from projects.postings.roles import Actor


def tell_client(bid: Bid, kind: str, text: Words, *, by: Actor, key: str = "") -> None:
    """``text`` may name who bid, the price, the title of the posting and the reason of its end.

    What was told under a ``key`` before tells nothing again.
    """
    _tell(bid.posting.client, bid, kind, text, by=by, key=key)


def tell_freelancer(bid: Bid, kind: str, text: Words, *, by: Actor) -> None:
    """The same to whoever has bid."""
    _tell(bid.freelancer, bid, kind, text, by=by)


def _tell(to: Party, bid: Bid, kind: str, text: Words, *, by: Actor, key: str = "") -> None:
    notify(
        to=to,
        kind=kind,
        text=text.filled(
            who=bid.freelancer.name,
            price=Money(bid.price, bid.currency),
            title=bid.posting.title,
            reason=bid.reason,
        ),
        path=bid.path,
        key=key,
        about=bid.public_id,
        title=bid.posting.title,
        by=by,
    )
