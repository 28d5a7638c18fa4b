"""Held money, a payee's account, earnings: made as the floors above would make them."""

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.services import advance_clock
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.gateway.pacing import pace
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payees.models import ConnectedAccount
from payments.payees.services import start_onboarding
from payments.payouts.models import LIFECYCLE, Earning, Payout
from payments.policies.selectors import policy_in_force
from tests.sandbox import (
    AVAILABLE_AT_ONCE,
    GOOD_BANK,
    PAYOUT_DELAY,
    Sandbox,
    play_on,
)

DAY = 24 * 3600
# In days: until a charge is booked, and until a bank has had its say, once.
A_WHILE = (PAYOUT_DELAY + 30) / DAY
BOOK = "ct_aContractOfAdaAndBen1"


def opened(payer: User, payee: User, *, amount: int = 100_000, currency: str = "USD") -> Escrow:
    return escrows.open_escrow(
        payer=own_party_of(payer),
        payee=own_party_of(payee),
        amount=amount,
        currency=currency,
        policy=policy_in_force(),
        book=BOOK,
        title="Logo and letterhead",
    )


def asked(escrow: Escrow) -> Payment:
    return escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/contracts/ct_x/")


def part_of(escrow: Escrow, amount: int | None) -> Payment:
    """A payment of so much more of the price."""
    return escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/contracts/ct_x/", amount=amount)


def held(payer: User, payee: User, **how) -> Escrow:
    """Funds held without any provider."""
    payment = came_in(asked(opened(payer, payee, **how)))
    return Escrow.objects.select_related("policy", "payer", "payee").get(public_id=payment.paid_for)


def came_in(payment: Payment) -> Payment:
    """As if the provider's letter had come."""
    escrows.take_in(
        payment_id=payment.pk,
        intent_id=f"pi_{payment.public_id}",
        charge_id=f"ch_{payment.public_id}",
    )
    payment.refresh_from_db()
    return payment


def paid_at(sandbox: Sandbox, escrow: Escrow, *, card: str = AVAILABLE_AT_ONCE) -> Payment:
    """The payer goes to the pay page and pays; the letters are read."""
    payment = fundings.open_pay_page(payment_id=asked(escrow).pk)
    sandbox.pay(payment.url, card)
    play_on(sandbox)
    payment.refresh_from_db()
    return payment


def with_account(sandbox: Sandbox, payee: User, *, bank: str = GOOD_BANK) -> ConnectedAccount:
    """A payee whose payouts are set up."""
    party = own_party_of(payee)
    start_onboarding(party_id=party.pk, country="US", by=payee)
    account = ConnectedAccount.objects.get(party=party)
    sandbox.onboard(account.remote_id, bank=bank)
    play_on(sandbox)
    account.refresh_from_db()
    return account


def days_pass(days: float) -> None:
    advance_clock(seconds=int(days * DAY))
    if pace().is_silent():
        silence_ends()


def silence_ends() -> None:
    """The seconds are over for which the provider wanted to be left alone."""
    one = pace()
    one._valkey.delete(one._silence)
    one._silent_until = 0.0


def paid_out(payee: User, currency: str = "USD") -> None:
    """As if all that they have had arrived at their bank."""
    party = own_party_of(payee)
    waiting = Earning.objects.filter(party=party, currency=currency, payout=None, recovery=None)
    amount = sum(earning.amount for earning in waiting)
    payout = Payout.objects.create(party=party, currency=currency, amount=amount)
    waiting.update(payout=payout)
    leaving = chart.leaving(payout.public_id)
    for deed, source, target in (
        ("schedule:1", chart.available(party, currency), leaving),
        ("arrive:1", leaving, chart.provider(currency)),
    ):
        move_money(
            Move("payout", source, target, amount, currency),
            key=f"{payout.public_id}:{deed}",
            book=chart.payee_book(party),
        )
    payout.attempts.create(number=1, destination="acct_x", remote_id=f"po_{payout.public_id}")
    LIFECYCLE.advance(payout, "send", role=SYSTEM)
    payout.save()
    LIFECYCLE.advance(payout, "arrive", role=SYSTEM)
    payout.transfer_id, payout.closed_at = f"tr_{payout.public_id}", now()
    payout.next_check_at = None
    payout.save()
