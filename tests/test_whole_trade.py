"""One project from posting to payout, through the services and the local Stripe, to the cent."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.parties.selectors import own_party_of
from marketplace.common import clock
from marketplace.common.models import ClockOffset
from payments.fundings.services import open_pay_page
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payees.models import ConnectedAccount
from payments.payees.services import refresh_account, start_onboarding
from payments.payouts.models import Payout
from projects import tasks as projects
from projects.agreements.services import accept_offer, award_bid
from projects.contracts.models import Contract
from projects.milestones.services import (
    fund_milestone,
    release_milestone,
    return_work,
    start_work,
    submit_work,
)
from tests.sandbox import DECLINED_CARD, GOOD_CARD, play_on, sandbox  # noqa: F401
from tests.world import open_posting, plan_of, submitted_bid

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_posting_to_payout(ada, ben, sandbox, bells):  # noqa: F811
    posting = open_posting(ada)
    bid = submitted_bid(posting, ben, 100_001, plan=plan_of(33_333, 66_668))
    contract = award_bid(bid_id=bid.pk, by=ada)
    accept_offer(contract_id=contract.pk, by=ben)
    first, second = contract.milestones.order_by("position")

    # A declined card leaves nothing behind; another one follows on the same page.
    payment = open_pay_page(payment_id=fund_milestone(milestone_id=first.pk, by=ada).pk)
    sandbox.pay(payment.url, DECLINED_CARD)
    sandbox.pay(payment.url, GOOD_CARD)
    play_on(sandbox)
    projects.tell_fundings()
    assert balance_of(chart.escrow(first.escrow.public_id)) == 33_333 + 1_000

    start_work(milestone_id=first.pk, by=ben)
    submit_work(milestone_id=first.pk, by=ben, note="The basket works.")
    return_work(milestone_id=first.pk, by=ada, answer="It forgets the colour.")
    submit_work(milestone_id=first.pk, by=ben, note="It remembers now.")
    release_milestone(milestone_id=first.pk, by=ada)
    assert balance_of(chart.available(own_party_of(ben), "USD")) == 33_333 - 1_000

    # The second is approved by silence, and the contract is complete.
    payment = open_pay_page(payment_id=fund_milestone(milestone_id=second.pk, by=ada).pk)
    sandbox.pay(payment.url, GOOD_CARD)
    play_on(sandbox)
    submit_work(milestone_id=second.pk, by=ben, note="All of it.")
    _move_clock(sandbox, days=7, minutes=1)
    assert projects.release_unreviewed_milestones() == {"done": 1, "failed": 0}
    projects.close_finished_contracts()
    contract.refresh_from_db()
    assert contract.status == Contract.Status.COMPLETED

    # Ben's account is opened, the first hold passes, and the money is with his bank.
    start_onboarding(party_id=own_party_of(ben).pk, country="IE", by=ben)
    account = ConnectedAccount.objects.get()
    sandbox.onboard(account.remote_id, country="IE")
    refresh_account(account_id=account.pk)
    _move_clock(sandbox, days=7, minutes=1)
    play_on(sandbox)
    _move_clock(sandbox, days=1)
    play_on(sandbox)

    payout = Payout.objects.get()
    assert (payout.status, payout.amount) == (Payout.Status.PAID, 100_001 - 1_000 - 2_000)
    assert balance_of(chart.available(own_party_of(ben), "USD")) == 0
    assert balance_of(chart.platform_fees("USD")) == 2 * (1_000 + 2_000)
    said = StringIO()
    call_command("check_ledger", stdout=said)
    call_command("reconcile", stdout=said)


def _move_clock(sandbox, **by: float) -> None:  # noqa: F811
    """For us and for the provider alike."""
    ahead = int((clock.offset() + timedelta(**by)).total_seconds())
    ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": ahead})
    clock.refresh()
    sandbox.ask("POST", "/clock", offset_seconds=ahead)
