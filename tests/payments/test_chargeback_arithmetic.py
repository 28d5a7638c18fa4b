"""Whatever banks take and give back, in whatever order: nothing is lost, nobody is overdrawn, and
the payee is left with what the formula says.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.parties.selectors import own_party_of
from payments.escrow import services as escrows
from payments.escrow.clawback import cost, net, owed_for, stays_released
from payments.fundings.models import Payment
from payments.incoming.checks import CHECKS
from payments.ledger import chart
from payments.ledger.models import LedgerAccount
from payments.ledger.selectors import balance_of
from payments.payouts.recovering.selectors import owed_by
from payments.policies.models import Policy
from tests.payments.chargeback_world import Bank
from tests.payments.world import held, paid_out

RATES = st.builds(
    Policy,
    client_fee_basis_points=st.integers(0, 2_000),
    freelancer_fee_basis_points=st.integers(0, 2_000),
)


@given(released=st.integers(1, 10**9), share=st.floats(0, 1), policy=RATES)
def test_what_stays_released_is_the_least_that_covers_what_is_left(released, share, policy):
    taken = int(cost(released, policy) * share)
    stays = stays_released(released, taken, policy)
    left = cost(released, policy) - taken

    assert 0 <= stays <= released
    assert cost(stays, policy) >= left
    assert stays == 0 or cost(stays - 1, policy) < left


@given(released=st.integers(1, 10**9), share=st.floats(0, 1), policy=RATES)
def test_the_payee_owes_their_net_and_our_fees_bear_the_rest(released, share, policy):
    taken = int(cost(released, policy) * share)
    owed = owed_for(released, taken, policy)

    assert owed == net(released, policy) - net(stays_released(released, taken, policy), policy)
    assert 0 <= owed <= taken
    fees_paid = cost(released, policy) - net(released, policy)
    assert 0 <= taken - owed <= fees_paid


@given(released=st.integers(1, 10**9), policy=RATES)
def test_all_of_it_takes_all_of_it(released, policy):
    assert owed_for(released, cost(released, policy), policy) == net(released, policy)
    assert owed_for(released, 0, policy) == 0


def test_the_example_of_the_decision_record():
    policy = Policy(client_fee_basis_points=300, freelancer_fee_basis_points=300)
    # 1,000.01 released; the bank takes 400.00 of the 1,030.01 that it cost.
    assert stays_released(100_001, 40_000, policy) == 61_166
    assert owed_for(100_001, 40_000, policy) == 97_001 - 59_331 == 37_670


# --- In the books --------------------------------------------------------------------------------

# Before a bank acts: nothing, a part released and the rest given back, or all released.
RELEASES = st.sampled_from(["held", "split", "released", "paid out"])
CURRENCIES = st.sampled_from([("USD", 1), ("JPY", 1), ("KWD", 1_000)])


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    currency=CURRENCIES,
    units=st.integers(500, 90_000),
    release=RELEASES,
    parts=st.lists(st.integers(1, 100), min_size=1, max_size=3),
    order=st.permutations(range(6)),
)
def test_the_books_bear_it_and_when_all_are_won_all_is_as_it_was(
    ada, ben, currency, units, release, parts, order
):
    code, step = currency
    with _taken_back_afterwards():
        escrow = held(ada, ben, amount=units * step, currency=code)
        if release == "split":
            escrows.split(escrow_id=escrow.pk, to_payee=units // 4 * step, reason="x")
        elif release != "held":
            escrows.release(escrow_id=escrow.pk)
        if release == "paid out":
            paid_out(ben, code)
        payment = Payment.objects.get(paid_for=escrow.public_id)
        before = _worth(ben, code), balance_of(chart.platform_fees(code))
        amounts = [max(1, payment.amount * part // (sum(parts) + 1)) for part in parts]
        banks = [Bank(payment, amount) for amount in amounts]

        for bank in banks:
            bank.takes()
            _is_sound(escrow, ben, code, before[0])
        for place in order[: len(banks)]:
            bank = banks[place % len(banks)]
            if bank.says_last == "open":
                bank.keeps() if place % 2 else bank.gives_back()
            _is_sound(escrow, ben, code, before[0])
        assert _findings() == []
        for bank in banks:
            if bank.says_last != "won":
                bank.gives_back()

        assert (_worth(ben, code), balance_of(chart.platform_fees(code))) == before
        _is_sound(escrow, ben, code, before[0])
        assert _findings() == []


@contextmanager
def _taken_back_afterwards() -> Iterator[None]:
    """Each example begins with empty books."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _findings() -> list[str]:
    return [finding for check in CHECKS for finding in check()]


def _worth(person, code: str) -> int:
    """What they have less what they owe."""
    party = own_party_of(person)
    return balance_of(chart.available(party, code)) - owed_by(party, code)


def _is_sound(escrow, ben, code: str, had: int) -> None:
    escrow.refresh_from_db()
    owed = owed_for(escrow.released, escrow.clawed_back, escrow.policy)
    assert _worth(ben, code) == had - owed
    assert not LedgerAccount.objects.filter(balance__lt=0).exists()
