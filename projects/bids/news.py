"""How the two sides of a bid hear of what becomes of it."""

from accounts.notifications.services import notify
from accounts.parties.models import Party
from marketplace.common.money import in_words
from projects.bids.models import Bid
from projects.postings.roles import Actor


def tell_client(bid: Bid, kind: str, text: str, *, by: Actor) -> None:
    """``text`` may name {who} bid, {price}, {title} of the posting and {reason} of its end."""
    _tell(bid.posting.client, bid, kind, text, by=by)


def tell_freelancer(bid: Bid, kind: str, text: str, *, by: Actor) -> None:
    """The same to whoever has bid."""
    _tell(bid.freelancer, bid, kind, text, by=by)


def _tell(to: Party, bid: Bid, kind: str, text: str, *, by: Actor) -> None:
    notify(
        to=to,
        kind=kind,
        text=text.format(
            who=bid.freelancer.name,
            price=in_words(bid.price, bid.currency),
            title=bid.posting.title,
            reason=bid.reason_in_words,
        ),
        path=bid.path,
        about=bid.public_id,
        title=bid.posting.title,
        by=by,
    )
