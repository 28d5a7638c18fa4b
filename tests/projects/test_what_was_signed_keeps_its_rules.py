"""Times that are no clock of a table go by the policy that was signed, too: how long earnings rest,
while released money can be given back, how long money is held, and how long an appeal waits.

The clocks of the tables: test_every_clock_strikes.py.
"""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from marketplace.common.clock import now
from payments.escrow.givebacks.rules import window_of
from payments.escrow.models import Escrow
from payments.payouts.models import Earning, Payout
from payments.policies.selectors import policy_in_force
from payments.policies.services import add_version
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.disputes.services import answer_dispute, open_dispute
from projects.milestones.models import Milestone
from projects.milestones.services import release_milestone, submit_work
from tests.against_the_rules import force
from tests.payments.payout_world import failed_payout
from tests.projects.limit_world import to_thailand
from tests.world import active_contract, fund, to_mediator, why

pytestmark = pytest.mark.django_db

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Measures how long it is, of a milestone of a contract that was signed before.
Measure = Callable[[Any, Milestone], timedelta]


def until_a_first_payout(who: Any, milestone: Milestone) -> timedelta:
    release_milestone(milestone_id=fund(milestone).pk, by=who.ada)
    earning = Earning.objects.latest("pk")
    return earning.clears_at - earning.earned_at


def until_a_payout(who: Any, milestone: Milestone) -> timedelta:
    if not Payout.objects.exists():
        failed_payout(who.ada, who.ben)
        force(Payout, status="paid", failure_code="")
    return until_a_first_payout(who, milestone)


def while_it_can_be_given_back(who: Any, milestone: Milestone) -> timedelta:
    release_milestone(milestone_id=fund(milestone).pk, by=who.ada)
    escrow = Escrow.objects.get(pk=milestone.escrow_id)
    until = window_of(escrow)
    assert until and escrow.closed_at
    return until - escrow.closed_at


def while_it_is_held(who: Any, milestone: Milestone) -> timedelta:
    limit_at = Escrow.objects.get(pk=fund(milestone).escrow_id).limit_at
    assert limit_at
    return limit_at - now()


def while_it_is_held_for_thailand(who: Any, milestone: Milestone) -> timedelta:
    to_thailand(who.ben)
    return while_it_is_held(who, milestone)


def for_a_reply(who: Any, milestone: Milestone) -> timedelta:
    submit_work(milestone_id=fund(milestone).pk, by=who.ben, note="Here it is.")
    dispute = open_dispute(
        milestone_id=milestone.pk,
        by=who.ada,
        reason="not_as_agreed",
        statement="It is another thing.",
        asked_for=0,
    )
    dispute = answer_dispute(dispute_id=dispute.pk, by=who.ben, statement="It is not.")
    dispute = to_mediator(dispute, who.ada, who.ben)
    decide_dispute(dispute_id=dispute.pk, by=who.dora, to_freelancer=40_000, **why())
    dispute = appeal_ruling(dispute_id=dispute.pk, by=who.ben, statement="More is done.")
    assert dispute.reply_until
    return dispute.reply_until - now()


# What is measured, and how it is a day longer in the next version of the rules.
TIMES: dict[str, tuple[Measure, Callable[[Any], Any]]] = {
    "first_payout_hold_days": (until_a_first_payout, lambda days: days + 1),
    "payout_hold_days": (until_a_payout, lambda days: days + 1),
    "giveback_days": (while_it_can_be_given_back, lambda days: days + 1),
    "holding_days": (while_it_is_held, lambda days: days + 1),
    "holding_days_by_country": (
        while_it_is_held_for_thailand,
        lambda known: known | {"TH": known["TH"] + 1},
    ),
    "appeal_days": (for_a_reply, lambda days: days + 1),
}


@pytest.mark.parametrize("name", TIMES)
def test_a_newer_version_is_for_what_is_signed_under_it(name, ada, ben, dora, emil):
    who = SimpleNamespace(ada=ada, ben=ben, dora=dora)
    measure, longer = TIMES[name]
    contracts = [active_contract(ada, ben, [100_000]) for _ in range(2)]
    before = measure(who, contracts[0].milestones.get())

    add_version({name: longer(getattr(policy_in_force(), name))})

    then = measure(who, contracts[1].milestones.get())
    assert abs(then - before) < MINUTE, "signed before"
    anew = measure(who, active_contract(ada, ben, [100_000]).milestones.get())
    assert DAY - MINUTE < anew - before < DAY + MINUTE, "signed under the newer one"
