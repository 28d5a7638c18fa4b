"""Every clock that runs on somebody's contracts, whatever it belongs to."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from accounts.people.models import User
from projects.agreements.outlook import prospects_of_each
from projects.bids.counters.selectors import waiting_for
from projects.bids.selectors import bids_that_lapse
from projects.bids.validity import may_be_renewed
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of, page_of
from projects.milestones.outlook import Strike

# Of one person, the newest: a calendar is fetched again and again.
MOST_CONTRACTS = 200


@dataclass(frozen=True)
class Deadline:
    """``key`` stays the same while the clock runs, also when its time moves."""

    key: str
    at: datetime
    title: str
    text: str
    path: str


def deadlines_of(user: User) -> list[Deadline]:
    """The soonest first; in a number of queries that does not grow with the contracts."""
    running = (Contract.Status.OFFERED, Contract.Status.ACTIVE)
    contracts = list(contracts_of(user).filter(status__in=running)[:MOST_CONTRACTS])
    found = []
    for prospects in prospects_of_each(contracts).values():
        contract = prospects.contract
        for strike in prospects.strikes_for(str(role_in(contract, user))):
            if strike.at is not None:
                key = f"{contract.public_id}-{strike.kind}"
                title = strike.title or contract.title
                found.append(Deadline(key, strike.at, title, _words(strike), page_of(contract)))
        for one in prospects.milestones:
            for strike in one.outlook.strikes:
                if strike.at is not None:
                    key = f"{one.milestone.public_id}-{strike.kind}"
                    text = _words(strike)
                    found.append(
                        Deadline(key, strike.at, one.milestone.title, text, page_of(contract))
                    )
    found += _about_bids(user)
    return sorted(found, key=lambda deadline: (deadline.at, deadline.key))


def _about_bids(user: User) -> list[Deadline]:
    lapsing = [
        Deadline(
            f"{bid.public_id}-lapses",
            bid.valid_until,
            bid.posting.title,
            "Your bid lapses unless you renew it before."
            if may_be_renewed(bid)
            else "Your bid lapses: the client may choose it until then.",
            bid.path,
        )
        for bid in bids_that_lapse(user, limit=MOST_CONTRACTS)
    ]
    return lapsing + [
        Deadline(
            f"{counter.public_id}-counter_lapses",
            counter.answer_due_at,
            counter.bid.posting.title,
            "Other terms for a bid lapse, and it stands as it is."
            + ("" if counter.proposed_by_role == role else " The answer is yours."),
            counter.bid.path,
        )
        for counter, role in waiting_for(user, limit=MOST_CONTRACTS)
    ]


def address_of(secret: str) -> str:
    """Where a calendar that knows the secret fetches them."""
    return f"{settings.SITE_URL}{reverse('calendar-feed', args=[secret])}"


def _words(strike: Strike) -> str:
    return " ".join(filter(None, [strike.text, strike.stops, strike.put_off]))
