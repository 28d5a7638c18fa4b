"""Two beats and ten processes that work, of which some are killed while there is work left: each
thing is done once.

Every clock that a sweep strikes does so in the same moment, for a dozen of each or a few, as after
a quiet night. What is told is told once, and so is each mail of it: where a worker is killed
between sending one and noting that, it leaves again under the same Message-ID.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Count, QuerySet

from accounts.notifications.mailing.letter import message_id_of
from accounts.notifications.mailing.rules import PATIENCE
from accounts.notifications.models import Notification
from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace import processes
from marketplace.common import clock
from marketplace.common.models import ClockOffset
from payments.payees.models import ConnectedAccount
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import propose_ending
from projects.bids.models import Bid
from projects.contracts.models import Contract, Event
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.givebacks.services import ask_back
from projects.milestones.models import Milestone, Reminder
from tests.mail_notes import noted
from tests.projects.change_world import proposed, wish
from tests.projects.counter_world import bid_of, countered
from tests.projects.giveback_world import on, released
from tests.running import Market
from tests.world import (
    funded_milestone,
    negotiated_dispute,
    offered_contract,
    open_posting,
    opened_dispute,
    person,
    plan_of,
    planned_milestone,
    reviewed_dispute,
    submitted_bid,
    submitted_milestone,
    why,
)

A_DOZEN, A_FEW = 12, 4
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
    "fund_over": A_FEW,
    "giveback_lapsed": A_FEW,
    "counter_lapsed": A_FEW,
    "limit_in_1_day": A_FEW,
    "milestone_refunded": A_FEW,
    "dispute_handed_over": A_FEW,
    "ruling_carried_out": 2 * A_FEW,
}
# Of each few of these.
ENDS = {
    "unfunded": {"planned"},
    "asked back": {"lapsed"},
    "countered": {"lapsed"},
    "at the limit": {"refunded"},
    "talked about": {"under_review"},
    "decided": {"closed"},
    "appealed": {"closed"},
    "postings": {"expired"},
}
DONE = ENDS | {
    "silent": {"released"},
    "offered": {"lapsed"},
    "ending": {"lapsed"},
    "changing": {"lapsed"},
    "disputed": {"under_review"},
    "bids": {"lapsed"},
    "warnings": 0,
}
KILLED = 4
WORKERS, AT_ONCE = 5, 2  # so many, of so many processes each


@pytest.fixture(autouse=True)
def so_many_processes(monkeypatch) -> None:
    """Whatever the machine has for its workers; before the market is started."""
    monkeypatch.setenv("WORKER_PROCESSES", str(AT_ONCE))


@pytest.mark.timeout(420)
def test_each_clock_strikes_once_whoever_is_killed(market, ada, ben, dora, tmp_path):
    mails = tmp_path / "mails"
    mails.mkdir()
    _note_mails(market, mails)
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
    few = _a_few_of_each(ada, ben, dora)
    before = set(Notification.objects.values_list("pk", flat=True))
    lines = set(Event.objects.values_list("pk", flat=True))

    market.start("beat")
    workers = [market.child("worker"), *(market.start("worker") for _ in range(WORKERS - 1))]
    warned = [*late, *few["unfunded"]]
    due = Reminder.objects.filter(
        milestone__in=warned, told_at=None, due_at__lte=clock.now() + DAYS
    )
    told = Notification.objects.exclude(pk__in=before)

    def look() -> dict[str, Any]:
        return {
            "silent": _states(Milestone, silent),
            "offered": _states(Contract, offered),
            "ending": _states(Proposal, Proposal.objects.filter(milestone__in=ending)),
            "changing": _states(ChangeOrder, ChangeOrder.objects.all()),
            "disputed": _states(Dispute, disputed),
            "bids": _states(Bid, bids),
            "warnings": due.count(),
        } | {name: _states(type(things[0]), things) for name, things in few.items()}

    ClockOffset.objects.create(pk=1, seconds=int(DAYS.total_seconds()))
    for _ in range(KILLED):
        time.sleep(random.uniform(0.3, 1.5))
        assert look() != DONE or _to_mail(told), "killed for nothing: no work was left"
        victim = random.choice(workers)
        os.kill(victim.process.pid, signal.SIGKILL)
        victim.start_again("was killed")
    _wait_for(market, look, DONE)
    for worker in workers:
        assert f"concurrency: {AT_ONCE} (prefork)" in worker.log.read_text()

    assert _more_than_once(told, "recipient", "kind", "path") == []
    written = Event.objects.exclude(pk__in=lines)
    assert _more_than_once(written, "contract", "kind", "about") == []
    kinds = dict(told.order_by().values_list("kind").annotate(Count("pk")))
    assert {kind: kinds.get(kind, 0) for kind in ABOUT} == {
        kind: 2 * things for kind, things in ABOUT.items()
    }
    call_command("check_ledger")

    _each_mail_has_left_once(market, mails, told)


def _each_mail_has_left_once(market: Market, mails: Path, told: QuerySet[Notification]) -> None:
    # Whoever was killed at a mail had taken it for some minutes.
    ClockOffset.objects.update(seconds=int((DAYS + PATIENCE[0] * 2).total_seconds()))
    _wait_for(market, lambda: _to_mail(told), 0)
    left = {pair: times for pair, times in noted(mails).items() if pair in _mails_of(told)}
    mailed = told.filter(mailed_at__isnull=False)
    assert set(left) == _mails_of(mailed) and len(left) == mailed.count() > 2 * A_DOZEN
    assert sum(left.values()) - len(left) <= KILLED * AT_ONCE, "only what was in hand leaves again"


def _to_mail(told: QuerySet[Notification]) -> int:
    return told.filter(mail_due_at__isnull=False, digest=None).count()


def _note_mails(market: Market, folder: Path) -> None:
    """From now on workers note their mails there."""
    market.environment |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings_with_noted_mails",
        "MAIL_NOTES": str(folder),
    }
    worker = market.child("worker")
    assert worker.process
    processes.stop(worker.process)
    worker.process = worker.start()


def _mails_of(told: QuerySet[Notification]) -> set[tuple[str, str]]:
    return {(message_id_of(one), one.recipient.email) for one in told.select_related("recipient")}


def _a_few_of_each(ada: User, ben: User, dora: User) -> dict[str, list[Any]]:
    """What else a sweep strikes, by what is looked at in the end."""

    def few(make: Callable[[], Any]) -> list[Any]:
        return [make() for _ in range(A_FEW)]

    suda = person("Suda")
    ConnectedAccount.objects.create(party=own_party_of(suda), country="TH")
    soon = clock.now() + timedelta(days=5)
    # Nothing is told ahead of its date: what is at the limit may be warned of or refunded first.
    far = plan_of(100_000, days=60)
    return {
        "unfunded": few(lambda: planned_milestone(ada, ben)),
        "asked back": few(lambda: ask_back(**on(released(ada, ben)), by=ada, amount=40_000)),
        "countered": few(lambda: countered(bid_of(ada, ben), ada)),
        "at the limit": few(lambda: funded_milestone(ada, suda, plan=far)),
        "talked about": few(lambda: negotiated_dispute(ada, ben)),
        "decided": few(lambda: _decided(ada, ben, dora)),
        "appealed": few(
            lambda: appeal_ruling(dispute_id=_decided(ada, ben, dora).pk, by=ben, statement="No.")
        ),
        "postings": few(lambda: open_posting(ada, bids_close_at=soon)),
    }


def _decided(ada: User, ben: User, dora: User) -> Dispute:
    dispute = reviewed_dispute(ada, ben)
    return decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=40_000, **why())


def _wait_for(market, look, wanted) -> None:
    for _ in processes.tries(120):
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
