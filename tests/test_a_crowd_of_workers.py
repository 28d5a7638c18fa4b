"""Two beats and ten workers, of which some are killed at their work: each thing is done once.

Every clock of a contract strikes in the same moment for a dozen of each, as after a quiet night.
"""

import os
import random
import signal
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import Count

from accounts.notifications.models import Notification
from marketplace import processes
from marketplace.common import clock
from marketplace.common.models import ClockOffset
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import propose_ending
from projects.bids.models import Bid
from projects.contracts.models import Contract, Event
from projects.disputes.models import Dispute
from projects.milestones.models import Milestone, Reminder
from tests.projects.change_world import proposed, wish
from tests.world import (
    funded_milestone,
    offered_contract,
    open_posting,
    opened_dispute,
    submitted_bid,
    submitted_milestone,
)

A_DOZEN = 12
# What is due after these days, and nothing of the warnings that come later.
DAYS = timedelta(days=14)
# How many milestones, contracts or cases each of these is about: two people hear of each.
ABOUT = {
    "milestone_released": A_DOZEN,
    "review_ends_in_24_hours": A_DOZEN,
    "contract_lapsed": A_DOZEN,
    "ending_lapsed": A_DOZEN,
    "change_lapsed": A_DOZEN,
    "dispute_escalated": A_DOZEN,
    "due_in_7_days": 3 * A_DOZEN,
}
KILLED = 4
WORKERS = 5  # of two processes each


@pytest.mark.timeout(240)
def test_each_clock_strikes_once_whoever_is_killed(market, ada, ben):
    silent = [submitted_milestone(ada, ben) for _ in range(A_DOZEN)]
    offered = [offered_contract(ada, ben) for _ in range(A_DOZEN)]
    ending, changing, late = ([funded_milestone(ada, ben) for _ in range(A_DOZEN)] for _ in "123")
    disputed = [opened_dispute(ada, ben) for _ in range(A_DOZEN)]
    bids = [
        submitted_bid(open_posting(ada), ben, valid_until=clock.now() + timedelta(days=7))
        for _ in range(A_DOZEN)
    ]
    for milestone in ending:
        propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=50_000)
    for milestone in changing:
        proposed(ben, wish(milestone, amount=120_000), milestone=milestone)
    before = set(Notification.objects.values_list("pk", flat=True))

    market.start("beat")
    workers = [market.child("worker"), *(market.start("worker") for _ in range(WORKERS - 1))]
    ClockOffset.objects.create(pk=1, seconds=int(DAYS.total_seconds()))
    for _ in range(KILLED):
        time.sleep(random.uniform(0.5, 2.5))
        victim = random.choice(workers)
        os.kill(victim.process.pid, signal.SIGKILL)
        victim.start_again("was killed")
    due = Reminder.objects.filter(milestone__in=late, told_at=None, due_at__lte=clock.now() + DAYS)
    _wait_for(
        market,
        lambda: {
            "silent": _states(Milestone, silent),
            "offered": _states(Contract, offered),
            "ending": _states(Proposal, Proposal.objects.filter(milestone__in=ending)),
            "changing": _states(ChangeOrder, ChangeOrder.objects.all()),
            "disputed": _states(Dispute, disputed),
            "bids": _states(Bid, bids),
            "warnings": due.count(),
        },
        {
            "silent": {"released"},
            "offered": {"lapsed"},
            "ending": {"lapsed"},
            "changing": {"lapsed"},
            "disputed": {"under_review"},
            "bids": {"lapsed"},
            "warnings": 0,
        },
    )

    told = Notification.objects.exclude(pk__in=before)
    assert _more_than_once(told, "recipient", "kind", "path") == []
    assert _more_than_once(Event.objects.all(), "contract", "kind", "about") == []
    kinds = dict(told.order_by().values_list("kind").annotate(Count("pk")))
    assert {kind: kinds.get(kind, 0) for kind in ABOUT} == {
        kind: 2 * things for kind, things in ABOUT.items()
    }
    call_command("check_ledger")


def _wait_for(market, look, wanted) -> None:
    for _ in processes.tries(90):
        if (found := look()) == wanted:
            return
    pytest.fail(f"{found}\n{market.said()}")


def _states(model, things) -> set[str]:
    return set(
        model.objects.filter(pk__in=[thing.pk for thing in things]).values_list("status", flat=True)
    )


def _more_than_once(rows, *fields: str) -> list:
    counted = rows.order_by().values(*fields).annotate(times=Count("pk"))
    return list(counted.filter(times__gt=1)[:5])
