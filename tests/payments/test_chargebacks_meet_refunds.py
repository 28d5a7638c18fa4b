"""A bank takes what is on its way back anyway: the payer has it once, whoever was faster."""

import pytest

from accounts.parties.selectors import own_party_of
from marketplace.common.errors import InvalidInput, WrongState
from payments.chargebacks.selectors import standing_of
from payments.escrow import services as escrows
from payments.escrow.clawback import Taken
from payments.gateway.base import GatewayRefused, RemoteRefund, State
from payments.gateway.chargebacks import ChargebackState
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.reconciliation.findings import K
from payments.reconciliation.judging.refunds import judge_refund
from payments.reconciliation.judging.rows import Rows
from payments.refunds.models import Refund
from payments.refunds.services import _begin, _record_refusal, record_refund
from tests.payments.chargeback_world import Bank, findings, has, owes, payment_of, stands
from tests.payments.reconciling import settled, the_difference, topped_up
from tests.payments.world import held, opened, paid_at, paid_out

pytestmark = pytest.mark.django_db


def rows() -> list[tuple[str, int]]:
    return sorted(Refund.objects.values_list("status", "amount"))


def word(refund: Refund, state: State, *, attempt: int) -> RemoteRefund:
    return RemoteRefund(
        remote_id=f"re_{attempt}",
        refund=refund.public_id,
        attempt=attempt,
        charge_id=refund.payment.charge_id,
        state=state,
        amount=refund.amount,
        currency=refund.currency,
        booked=True,
    )


# --- Refused after the bank took it --------------------------------------------------------------


def test_a_refund_refused_since_stands_in_for_our_loss_before_it_frees_the_payee(ada, ben):
    escrow = held(ada, ben)
    escrows.split(escrow_id=escrow.pk, to_payee=60_000, reason="ruling")
    paid_out(ben)
    Refund.objects.update(status="sending")
    bank = Bank(payment_of(escrow))
    assert standing_of(bank.takes()) == Taken(released=61_800, owed=58_200, lost=41_200)
    Refund.objects.update(status="requested")

    chargeback = bank.says(ChargebackState.REVIEW)

    # As if it had been refused a moment before the bank took it.
    assert standing_of(chargeback) == Taken(refunds=41_200, released=61_800, owed=58_200)
    assert (owes(ben), balance_of(chart.losses("USD"))) == (58_200, 0)
    assert findings() == []


def test_a_refund_made_while_the_bank_only_asked_is_covered_too(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.asks()
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    Refund.objects.update(status="sending")
    bank.takes()
    Refund.objects.update(status="requested")

    chargeback = bank.says(ChargebackState.REVIEW)

    assert standing_of(chargeback) == Taken(refunds=103_000)
    assert (rows(), balance_of(chart.losses("USD"))) == ([("covered", 103_000)], 0)
    assert findings() == []


# --- Failed before the bank took it --------------------------------------------------------------


def test_a_refund_that_came_back_is_covered_and_goes_out_anew_when_it_is_won(ada, ben):
    escrow = held(ada, ben)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    refund = Refund.objects.get()
    record_refund(remote=word(refund, State.DONE, attempt=1))
    failed = word(refund, State.FAILED, attempt=1)
    assert record_refund(remote=failed).status == "failed"
    bank = Bank(payment_of(escrow))

    assert standing_of(bank.takes()) == Taken(refunds=103_000)

    assert record_refund(remote=failed).status == "covered"  # the same letter once more
    assert findings() == []
    bank.gives_back()
    assert rows() == [("requested", 103_000)]
    assert record_refund(remote=word(refund, State.DONE, attempt=2)).status == "succeeded"
    assert balance_of(chart.leaving(refund.public_id)) == 0
    assert findings() == []


def test_of_a_refund_that_came_back_the_bank_may_take_a_part(ada, ben):
    escrow = held(ada, ben)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    refund = Refund.objects.get()
    record_refund(remote=word(refund, State.DONE, attempt=1))
    record_refund(remote=word(refund, State.FAILED, attempt=1))

    Bank(payment_of(escrow), 50_000).takes()

    assert rows() == [("covered", 50_000), ("failed", 53_000)]
    assert not Refund.objects.exclude(remote_id="").exists()  # what failed was of another amount
    assert findings() == []


# --- Given back in parts -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "still_covered"), [(20_000, 51_500), (51_500, 51_500), (60_000, 43_000)]
)
def test_given_back_in_two_parts_a_covered_refund_goes_out_as_far_as_it_is(
    ada, ben, first, still_covered
):
    escrow = held(ada, ben)
    escrows.split(escrow_id=escrow.pk, to_payee=50_000, reason="ruling")
    bank = Bank(payment_of(escrow))
    assert standing_of(bank.takes()) == Taken(refunds=51_500, released=51_500, owed=48_500)

    chargeback = bank.says(ChargebackState.REVIEW, -first)

    covered = sum(amount for status, amount in rows() if status == "covered")
    assert covered == standing_of(chargeback).refunds == still_covered
    assert findings() == []
    bank.says(ChargebackState.WON, first - 103_000)
    assert {status for status, _ in rows()} == {"requested"}
    assert sum(amount for _, amount in rows()) == 51_500
    assert (owes(ben), has(ben)) == (0, 48_500)
    assert findings() == []


