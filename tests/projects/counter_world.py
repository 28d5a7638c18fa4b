"""Other terms for a bid, proposed the short way."""

from typing import Any

from accounts.people.models import User
from projects.bids.counters.models import CounterOffer
from projects.bids.counters.services import counter_counter, propose_counter
from projects.bids.models import Bid
from tests.world import open_posting, plan_of, submitted_bid


def bid_of(ada: User, ben: User) -> Bid:
    """80,000 minor units in one milestone of 20 days."""
    return submitted_bid(open_posting(ada), ben, plan=plan_of(80_000, criteria=["It runs."]))


def terms(*amounts: int, days: int = 20, **said: Any) -> dict[str, Any]:
    plan = plan_of(*amounts, days=days, criteria=said.pop("criteria", ["It runs."]))
    return {"price": sum(amounts), "days": days, "plan": plan} | said


def countered(bid: Bid, ada: User, *amounts: int, **said: Any) -> CounterOffer:
    """Ada would rather pay this."""
    return propose_counter(bid_id=bid.pk, by=ada, **terms(*(amounts or (60_000,)), **said))


def again(counter: CounterOffer, by: User, *amounts: int, **said: Any) -> CounterOffer:
    return counter_counter(counter_id=counter.pk, by=by, **terms(*amounts, **said))
