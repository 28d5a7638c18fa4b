"""Refunds at the provider's own desk of a payment whose money went on into other work.

How much is taken there is one number: what finance is offered, what is judged under the locks, and
what the books follow.
"""

import pytest
from django.core.management import call_command

from marketplace.common.errors import InvalidInput, WrongState
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.escrow.outside.selectors import Effect, effect_of
from payments.escrow.outside.services import lock_effect, note_refunded
from payments.escrow.rolling.services import roll
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.reconciliation.deeds.services import offered_deeds
from payments.reconciliation.models import Difference
from payments.refunds.models import Refund
from tests.payments.chargeback_world import Bank, findings, payment_of, stands
from tests.payments.reconciling import (
    all_agrees,
    reconciled,
    refunded_by_others,
    settled,
    topped_up,
)
from tests.payments.rolled_world import KEPT, PART, REST, fresh, goes_back, lost, rolled_pair
from tests.payments.world import opened, paid_at
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db

OWN = 500_000  # of the platform, at the provider


def paid_and_rolled(ada, ben, sandbox: Sandbox) -> tuple[Escrow, Escrow, Payment]:
    """61,800 of the 103,000 that were paid for the first are held for the other, which was paid
    51,500 of its own.
    """
    topped_up(sandbox, OWN)
    source, target = opened(ada, ben), opened(ada, ben, amount=50_000)
    paid_at(sandbox, target)
    payment = paid_at(sandbox, source)
    roll(escrow_id=source.pk, into_id=target.pk, part=PART)
    return fresh(source), fresh(target), payment


def own_funds() -> int:
    return balance_of(chart.own_funds("USD"))


@pytest.mark.parametrize("amount", [REST, 10_000])
def test_as_far_as_it_went_on_it_is_taken_of_what_is_held_there(ada, ben, dora, sandbox, amount):
    _, target, payment = paid_and_rolled(ada, ben, sandbox)
    found = refunded_by_others(sandbox, payment.charge_id, amount)
    assert offered_deeds(found, dora) == ["take_from_held"]

    settled(found, "take_from_held", dora)

    assert (stands(target), own_funds()) == (113_300 - amount, OWN)
    all_agrees()
    call_command("check_ledger")


def test_more_than_that_is_borne_and_what_was_paid_for_the_other_stays(ada, ben, dora, sandbox):
    source, target, payment = paid_and_rolled(ada, ben, sandbox)
    found = refunded_by_others(sandbox, payment.charge_id, 103_000)
    assert offered_deeds(found, dora) == ["take_and_bear"]

    settled(found, "take_and_bear", dora)

    assert (stands(target), fresh(target).refunded) == (51_500, REST)
    assert own_funds() == OWN - KEPT
    assert fresh(source).released == PART, "the freelancer keeps what was released"
    all_agrees()
    call_command("check_ledger")
    Bank(payment_of(target)).takes()
    assert (lost(), findings()) == (0, []), "what was paid for the other was all there"


def test_what_has_not_gone_on_is_borne_and_all_that_is_held_stays(ada, ben, dora, sandbox):
    """The bank of it has taken what had gone on: the rest stays released with the first."""
    _, target, payment = paid_and_rolled(ada, ben, sandbox)
    bank = Bank(payment, REST)
    bank.takes(), bank.keeps()
    assert effect_of(fresh_payment(payment), 1_000) == Effect(takes=0, can_be_borne=True)

    with pytest.raises(WrongState):
        note_refunded(payment_id=payment.pk, amount=1_000)
    note_refunded(payment_id=payment.pk, amount=1_000, borne=1_000)

    assert stands(target) == 51_500
    assert findings() == []


def test_what_of_it_went_back_before_is_not_taken_again(ada, ben):
    source, target = rolled_pair(ada, ben, target_first=True)
    escrows.release_part(escrow_id=target.pk, amount=20_000)
    goes_back(source, PART)
    payment = payment_of(source)
    assert payment.left == REST

    note_refunded(payment_id=payment.pk, amount=50_000)

    assert effect_of(fresh_payment(payment), payment.left - 50_000).takes == REST - 50_000
    assert stands(target) == 113_300 - 20_600 - 50_000
    assert findings() == []


def test_all_three_see_one_number(ada, ben):
    source, _ = rolled_pair(ada, ben, target_first=True)
    payment = payment_of(source)
    for amount in (1, REST - 1, REST, REST + 1, 103_000):
        seen = effect_of(payment, amount)
        assert lock_effect(payment_id=payment.pk, amount=amount)[1] == seen
        assert seen.takes == min(amount, REST)
    with pytest.raises(WrongState, match="not held"):
        note_refunded(payment_id=payment.pk, amount=REST + 1)
    assert not Refund.objects.exists()


def test_the_other_way_was_offered_before_more_was_taken(ada, ben, dora, sandbox):
    """Judged anew when it is done: it had gone back meanwhile."""
    _, target, payment = paid_and_rolled(ada, ben, sandbox)
    found = refunded_by_others(sandbox, payment.charge_id, 70_000)
    assert offered_deeds(found, dora) == ["take_and_bear"]
    escrows.release(escrow_id=target.pk)

    assert effect_of(fresh_payment(payment), 70_000) == Effect(takes=0, can_be_borne=True)
    with pytest.raises(InvalidInput):
        settled(found, "take_and_bear", dora)
    reconciled()
    settled(Difference.objects.get(pk=found.pk), "bear_refund", dora)
    assert own_funds() == OWN - 70_000
    all_agrees()
    call_command("check_ledger")


def fresh_payment(payment: Payment) -> Payment:
    return Payment.objects.get(pk=payment.pk)
