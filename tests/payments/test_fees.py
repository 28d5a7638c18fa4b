"""One formula for fees: parts sum, halves go to even, and the ledger books what was quoted."""

import re
from contextlib import suppress
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.parties.selectors import own_party_of
from marketplace.common.currencies import step
from marketplace.common.errors import InvalidInput
from marketplace.common.money import MAX_AMOUNT, to_minor
from payments.escrow import services as escrows
from payments.escrow.division import checked_division, shares_of
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts.models import Earning
from payments.policies.fees import check_payable, fee_on, fee_on_part, quote
from payments.policies.models import Policy
from payments.policies.selectors import minimum_milestone, policy_in_force
from tests.payments.world import held

amounts = st.integers(min_value=1, max_value=MAX_AMOUNT)
basis_points = st.integers(min_value=0, max_value=10_000)


@given(released=st.integers(min_value=0, max_value=MAX_AMOUNT), points=basis_points)
def test_it_is_half_even_to_the_unit(released, points):
    exact = Decimal(released) * points / 10_000
    assert fee_on(released, points) == exact.quantize(Decimal(1), ROUND_HALF_EVEN)


@given(parts=st.lists(st.integers(min_value=1, max_value=10**9), min_size=1), points=basis_points)
def test_the_parts_sum_to_the_fee_of_the_whole_however_it_is_cut(parts, points):
    released, charged = 0, 0
    for part in parts:
        fee = fee_on_part(released, part, points)
        assert 0 <= fee <= part
        released, charged = released + part, charged + fee
    assert charged == fee_on(sum(parts), points)


@given(prices=st.lists(amounts, min_size=1, max_size=8))
def test_a_quote_is_the_sum_of_its_milestones_and_leaves_nothing_over(prices):
    policy = Policy(client_fee_basis_points=300, freelancer_fee_basis_points=300)
    total = quote(prices, policy)
    each = [quote([price], policy) for price in prices]
    assert total.price == sum(prices)
    assert total.client_pays == sum(one.client_pays for one in each)
    assert total.freelancer_gets == sum(one.freelancer_gets for one in each)
    ours = total.client_fee + total.freelancer_fee
    assert total.client_pays == total.freelancer_gets + ours


def test_the_example_of_the_rules():
    parts = [to_minor("333.33", "USD"), to_minor("333.33", "USD"), to_minor("333.35", "USD")]
    released, fees = 0, []
    for part in parts:
        fees.append(fee_on_part(released, part, 300))
        released += part
    assert released == 100_001
    assert fees == [1_000, 1_000, 1_000]


@pytest.mark.parametrize(("released", "fee"), [(50, 2), (150, 4), (250, 8), (350, 10), (16, 0)])
def test_halves_go_to_the_even_neighbour(released, fee):
    assert fee_on(released, 300) == fee


@pytest.mark.django_db
@pytest.mark.parametrize(("currency", "least"), [("JPY", 50), ("USD", 500), ("KWD", 5_000)])
def test_the_least_milestone_knows_the_digits_of_its_currency(currency, least):
    assert minimum_milestone(policy_in_force(), currency) == least


@given(
    price=st.integers(min_value=5_000, max_value=MAX_AMOUNT),
    share=st.integers(min_value=0, max_value=10_000),
    fees=st.tuples(st.integers(0, 2_000), st.integers(0, 2_000)),
    currency=st.sampled_from(["JPY", "USD", "KWD"]),
)
def test_what_is_agreed_to_is_payable_to_both_and_what_is_not_names_what_would_be(
    price, share, fees, currency
):
    policy = Policy(client_fee_basis_points=fees[0], freelancer_fee_basis_points=fees[1])

    def refusal_of(price: int) -> str:
        try:
            check_payable(price, currency=currency, policy=policy, param="amount")
        except InvalidInput as refusal:
            return refusal.message
        return ""

    refusal = refusal_of(price)
    assert refusal == "" or currency == "KWD" or "larger" in refusal
    if "would do" in refusal:
        amount = re.search(r"KWD\s?([\d,.]+\d) would do", refusal)[1]
        price = to_minor(amount, "KWD")
        assert refusal_of(price) == ""
    elif refusal:
        return
    part, total = price * share // 10_000, quote([price], policy)
    escrow = Escrow(amount=price, currency=currency, policy=policy)
    try:
        checked_division(part, escrow, held=total.client_pays, param="amount")
    except InvalidInput:
        return
    given_ = quote([part], policy)
    for amount in (
        total.client_pays,
        given_.freelancer_gets,
        total.client_pays - given_.client_pays,
    ):
        assert amount % step(currency) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
