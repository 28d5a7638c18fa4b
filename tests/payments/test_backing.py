"""What was rolled on is refunded from what it was paid with, and every other deed finds its own."""

import pytest

from payments.escrow import services as escrows
from payments.escrow.backing.checks import payments_stand_behind_the_money
from payments.escrow.backing.selectors import backing_of
from payments.escrow.models import Escrow
from payments.escrow.rolling.services import roll
from payments.fundings.models import Payment
from payments.refunds.models import Refund
from tests.payments.chargeback_world import Bank, findings, payment_of, stands
from tests.payments.rolled_world import (
    KEPT,
    PART,
    REST,
    fresh,
    goes_back,
    left,
    lost,
    refunded_at_the_desk,
    rolled_pair,
)
from tests.payments.world import asked, came_in, opened

pytestmark = pytest.mark.django_db

BOTH_ORDERS = pytest.mark.parametrize("target_first", [True, False], ids=["target", "source"])


@pytest.fixture
def pair(ada, ben, target_first) -> tuple[Escrow, Escrow]:
    return rolled_pair(ada, ben, target_first=target_first)


@BOTH_ORDERS
def test_a_refund_takes_its_own_payment_first_and_leaves_the_other_what_it_needs(pair):
    source, target = pair
    assert left(source, target) == [103_000, 51_500]

    escrows.split(escrow_id=target.pk, to_payee=50_000, reason="agreed")

    assert left(source, target) == [KEPT + 51_500, 0]
    assert findings() == []


@BOTH_ORDERS
@pytest.mark.parametrize("to_payee", [0, 10_000, 50_000, 100_000])
def test_what_was_released_first_can_still_be_given_back(pair, to_payee):
    source, target = pair
    escrows.split(escrow_id=target.pk, to_payee=to_payee, reason="agreed")

    goes_back(source, PART)

    assert fresh(source).refunded == KEPT
    assert sum(left(source, target)) == to_payee * 103 // 100
    assert findings() == []
    if to_payee:
        goes_back(target, to_payee)
        assert left(source, target) == [0, 0]
        assert findings() == []


@BOTH_ORDERS
@pytest.mark.parametrize("before", ["nothing", "split", "refund", "release"])
@pytest.mark.parametrize("whose", ["source", "target"])
@pytest.mark.parametrize("share", [1, 3], ids=["all", "a third"])
def test_a_bank_finds_what_is_left_of_its_payment(pair, before, whose, share):
    source, target = pair
    if before == "split":
        escrows.split(escrow_id=target.pk, to_payee=50_000, reason="agreed")
    elif before != "nothing":
        getattr(escrows, before)(
            escrow_id=target.pk, **({"reason": "agreed"} if before == "refund" else {})
        )
    first, second = (source, target) if whose == "source" else (target, source)
    # What waits to be refunded is the payer's by the bank, then.
    waits = sum(Refund.objects.filter(payment=payment_of(first)).values_list("amount", flat=True))
    amount = (payment_of(first).left + waits) // share
    bank = Bank(payment_of(first), amount)

    bank.takes()

    assert lost() == 0
    assert findings() == []
    # The other one, whole: nothing of it was taken for the first.
    other = Bank(payment_of(second))
    other.takes()
    assert lost() == 0
    assert findings() == []
    other.gives_back(), bank.gives_back()
    assert findings() == []


@BOTH_ORDERS
@pytest.mark.parametrize("share", [1, 3], ids=["all", "a third"])
def test_a_bank_comes_before_the_refund(pair, share):
    source, target = pair
    bank = Bank(payment_of(source), 103_000 // share)
    bank.takes()

    escrows.refund(escrow_id=target.pk, reason="cancelled")

    assert findings() == []
    assert lost() == 0
    Bank(payment_of(target)).takes()
    assert lost() == 0, "what waits to be refunded covers it"
    bank.gives_back()
    assert findings() == []


@BOTH_ORDERS
def test_what_was_refunded_has_not_gone_on_for_the_bank_of_the_first(pair):
    """Paid in again since: that is another payment's, and stays."""
    source, target = pair
    escrows.split(escrow_id=target.pk, to_payee=50_000, reason="agreed")
    assert backing_of(target.public_id).origins[source.public_id].passes == 51_500
    escrow = fresh(target)

    Bank(payment_of(source)).takes()

    assert (fresh(source).clawed_back, fresh(escrow).clawed_back) == (KEPT, 51_500)
    assert findings() == []


def test_a_further_payment_is_not_taken_for_what_had_been_refunded(ada, ben):
    source, target = rolled_pair(ada, ben, target_first=True)
    refunded_at_the_desk(payment_of(source), 10_300)
    last = came_in(asked(target))
    assert stands(target) == 51_500 + REST

    Bank(payment_of(source), 92_700).takes()

    assert (stands(target), fresh(source).clawed_back, lost()) == (51_500 + 10_300, KEPT, 0)
    Bank(last).takes()
    assert (stands(target), lost()) == (51_500, 0)
    assert findings() == []


def test_on_a_longer_way_everyone_keeps_what_they_need(ada, ben):
    """Three in a row, each with its own part released; the middle one's payment is the smallest."""
    one, two, three = (opened(ada, ben, amount=n) for n in (100_000, 20_000, 50_000))
    for escrow in (three, two, one):
        came_in(asked(escrow))
    roll(escrow_id=one.pk, into_id=two.pk, part=10_000)
    roll(escrow_id=two.pk, into_id=three.pk, part=60_000)
    # The middle one kept 61,800 and was paid 20,600: the rest of that came from the first.
    origins = backing_of(three.public_id).origins
    assert [origin.passes for origin in origins.values()] == [0, 51_500, 92_700]

    escrows.refund(escrow_id=three.pk, reason="cancelled")

    assert left(one, two, three) == [103_000 - 30_900, 0, 0]
    goes_back(two, 60_000, deed="2")
    goes_back(one, 10_000, deed="1")
    assert left(one, two, three) == [0, 0, 0]
    assert findings() == []


def test_the_proof_finds_a_payment_that_passed_on_what_it_needs(ada, ben):
    source, target = rolled_pair(ada, ben, target_first=True)
    assert payments_stand_behind_the_money() == []
    Payment.objects.filter(paid_for=source.public_id).update(refunded=REST + 100)
    Payment.objects.filter(paid_for=target.public_id).update(amount=51_500 + REST + 100)

    assert payments_stand_behind_the_money() == [
        f"{source} lacks 100, which went on into {target}."
    ]
