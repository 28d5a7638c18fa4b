"""Who somebody is to a bid."""

from accounts.parties.selectors import acts_for
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from projects.bids.counters.selectors import is_negotiated
from projects.bids.models import LIFECYCLE, Bid
from projects.bids.validity import may_be_renewed
from projects.postings.awards import taken_of
from projects.postings.models import Posting
from projects.postings.roles import Actor


def open_steps(bid: Bid, by: Actor) -> list[str]:
    """What this person may do to the bid itself now; an offer is answered on its contract."""
    steps = LIFECYCLE.open_to(role_in(bid, by), bid.status)
    shut: set[str] = set()
    if not bid.posting.takes_bids:
        shut.add("edit")
    if bid.posting.status != Posting.Status.OPEN or bid.valid_until <= now():
        shut |= {"offer", "counter"}
    if bid.posting.is_past_choosing:
        shut.add("offer")
    if "offer" in steps and awards_taken(bid) >= bid.posting.awards:
        shut.add("offer")
    if not may_be_renewed(bid):
        shut.add("renew")
    if is_negotiated(bid):
        shut |= {"edit", "counter"}
    return [step for step in steps if LIFECYCLE.steps[step].label and step not in shut]


def awards_taken(bid: Bid) -> int:
    """How many awards of its posting are made or offered, counted with the others of its list."""
    counted: int | None = bid.__dict__.get("awards_taken")
    return taken_of(bid.posting) if counted is None else counted


def role_in(bid: Bid, by: Actor) -> str | None:
    """Staff are nobody here: bids are sealed from them as from everybody else."""
    if isinstance(by, str):
        return SYSTEM if by == SYSTEM else None
    if acts_for(by, bid.freelancer_id):
        return FREELANCER
    return CLIENT if acts_for(by, bid.posting.client_id) else None