@pytest.mark.parametrize("amount", [5, 17, 50, 333, 100_001, 99_999_999])
def test_the_ledger_books_what_was_quoted(ada, ben, currency, amount):
    said = quote([amount], policy_in_force())
    escrow = held(ada, ben, amount=amount, currency=currency)
    assert balance_of(chart.escrow(escrow.public_id)) == said.client_pays

    escrows.release(escrow_id=escrow.pk)

    assert balance_of(chart.available(escrow.payee, currency)) == said.freelancer_gets
    assert balance_of(chart.platform_fees(currency)) == said.client_fee + said.freelancer_fee
    assert balance_of(chart.escrow(escrow.public_id)) == 0


@pytest.mark.django_db
@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    amount=st.integers(min_value=5, max_value=10_000_000),
    share=st.integers(min_value=0, max_value=10_000),
)
def test_a_split_gives_every_unit_to_somebody(ada, ben, amount, share):
    escrow = held(ada, ben, amount=amount)
    to_payee = amount * share // 10_000
    expected = shares_of(escrow, held=held_in(escrow), to_payee=to_payee)
    total = expected.payee + expected.payee_fee + expected.payer_fee + expected.payer
    assert total == quote([amount], policy_in_force()).client_pays

    escrows.split(escrow_id=escrow.pk, to_payee=to_payee, reason="ruling")

    assert balance_of(chart.escrow(escrow.public_id)) == 0
    escrow = Escrow.objects.get(pk=escrow.pk)
    assert escrow.released == to_payee
    earned = Earning.objects.filter(earned_by=escrow.public_id).first()
    assert (earned.amount if earned else 0) == expected.payee


@pytest.mark.django_db
@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    amount=st.integers(min_value=50, max_value=10_000_000),
    cuts=st.lists(st.integers(min_value=1, max_value=9_999), max_size=4),
    currency=st.sampled_from(["JPY", "USD", "KWD"]),
    fees=st.tuples(st.integers(0, 2_000), st.integers(0, 2_000)),
)
def test_in_the_ledger_the_parts_of_a_milestone_sum_to_what_was_quoted(
    ada, ben, amount, cuts, currency, fees
):
    Policy.objects.create(
        version=Policy.objects.count() + 1,
        client_fee_basis_points=fees[0],
        freelancer_fee_basis_points=fees[1],
    )
    said = quote([amount], policy_in_force())
    got, ours = chart.available(own_party_of(ben), currency), chart.platform_fees(currency)
    before = balance_of(got), balance_of(ours)
    escrow = held(ada, ben, amount=amount, currency=currency)

    for cut in cuts:
        # Too small a part, or one that no card carries, is refused and changes nothing.
        with suppress(InvalidInput):
            escrows.release_part(escrow_id=escrow.pk, amount=amount * cut // 10_000)
        released = quote([Escrow.objects.get(pk=escrow.pk).released], policy_in_force())
        assert balance_of(got) - before[0] == released.freelancer_gets
        assert balance_of(ours) - before[1] == released.client_fee + released.freelancer_fee
        assert held_in(escrow) == said.client_pays - released.client_pays
    escrows.release(escrow_id=escrow.pk)

    assert balance_of(got) - before[0] == said.freelancer_gets
    assert balance_of(ours) - before[1] == said.client_fee + said.freelancer_fee
    assert held_in(escrow) == 0


@given(
    amount=st.integers(min_value=1, max_value=10**9),
    cuts=st.lists(st.integers(min_value=0, max_value=10_000), min_size=2, max_size=2).map(sorted),
    points=basis_points,
)
def test_the_shares_are_of_what_is_still_held(amount, cuts, points):
    released, to_payee = amount * cuts[0] // 10_000, amount * (cuts[1] - cuts[0]) // 10_000
    policy = Policy(client_fee_basis_points=points, freelancer_fee_basis_points=points)
    escrow = Escrow(amount=amount, released=released, policy=policy)

    spent = released + fee_on(released, points)
    held_now = quote([amount], policy).client_pays - spent

    shares = shares_of(escrow, held=held_now, to_payee=to_payee)

    assert shares.payee + shares.payee_fee + shares.payer_fee + shares.payer == held_now
    assert min(shares.payee, shares.payee_fee, shares.payer_fee, shares.payer) >= 0
