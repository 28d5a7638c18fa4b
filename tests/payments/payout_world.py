"""Payees, what they earned and their payouts, as the floors above would make them."""

from django.core.management import call_command

from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from payments.chargebacks.limits.services import note_country
from payments.escrow import services as escrows
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.models import Earning, Payout
from payments.payouts.sending import services as sending
from tests.against_the_rules import force
from tests.payments.world import A_WHILE, days_pass, held, opened, paid_at, with_account
from tests.sandbox import GOOD_BANK, Sandbox, play_on

TRANSFERS, PAYOUTS = "/v1/transfers", "/v1/payouts"


def earned(ada, ben, sandbox: Sandbox, *, amount: int = 100_000, **how) -> None:
    """Paid, booked at the provider and released; the hold has not passed."""
    escrow = opened(ada, ben, amount=amount)
    paid_at(sandbox, escrow, **how)
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.release(escrow_id=escrow.pk)


def due(ada, ben, sandbox: Sandbox, *, bank: str = GOOD_BANK, **how) -> ConnectedAccount:
    """Everything is ready: one earning past its hold, and an account."""
    account = with_account(sandbox, ben, bank=bank)
    earned(ada, ben, sandbox, **how)
    days_pass(7)
    return account


def scheduled(ada, ben, sandbox: Sandbox, **how) -> Payout:
    due(ada, ben, sandbox, **how)
    return payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=ben)


def now_of(payout: Payout) -> Payout:
    payout.refresh_from_db()
    return payout


def available(ben) -> int:
    return balance_of(chart.available(own_party_of(ben), "USD"))


def leaving(payout: Payout) -> int:
    return balance_of(chart.leaving(payout.public_id))


def arrive(sandbox: Sandbox) -> None:
    play_on(sandbox)
    days_pass(A_WHILE)
    play_on(sandbox)


def transfers_at(sandbox: Sandbox) -> list[dict]:
    return sandbox.api("GET", TRANSFERS)["data"]


def payouts_at(sandbox: Sandbox) -> list[dict]:
    account = ConnectedAccount.objects.get()
    return sandbox.api("GET", PAYOUTS, account=account.remote_id)["data"]


def the_books_agree(sandbox: Sandbox) -> None:
    play_on(sandbox)
    call_command("check_ledger")
    call_command("reconcile")


def ready_without_provider(ada, ben, **how) -> int:
    escrow = held(ada, ben, **how)
    escrows.release(escrow_id=escrow.pk)
    Earning.objects.update(clears_at=now())
    party = own_party_of(ben)
    ConnectedAccount.objects.create(
        party=party, country="US", remote_id="acct_ben", status="active"
    )
    note_country(party_id=party.pk)
    return party.pk


def failed_payout(ada, ben) -> Payout:
    """Without any provider."""
    payout = payouts.schedule_payout(
        party_id=ready_without_provider(ada, ben), currency="USD", by=ben
    )
    attempt = payout.attempts.create(number=1, destination="acct_ben")
    sending.fail(payout, attempt, "account_closed")
    return payout


def stranded(
    ada, ben, *, status: str = "in_transit", remote_id: str = "po_1", amount: int = 100_000
) -> Payout:
    """Without any provider: its account is closed while it is on its way."""
    party_id = ready_without_provider(ada, ben, amount=amount)
    payout = payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)
    sending.begin_attempt(payout.pk)
    payout.attempts.update(remote_id=remote_id)
    force(Payout, status=status, transfer_id="tr_1")
    ConnectedAccount.objects.update(status="closed")
    return now_of(payout)


def unreturned(ada, ben, *, status: str = "failed", amount: int = 100_000) -> Payout:
    """Without any provider: its account was closed, and its transfer is not taken back."""
    payout = stranded(ada, ben, amount=amount)
    if status == "failed":
        sending.fail(payout, payout.attempts.get(), "account_closed")
    else:
        payout.attempts.update(failure_code="balance_insufficient", closed_at=now())
        force(Payout, status=status)
    Payout.objects.update(reversal_refused_at=now())
    return now_of(payout)
