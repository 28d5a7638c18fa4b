"""Every clock that runs on somebody's contracts, bids and postings, whatever it belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from accounts.people.models import User
from marketplace.common.clock import now
from payments.escrow.models import Escrow
from payments.payouts.models import Earning
from projects.agreements.outlook import prospects_of_each
from projects.bids.counters.selectors import waiting_for
from projects.bids.selectors import bids_that_lapse, postings_to_choose_on
from projects.bids.validity import may_be_renewed
from projects.bonuses.models import Bonus
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of, page_of
from projects.givebacks.models import GiveBack
from projects.milestones.models import Milestone
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
    found = [*_of_contracts(user), *_of_bids(user), *_of_postings(user)]
    return sorted(found, key=lambda deadline: (deadline.at, deadline.key))


def _of_contracts(user: User) -> Iterator[Deadline]:
    for prospects in prospects_of_each(_with_clocks(user)).values():
        contract = prospects.contract
        whole, path = prospects.strikes_for(str(role_in(contract, user))), page_of(contract)
        strikes = [(strike, contract.public_id, contract.title) for strike in whole]
        for one in prospects.milestones:
            of_it = (one.milestone.public_id, one.milestone.title)
            strikes += [(strike, *of_it) for strike in one.outlook.strikes]
        for strike, public_id, title in strikes:
            if strike.at is not None:
                key = f"{strike.about or public_id}-{strike.kind}"
                yield Deadline(key, strike.at, strike.title or title, _words(strike), path)


def _with_clocks(user: User) -> list[Contract]:
    """Those that run, and what has ended but for money that is asked back, given or paid out."""
    running = Q(status__in=(Contract.Status.OFFERED, Contract.Status.ACTIVE))
    asked = GiveBack.objects.filter(contract=OuterRef("pk"), status=GiveBack.Status.ASKED)
    given = Bonus.objects.filter(contract=OuterRef("pk"), escrow__status__in=Escrow.LIVE)
    clearing = Earning.objects.filter(
        earned_by=OuterRef("escrow__public_id"), payout=None, clears_at__gt=now()
    )
    paid = Milestone.objects.filter(Exists(clearing), contract=OuterRef("pk"))
    has_clocks = running | Exists(asked) | Exists(given) | Exists(paid)
    return list(contracts_of(user).filter(has_clocks)[:MOST_CONTRACTS])


def _of_postings(user: User) -> list[Deadline]:
    return [
        Deadline(
            f"{posting.public_id}-choose_by",
            chosen_by,
            posting.title,
            "The time to choose a bid ends: those that still stand are given back, and the posting "
            "ends.",
            posting.path,
        )
        for posting, chosen_by in postings_to_choose_on(user, limit=MOST_CONTRACTS)
    ]


def _of_bids(user: User) -> list[Deadline]:
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