def test_what_comes_back_late_is_divided_as_cards_carry_it(ada, ben):
    """Dinars are sent in steps of ten; the whole of it would leave the payer one fils."""
    escrow = held(ada, ben, currency="KWD")
    bank = Bank(payment_of(escrow), 1_240)
    bank.takes()
    escrows.release(escrow_id=escrow.pk)

    bank.gives_back()

    assert all(amount % 10 == 0 for _, amount in rows()) and rows()
    assert balance_of(chart.available(own_party_of(ben), "KWD")) % 10 == 0
    assert stands(escrow) == 0
    assert findings() == []


# --- At the provider's own desk ------------------------------------------------------------------


def test_a_refund_beside_a_bank_takes_what_is_held_before_the_platform_bears_the_rest(
    ada, ben, dora, sandbox
):
    """103,000 paid, 43,000 with the bank, 8,500 held: 60,000 borne would leave the held unpaid."""
    topped_up(sandbox)
    escrow = opened(ada, ben)
    payment = paid_at(sandbox, escrow)
    escrows.release_part(escrow_id=escrow.pk, amount=50_000)
    sandbox.api("POST", "/v1/refunds", charge=payment.charge_id, amount=60_000)
    found = the_difference()
    Bank(payment, 43_000).takes()
    assert stands(escrow) == 8_500

    with pytest.raises(InvalidInput):
        settled(found, "bear_refund", dora)
    assert not Refund.objects.exists()
    own = balance_of(chart.own_funds("USD"))
    settled(found, "take_and_bear", dora)

    assert stands(escrow) == 0
    assert balance_of(chart.own_funds("USD")) == own - 51_500


# --- One that was given up, and lives ------------------------------------------------------------


@pytest.fixture
def covered(ada, ben) -> Refund:
    """An attempt was refused, and the bank has taken the money before the next one."""
    escrow = held(ada, ben)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    refund = Refund.objects.get()
    _begin(refund.pk)
    _record_refusal(refund.pk, 1, GatewayRefused("charge_disputed", "no", retry_later=True))
    Bank(payment_of(escrow)).takes()
    refund.refresh_from_db()
    assert (refund.status, refund.attempt) == ("covered", 2)
    return refund


@pytest.mark.parametrize("state", [State.PENDING, State.DONE])
def test_that_an_earlier_attempt_goes_back_as_well_is_for_a_person(covered, state):
    remote = word(covered, state, attempt=1)

    with pytest.raises(WrongState, match="The card's bank has taken it"):
        record_refund(remote=remote)
    found = judge_refund(remote, Rows(refunds={covered.public_id: covered}))

    covered.refresh_from_db()
    assert (covered.status, covered.remote_id, covered.next_check_at) == ("covered", "", None)
    assert (found.kind, found.net, found.heals) == (K.REFUND_TWICE, -103_000, False)
    assert (found.deed, findings()) == ("own_funds", [])


def test_that_an_earlier_attempt_failed_is_no_news(covered):
    remote = word(covered, State.FAILED, attempt=1)

    record_refund(remote=remote)

    assert judge_refund(remote, Rows(refunds={covered.public_id: covered})) is None
    covered.refresh_from_db()
    assert covered.status == "covered" and findings() == []
