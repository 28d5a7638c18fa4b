"""Every clock that runs on somebody's contracts, bids, invitations, postings and holds, and on the
cases that a mediator looks after, whatever it is of.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from accounts.holds.selectors import appealable_by
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.words import said_moment
from payments.escrow.models import Escrow
from payments.payouts.models import Earning
from projects.agreements.deadlines.nearest import nearest_first
from projects.agreements.outlook import prospects_of_each
from projects.bids.counters.selectors import waiting_for
from projects.bids.selectors import bids_that_lapse, postings_to_choose_on
from projects.bids.validity import may_be_renewed
from projects.bonuses.models import Bonus
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of, page_of
from projects.disputes.assigning.selectors import rulings_due_by
from projects.disputes.models import Dispute
from projects.givebacks.models import GiveBack
from projects.invitations.selectors import closing_for
from projects.milestones.models import Milestone
from projects.milestones.outlook import Strike
from projects.postings.selectors import postings_closing

# Of one person, those of each kind whose clocks strike first: a calendar is fetched over and over.
MOST_OF_A_KIND = 200


@dataclass(frozen=True)
class Deadline:
    """``key`` stays the same while the clock runs, also when its time moves."""

    key: str
    at: datetime
    title: str
    text: str
    path: str


# What there is room for, and when the first strikes that there is no room for, if any.
Shown = tuple[list[Deadline], datetime | None]


def deadlines_of(user: User) -> list[Deadline]:
    """The soonest first; in a number of queries that does not grow with what they are of.

    Where there are too many the farthest are left out, and one more says so from when on.
    """
    others = _bids, _counters, _invitations, _postings, _choices, _appeals, _rulings
    found = [_of_contracts(user), *(_with_room(find(user, MOST_OF_A_KIND + 1)) for find in others)]
    deadlines = [one for shown, _ in found for one in shown]
    if left_out := [at for _, at in found if at is not None]:
        deadlines.append(_note(user, min(left_out)))
    return sorted(deadlines, key=lambda deadline: (deadline.at, deadline.key))


def _with_room(found: list[Deadline]) -> Shown:
    """Of one kind, the soonest first."""
    beyond = found[MOST_OF_A_KIND:]
    return found[:MOST_OF_A_KIND], beyond[0].at if beyond else None


def _note(user: User, at: datetime) -> Deadline:
    return Deadline(
        f"{user.public_id}-left_out",
        at,
        "Not every deadline is shown from here on",
        f"More clocks run than a calendar has room for. Until {said_moment(at)} it shows all of "
        "them; of what is later some are left out, and stand on the pages of their contracts, "
        "bids, invitations and postings.",
        reverse("calendar"),
    )


def _of_contracts(user: User) -> Shown:
    deadlines: list[Deadline] = []
    found = _with_clocks(user)
    for prospects in prospects_of_each(found[:MOST_OF_A_KIND]).values():
        contract = prospects.contract
        whole, path = prospects.strikes_for(str(role_in(contract, user))), page_of(contract)
        strikes = [(strike, contract.public_id, contract.title) for strike in whole]
        for one in prospects.milestones:
            of_it = (one.milestone.public_id, one.milestone.title)
            strikes += [(strike, *of_it) for strike in one.outlook.strikes]
        for strike, public_id, title in strikes:
            if strike.at is not None:
                key = f"{strike.about or public_id}-{strike.kind}"
                text = _words(strike)
                deadlines.append(Deadline(key, strike.at, strike.title or title, text, path))
    beyond = found[MOST_OF_A_KIND:]
    return deadlines, beyond[0].strikes_next if beyond else None


def _with_clocks(user: User) -> list[Any]:
    """Those that run, and what has ended but for money that is asked back, given or paid out; one
    more than there is room for.
    """
    running = Q(status__in=(Contract.Status.OFFERED, Contract.Status.ACTIVE))
    asked = GiveBack.objects.filter(contract=OuterRef("pk"), status=GiveBack.Status.ASKED)
    given = Bonus.objects.filter(contract=OuterRef("pk"), escrow__status__in=Escrow.LIVE)
    clearing = Earning.objects.filter(
        earned_by=OuterRef("escrow__public_id"), payout=None, clears_at__gt=now()
    )
    paid = Milestone.objects.filter(Exists(clearing), contract=OuterRef("pk"))
    has_clocks = running | Exists(asked) | Exists(given) | Exists(paid)
    return list(nearest_first(contracts_of(user).filter(has_clocks))[: MOST_OF_A_KIND + 1])


def _postings(user: User, limit: int) -> list[Deadline]:
    return [
        Deadline(
            f"{posting.public_id}-bids_close",
            closes_at,
            posting.title,
            "The time for bids ends: after it none comes in. Where none stands then, the posting "
            "ends.",
            posting.path,
        )
        for posting, closes_at in postings_closing(user, limit=limit)
    ]


def _choices(user: User, limit: int) -> list[Deadline]:
    return [
        Deadline(
            f"{posting.public_id}-choose_by",
            chosen_by,
            posting.title,
            "The time to choose a bid ends: those that still stand are given back, and the posting "
            "ends.",
            posting.path,
        )
        for posting, chosen_by in postings_to_choose_on(user, limit=limit)
    ]


def _appeals(user: User, limit: int) -> list[Deadline]:
    return [
        Deadline(
            f"{hold.public_id}-appeal",
            hold.appeal_until,
            f"Hold: {hold.title}",
            "Your time to appeal ends. The hold stays until it is lifted, or ends by itself on "
            f"{said_moment(hold.ends_at)}.",
            hold.path,
        )
        for hold in appealable_by(user, limit=limit)
    ]


def _bids(user: User, limit: int) -> list[Deadline]:
    return [
        Deadline(
            f"{bid.public_id}-lapses",
            bid.valid_until,
            bid.posting.title,
            "Your bid lapses unless you renew it before."
            if may_be_renewed(bid)
            else "Your bid lapses: the client may choose it until then.",
            bid.path,
        )
        for bid in bids_that_lapse(user, limit=limit)
    ]


def _counters(user: User, limit: int) -> list[Deadline]:
    return [
        Deadline(
            f"{counter.public_id}-counter_lapses",
            counter.answer_due_at,
            counter.bid.posting.title,
            "Other terms for a bid lapse, and it stands as it is."
            + ("" if counter.proposed_by_role == role else " The answer is yours."),
            counter.bid.path,
        )
        for counter, role in waiting_for(user, limit=limit)
    ]


def _invitations(user: User, limit: int) -> list[Deadline]:
    return [
        Deadline(
            f"{invitation.public_id}-bids_close",
            closes_at,
            invitation.posting.title,
            f"The time for bids ends, to which {invitation.posting.client.name} has invited you: "
            "after it none comes in.",
            invitation.path,
        )
        for invitation, closes_at in closing_for(user, limit=limit)
    ]


def _rulings(user: User, limit: int) -> list[Deadline]:
    """By their numbers alone: whoever keeps the calendar of a mediator is not to read of others."""
    return [
        Deadline(
            f"{dispute.public_id}-ruling_due",
            dispute.ruling_due_at,
            f"Ruling on {dispute.public_id}",
            "You look after this case: decide it before. "
            + (
                "After that the first decision stands."
                if dispute.status == Dispute.Status.APPEALED
                else "After that both sides and the staff are told that nobody has."
            ),
            reverse("desk-dispute", args=[dispute.public_id]),
        )
        for dispute in rulings_due_by(user, limit=limit)
    ]


def address_of(secret: str) -> str:
    """Where a calendar that knows the secret fetches them."""
    return f"{settings.SITE_URL}{reverse('calendar-feed', args=[secret])}"


def _words(strike: Strike) -> str:
    return " ".join(filter(None, [strike.text, strike.stops, strike.put_off]))
