"""Whatever happens to three pieces of work and their payments, in whatever order: what is left of
the payments is what is needed of them, and nobody is refused, or bears, what is there.
"""

from contextlib import contextmanager

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from marketplace.common.errors import InsufficientFunds, InvalidInput, NotAllowed, WrongState
from payments.escrow import services as escrows
from payments.escrow.backing.checks import payments_stand_behind_the_money
from payments.escrow.givebacks.services import give_back_released
from payments.escrow.rolling.services import roll
from payments.fundings.models import Payment
from payments.ledger.models import Transfer
from payments.refunds.models import Refund
from tests.payments.chargeback_world import Bank, findings
from tests.payments.rolled_world import arrived, fresh, lost, refunded_at_the_desk
from tests.payments.world import came_in, opened, part_of

PRICES = (100_000, 50_000, 20_000)
THREE = st.integers(0, 2)
# By hundreds, so that the fees of 3 % meet to the unit; a bank takes what it likes.
HUNDREDS = st.integers(5, 400).map(lambda n: n * 100)
# Which goes into which: one, one after the other, or two into the same; the order of payments and
# the parts that are released first are drawn.
ROLLS = st.sampled_from(
    [[], [(0, 1)], [(1, 0)], [(0, 1), (1, 2)], [(1, 0), (0, 2)], [(0, 2), (1, 2)], [(1, 0), (2, 0)]]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fund"), THREE, st.none() | HUNDREDS),
        st.tuples(st.just("roll"), st.permutations(range(3)), HUNDREDS),
        st.tuples(st.just("part"), THREE, HUNDREDS),
        st.tuples(st.just("release"), THREE, st.none()),
        st.tuples(st.just("cancel"), THREE, st.none()),
        st.tuples(st.just("split"), THREE, HUNDREDS),
        st.tuples(st.just("give back"), THREE, HUNDREDS),
        st.tuples(st.just("desk"), st.integers(0, 9), st.integers(1, 100)),
        st.tuples(st.just("arrive"), st.integers(0, 9), st.none()),
        st.tuples(st.just("bank"), st.integers(0, 9), st.integers(1, 100)),
        st.tuples(st.just("won"), st.integers(0, 9), st.none()),
    ),
    min_size=3,
    max_size=12,
)


class Trade:
    """Three escrows of one book, all that was paid for them, and the banks that took some of it."""

    def __init__(self, ada, ben, funded: list[int]) -> None:
        self.works = [opened(ada, ben, amount=price) for price in PRICES]
        self.banks: list[Bank] = []
        for place in funded:
            self.do_fund(place, None)

    def do_fund(self, place: int, amount: int | None) -> None:
        came_in(part_of(self.works[place], amount))

    def do_roll(self, places: list[int], part: int) -> None:
        source, target, _ = (self.works[place] for place in places)
        roll(escrow_id=source.pk, into_id=target.pk, part=part)

    def do_part(self, place: int, amount: int) -> None:
        escrows.release_part(escrow_id=self.works[place].pk, amount=amount)

    def do_release(self, place: int, _: None) -> None:
        escrows.release(escrow_id=self.works[place].pk)

    def do_cancel(self, place: int, _: None) -> None:
        escrows.refund(escrow_id=self.works[place].pk, reason="cancelled")

    def do_split(self, place: int, to_payee: int) -> None:
        escrows.split(escrow_id=self.works[place].pk, to_payee=to_payee, reason="agreed")

    def do_give_back(self, place: int, amount: int) -> None:
        work = fresh(self.works[place])
        number = f"{work.given_back}:{amount}"
        give_back_released(escrow_id=work.pk, amount=min(amount, work.kept or 1), deed=number)

    def do_desk(self, place: int, percent: int) -> None:
        payment = self._payment(place)
        if payment and (amount := payment.left * percent // 100):
            refunded_at_the_desk(payment, amount)

    def do_arrive(self, place: int, _: None) -> None:
        waiting = list(Refund.objects.filter(status="requested").order_by("pk"))
        if waiting:
            arrived(waiting[place % len(waiting)])

    def do_bank(self, place: int, percent: int) -> None:
        """Never more than the payer has not got back yet: else somebody pays twice."""
        payment = self._payment(place)
        waits = Refund.objects.filter(payment=payment, status="requested")
        if payment is None:
            return
        most = payment.left + (waits.aggregate(sum=Sum("amount"))["sum"] or 0)
        if amount := most * percent // 100:
            self.banks.append(Bank(payment, amount))
            self.banks[-1].takes()

    def do_won(self, place: int, _: None) -> None:
        standing = [bank for bank in self.banks if bank.says_last == "open"]
        if standing:
            standing[place % len(standing)].gives_back()

    def _payment(self, place: int) -> Payment | None:
        paid = list(Payment.objects.exclude(succeeded_at=None).order_by("pk"))
        return paid[place % len(paid)] if paid else None

    def is_borne(self) -> bool:
        return Transfer.objects.filter(kind="refund_borne").exists()


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(funded=st.permutations(range(3)), rolls=ROLLS, part=HUNDREDS, steps=STEPS)
def test_payments_hold_what_is_needed_of_them(ada, ben, funded, rolls, part, steps):
    with _taken_back_afterwards():
        trade = Trade(ada, ben, funded)
        for source, target in rolls:
            trade.do_roll([source, target, -1], min(part, PRICES[source] // 2))
        for name, place, amount in steps:
            act = getattr(trade, f"do_{name.replace(' ', '_')}")
            try:
                with transaction.atomic():
                    act(place, amount)
            except InsufficientFunds:
                # The payer had it from the platform already: that is not given back once more.
                assert name == "give back" and trade.is_borne()
            except (WrongState, InvalidInput, NotAllowed):
                continue
            event(name)
            assert payments_stand_behind_the_money() == [], name
            assert lost() == 0, name
        assert findings() == []


@contextmanager
def _taken_back_afterwards():
    """Each example begins with empty books."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
