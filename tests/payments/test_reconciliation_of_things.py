"""One thing at the provider that is not as our books have it: each kind of line that says so."""

from dataclasses import replace

import pytest

from payments.chargebacks.models import Chargeback
from payments.fundings.models import Payment
from payments.gateway import books
from payments.gateway.base import RemoteMovement
from payments.gateway.chargebacks import ChargebackState, RemoteWithdrawal
from payments.gateway.stripe import gateway
from payments.payouts.models import Payout, PayoutAttempt
from payments.payouts.sending.services import send_payout
from payments.reconciliation import looking
from payments.reconciliation.findings import ADVICE
from payments.reconciliation.looking import judge_thing
from payments.reconciliation.models import Difference
from payments.refunds.models import Refund
from payments.refunds.services import send_refund
from tests.payments.chargeback_world import Bank, payment_of
from tests.payments.payout_world import now_of, scheduled
from tests.payments.reconciling import all_agrees, paid_out, reconciled
from tests.payments.test_refunding import refunded
from tests.payments.world import A_WHILE, days_pass, held
from tests.sandbox import REFUND_TAKES_TIME, Sandbox, play_on

pytestmark = pytest.mark.django_db


def unheard(sandbox: Sandbox) -> None:
    """What the provider has to say gets lost in the post."""
    sandbox.collect()
    sandbox.letters.clear()


@pytest.mark.parametrize(
    ("kind", "net"), [("charge_amount", 1), ("transfer_amount", -1), ("payout_amount", 0)]
)
def test_another_amount_than_ours_is_a_line(ada, ben, sandbox, kind, net):
    payout = paid_out(ada, ben, sandbox)
    attempt = PayoutAttempt.objects.get()
    thing, account, about = {
        "charge_amount": lambda: (
            gateway().charge(Payment.objects.get().charge_id),
            "",
            Payment.objects.get(),
        ),
        "transfer_amount": lambda: (books.transfer(payout.transfer_id), "", payout),
        "payout_amount": lambda: (
            gateway().payout(attempt.remote_id, account=attempt.destination),
            attempt.destination,
            payout,
        ),
    }[kind]()
    assert judge_thing(thing, account=account) is None, "as it is, it agrees"

    found = judge_thing(replace(thing, amount=thing.amount + 1), account=account)

    assert found is not None
    assert (found.kind, found.about, found.net, found.heals) == (
        kind,
        about.public_id,
        net,
        False,
    )
    assert ADVICE[found.kind].startswith("Ask the provider why.")


def test_a_refund_of_another_amount_than_ours_is_a_line(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox)
    send_refund(refund_id=refund.pk)
    play_on(sandbox)
    thing = gateway().refund(Refund.objects.get().remote_id)
    assert judge_thing(thing) is None

    found = judge_thing(replace(thing, amount=thing.amount - 5))

    assert found is not None
    assert (found.kind, found.about, found.net) == ("refund_amount", refund.public_id, 5)


def test_a_refund_of_which_no_letter_came_is_healed(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox, card=REFUND_TAKES_TIME)
    days_pass(3)
    send_refund(refund_id=refund.pk)
    days_pass(A_WHILE)
    unheard(sandbox)
    refund.refresh_from_db()
    assert refund.status == "sending"

    run = all_agrees()

    refund.refresh_from_db()
    healed = Difference.objects.get()
    assert (refund.status, run.healed) == ("succeeded", 1)
    assert (healed.kind, healed.status, healed.about) == (
        "refund_state",
        "healed",
        refund.public_id,
    )


def test_a_transfer_whose_answer_was_lost_is_healed(ada, ben, sandbox, quick_gateway):
    payout = scheduled(ada, ben, sandbox)
    sandbox.trouble({"fault": "timeout_after", "path": "/v1/transfers", "seconds": 0.05})
    send_payout(payout_id=payout.pk)
    assert (now_of(payout).status, payout.transfer_id) == ("sending", "")
    unheard(sandbox)
    days_pass(A_WHILE)

    reconciled()

    healed = Difference.objects.filter(kind="transfer_unnoted").get()
    assert (healed.status, healed.about) == ("healed", payout.public_id)
    sent = Payout.objects.get()
    assert sent.transfer_id == healed.object_id
    assert sent.attempts.count() == len(sandbox.api("GET", "/v1/transfers")["data"]) == 1


def test_what_a_bank_moved_in_another_currency_is_left_to_whoever_reads_the_log(
    ada, ben, monkeypatch, caplog
):
    bank = Bank(payment_of(held(ada, ben)))
    bank.withdrawals.append(RemoteWithdrawal("txn_euros", 95_000, "EUR", 0))
    movement = RemoteMovement("txn_euros", "adjustment", -95_000, "EUR", bank.remote_id)
    monkeypatch.setattr(looking.books, "movement", lambda *_, **__: movement)
    monkeypatch.setattr(looking, "chargeback", lambda _: bank.word(ChargebackState.OPEN))

    looking.heal(Difference(kind="chargeback_unnoted", object_id="txn_euros"))

    assert Chargeback.objects.get().status == "open"
    assert "does not heal: txn_euros is in EUR" in caplog.text
