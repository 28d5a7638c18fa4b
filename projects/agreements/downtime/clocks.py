"""Which clocks judge a side of a contract, bid or posting, and which would have struck in an
outage.

Not among them: the payment provider's limits and pay pages, which it counts; a bank's date for our
answer; what the house owes (a first ruling, the end of a payout's hold: nobody loses when it comes
late).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest

from accounts.holds.models import Hold
from accounts.holds.selectors import standing
from marketplace.common.lifecycle import BOTH
from marketplace.common.models import Outage
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.bids.counters.models import CounterOffer
from projects.bids.models import LIVE, Bid
from projects.contracts.models import Contract, PutOff
from projects.disputes.models import Dispute
from projects.givebacks.models import GiveBack
from projects.milestones.models import Milestone
from projects.milestones.selectors import unfunded_contracts
from projects.postings.models import TIME_TO_CHOOSE, Posting

C, S = PutOff.Clock, Milestone.Status
_DAY = Value(timedelta(days=1))


@dataclass(frozen=True)
class RunningClock:
    """``running`` are the things on which it runs, ``strikes_at`` when. ``posting`` leads to the
    public id of the posting with which it stands still while that is suspended.
    """

    running: Callable[[], QuerySet[Any]]
    strikes_at: Combinable
    posting: str = ""


def _time(expression: Any) -> ExpressionWrapper:
    return ExpressionWrapper(expression, output_field=DateTimeField())


def _at_work() -> QuerySet[Milestone]:
    """Funded work that waits to be delivered."""
    return Milestone.objects.filter(
        contract__status=Contract.Status.ACTIVE,
        status__in={S.PLANNED, S.RETURNED},
        escrow__held_at__isnull=False,
    )


# What struck in an outage is made up for, whatever was suspended after it.
_STANDING = (Posting.Status.OPEN, Posting.Status.SUSPENDED)


def _standing_postings() -> QuerySet[Posting]:
    return Posting.objects.filter(status__in=_STANDING)


# In this order: a date of delivery that is put off takes the grace after it along, and
# what is proposed about a bid waits no longer than the bid is valid.
CLOCKS: dict[str, RunningClock] = {
    C.REVIEW: RunningClock(Milestone.objects.all, F("review_ends_at")),
    C.DELIVERY: RunningClock(_at_work, F("due_at")),
    C.GRACE: RunningClock(
        _at_work,
        _time(
            F("due_at") + F("contract__policy__lateness_grace_days") * _DAY + F("grace_extension")
        ),
    ),
    C.START: RunningClock(
        lambda: _at_work().filter(status=S.PLANNED, started_at=None),
        _time(
            F("escrow__held_at")
            + F("contract__policy__never_started_days") * _DAY
            + F("start_extension")
        ),
    ),
    C.FUNDING: RunningClock(unfunded_contracts, F("funding_due_at")),
    C.OFFER: RunningClock(
        lambda: Contract.objects.filter(status=Contract.Status.OFFERED),
        F("offer_lapses_at"),
        posting="posting__public_id",
    ),
    C.PROPOSAL: RunningClock(
        lambda: Proposal.objects.filter(status=Proposal.Status.PROPOSED, milestone__closed_at=None),
        F("answer_due_at"),
    ),
    C.CHANGE: RunningClock(
        lambda: ChangeOrder.objects.filter(
            status=ChangeOrder.Status.PROPOSED, contract__status=Contract.Status.ACTIVE
        ),
        F("answer_due_at"),
    ),
    C.DISPUTE: RunningClock(
        lambda: Dispute.objects.filter(status=Dispute.Status.OPENED, milestone__closed_at=None),
        F("answer_due_at"),
    ),
    C.TALKS: RunningClock(
        lambda: Dispute.objects.filter(
            status=Dispute.Status.NEGOTIATING, milestone__closed_at=None
        ),
        F("negotiation_ends_at"),
    ),
    C.APPEAL: RunningClock(
        # A last decision, or one that both accept, only waits for a bank: no time of theirs runs.
        lambda: Dispute.objects.filter(
            status=Dispute.Status.DECIDED, appealed_by="", milestone__closed_at=None
        ).exclude(accepted_by=BOTH),
        F("appeal_ends_at"),
    ),
    # The house owes it, and yet it goes against whoever appealed: the first decision stands then.
    C.HEARING: RunningClock(
        lambda: Dispute.objects.filter(status=Dispute.Status.APPEALED, milestone__closed_at=None),
        F("ruling_due_at"),
    ),
    C.REPLY: RunningClock(
        lambda: Dispute.objects.filter(
            status=Dispute.Status.APPEALED,
            reply_until__lt=F("ruling_due_at"),
            milestone__closed_at=None,
        ),
        F("reply_until"),
    ),
    C.GIVEBACK: RunningClock(
        lambda: GiveBack.objects.filter(status=GiveBack.Status.ASKED), F("answer_due_at")
    ),
    # As far as it is put off, so is the time to choose, which follows on it.
    C.BIDDING: RunningClock(_standing_postings, F("bids_close_at"), posting="public_id"),
    C.CHOICE: RunningClock(
        lambda: _standing_postings().filter(bids_close_at__isnull=False),
        _time(Greatest(F("bids_close_at") + Value(TIME_TO_CHOOSE), F("promised_choose_by"))),
        posting="public_id",
    ),
    C.BID: RunningClock(
        lambda: Bid.objects.filter(status__in=LIVE, posting__status__in=_STANDING),
        F("valid_until"),
        posting="posting__public_id",
    ),
    C.COUNTER: RunningClock(
        lambda: CounterOffer.objects.filter(
            status=CounterOffer.Status.PROPOSED,
            bid__status__in=LIVE,
            bid__posting__status__in=_STANDING,
        ),
        F("answer_due_at"),
        posting="bid__posting__public_id",
    ),
    # Not the time of the staff to answer: what nobody answers is over, in favour of who appealed.
    C.HOLD: RunningClock(
        lambda: Hold.objects.filter(status=Hold.Status.PLACED, appeal_until__lt=F("closes_at")),
        F("appeal_until"),
    ),
}


def struck_in(clock: str, outage: Outage) -> QuerySet[Any]:
    """What this clock would have struck in the outage and was not put off for it yet; each with
    ``strikes_at``.
    """
    known, done = CLOCKS[clock], PutOff.objects.filter(outage=outage, clock=clock)
    due = known.running().annotate(strikes_at=known.strikes_at)
    due = due.filter(strikes_at__gt=outage.began_at, strikes_at__lte=outage.ended_at)
    if known.posting:
        # What stood still by then did not strike: the suspension itself puts it off.
        held = standing(Hold.Kind.POSTING).filter(subject=OuterRef(known.posting))
        due = due.exclude(Exists(held.filter(created_at__lte=OuterRef("strikes_at"))))
    return due.filter(~Exists(done.filter(about=OuterRef("public_id"))))


def strikes_at(clock: str, pk: int, outage: Outage) -> datetime | None:
    """When it strikes this one, if that is in the outage and nobody has put it off meanwhile."""
    found = struck_in(clock, outage).filter(pk=pk)
    return found.values_list("strikes_at", flat=True).first()
