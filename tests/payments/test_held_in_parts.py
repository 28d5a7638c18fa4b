"""Money that comes in parts: never more than was agreed, and what is held goes out to the unit."""

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.common.errors import InvalidInput, WrongState
from payments.escrow import services as escrows
from payments.escrow.division import price_held, shares_of
from payments.escrow.facts import facts_now
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.policies.fees import fee_on, price_within, quote
from payments.policies.models import Policy
from payments.refunds.models import Refund
from tests.payments.racing import at_once
from tests.payments.world import asked, held, opened, part_of
from tests.races import meet_after

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def take_in(payment: Payment) -> Escrow:
    return escrows.take_in(
        payment_id=payment.pk,
        intent_id=f"pi_{payment.public_id}",
        charge_id=f"ch_{payment.public_id}",
    )


def fund(escrow: Escrow, amount: int | None = None) -> Escrow:
    return take_in(part_of(escrow, amount))


# --- Coming in -----------------------------------------------------------------------------------


def test_two_parts_cost_what_the_whole_costs(ada, ben):
    escrow = opened(ada, ben, amount=100_001)

    first = fund(escrow, 33_333)
    assert (first.status, first.held_at) == ("held", None)
    facts = facts_now(first)
    assert (facts.held, facts.price_held, facts.is_fully_held) == (34_333, 33_333, False)
    assert (facts.to_fund, facts.price_to_fund) == (68_668, 66_668)

    second = fund(escrow)
    assert second.held_at is not None
    assert facts_now(second).is_fully_held
    assert held_in(escrow) == 103_001


def test_without_an_amount_the_part_that_waits_is_found(ada, ben):
    escrow = opened(ada, ben)
    part = part_of(escrow, 40_000)

    assert asked(escrow) == part
    assert part_of(escrow, 50_000) != part
    part.refresh_from_db()
    assert part.status == "cancelled"


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        (100_001, "still to be funded, not more"),
        (499, "at least \\$5.00"),
        (99_501, "what it leaves"),
        (0, "at least"),
        (-5, "at least"),
        (2**53, "larger"),
        (1.5, "whole number"),
        ("1", "whole number"),
        (True, "whole number"),
    ],
)
def test_a_part_that_cannot_be_funded_is_refused_in_words(ada, ben, amount, why):
    escrow = opened(ada, ben)

    with pytest.raises(InvalidInput, match=why) as refusal:
        part_of(escrow, amount)

    assert refusal.value.param == "amount"
    assert Payment.objects.count() == 0


def test_a_part_that_no_card_carries_names_one_that_would_do(ada, ben):
    escrow = opened(ada, ben, amount=100_000, currency="KWD")

    with pytest.raises(InvalidInput, match="would do") as refusal:
        part_of(escrow, 33_333)

    assert refusal.value.code == "not_payable"


def test_what_is_fully_held_asks_for_nothing_more(ada, ben):
    escrow = opened(ada, ben)
    fund(escrow, 40_000)
    fund(escrow, 60_000)

    with pytest.raises(WrongState, match="already funds held"):
        asked(escrow)


def test_a_part_that_no_longer_fits_is_given_back_whole(ada, ben):
    escrow = opened(ada, ben)
    late = part_of(escrow, 60_000)
    fund(escrow, 50_000)

    take_in(late)

    assert held_in(escrow) == 51_500
    assert Refund.objects.get().amount == late.amount == 61_800


def test_a_page_that_asks_for_too_much_is_closed_when_another_is_paid(ada, ben):
    escrow = opened(ada, ben)
    first = part_of(escrow, 40_000)
    whole = part_of(escrow, 100_000)

    take_in(first)

    whole.refresh_from_db()
    assert whole.status == "cancelled"
    assert asked(escrow).amount == 61_800


def test_one_that_still_fits_stays_open(ada, ben):
    escrow = opened(ada, ben)
    first = part_of(escrow, 40_000)
    second = part_of(escrow, 50_000)

    take_in(first)

    second.refresh_from_db()
    assert second.status == "pending"
    take_in(second)
    assert held_in(escrow) == 92_700


# --- Going out -----------------------------------------------------------------------------------


def test_a_release_is_of_what_is_held(ada, ben):
    escrow = fund(opened(ada, ben), 33_333)

    released = escrows.release(escrow_id=escrow.pk)

    assert (released.status, released.released) == ("released", 33_333)
    assert balance_of(chart.available(escrow.payee, "USD")) == 33_333 - 1_000
    facts = facts_now(released)
    assert (facts.held, facts.to_fund, facts.dropped) == (0, 0, 103_000 - 34_333)


def test_a_refund_is_of_all_the_parts(ada, ben):
    escrow = opened(ada, ben)
    fund(escrow, 30_000)
    fund(escrow, 20_000)

    escrows.refund(escrow_id=escrow.pk, reason="cancelled")

    assert sorted(Refund.objects.values_list("amount", flat=True)) == [20_600, 30_900]
    assert Escrow.objects.get().refunded == 51_500


def test_a_split_is_judged_by_the_escrow_itself(ada, ben):
    escrow = fund(opened(ada, ben), 30_000)

    with pytest.raises(InvalidInput, match=r"is \$300.00, not more"):
        escrows.split(escrow_id=escrow.pk, to_payee=30_001, reason="ruling")
    split = escrows.split(escrow_id=escrow.pk, to_payee=10_000, reason="ruling")

    assert (split.released, split.refunded) == (10_000, 30_900 - 10_300)


def test_a_split_that_no_bank_carries_is_refused(ada, ben):
    escrow = held(ada, ben, amount=100_000, currency="KWD")

    with pytest.raises(InvalidInput, match="would do"):
        escrows.split(escrow_id=escrow.pk, to_payee=33_333, reason="ruling")

    assert Transfer.objects.filter(kind="release").count() == 0


def test_all_that_is_held_is_no_split(ada, ben):
    escrow = fund(opened(ada, ben), 30_000)
    assert escrows.split(escrow_id=escrow.pk, to_payee=30_000, reason="ruling").status == "released"


# --- The arithmetic ------------------------------------------------------------------------------


@given(
    money=st.integers(0, 10**11),
    released=st.integers(0, 10**11),
    points=st.integers(0, 10_000),
)
def test_the_price_within_some_money_is_the_most_that_it_pays(money, released, points):
    def cost(price: int) -> int:
        return price + fee_on(released + price, points) - fee_on(released, points)

    price = price_within(money, released=released, basis_points=points)

    assert cost(price) <= money < cost(price + 1)


@given(
    amount=st.integers(1, 10**9),
    held=st.integers(0, 2 * 10**9),
    points=st.integers(0, 10_000),
    currency=st.sampled_from(["JPY", "USD"]),
)
def test_whatever_is_held_can_be_released_all_but_a_crumb(amount, held, points, currency):
    policy = Policy(client_fee_basis_points=points, freelancer_fee_basis_points=points)
    escrow = Escrow(amount=amount, released=0, policy=policy, currency=currency)
    held = min(held, quote([amount], policy).client_pays)

    shares = shares_of(escrow, held=held, to_payee=price_held(escrow, held=held))

    assert 0 <= shares.payer <= 1
    assert shares.payee + shares.payee_fee + shares.payer_fee + shares.payer == held


@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    price=st.integers(1, 5_000),
    parts=st.lists(st.integers(1, 10_000), max_size=5),
    share=st.integers(0, 10_000),
)
def test_in_any_parts_it_is_never_more_than_agreed_and_goes_out_to_the_unit(
    ada, ben, currency, price, parts, share
):
    # Three in a hundred of a thousand fils are thirty: such prices a card can carry in KWD.
    amount = 5_000 + price * 1_000 if currency == "KWD" else 500 + price
    escrow = opened(ada, ben, amount=amount, currency=currency)
    agreed = quote([escrow.amount], escrow.policy).client_pays
    for part in parts:
        try:
            fund(escrow, escrow.amount * part // 10_000)
        except (InvalidInput, WrongState):
            continue
        assert 0 < held_in(escrow) <= agreed
    if facts_now(escrow).to_fund:
        fund(escrow)
    assert held_in(escrow) == agreed

    to_payee = escrow.amount * share // 10_000
    try:
        escrows.split(escrow_id=escrow.pk, to_payee=to_payee, reason="ruling")
    except InvalidInput:
        escrows.release(escrow_id=escrow.pk)
    escrow.refresh_from_db()
    spent = escrow.released + fee_on(escrow.released, escrow.policy.client_fee_basis_points)
    assert held_in(escrow) == 0
    assert spent + escrow.refunded == agreed


# --- Eight at once -------------------------------------------------------------------------------


def eight_late_payments(escrow: Escrow) -> list[Payment]:
    """Of 40,000 each, of which two fit: all but one were given up, and are paid all the same."""
    payments = [part_of(escrow, 40_000 + n) for n in range(8)]
    assert len({payment.pk for payment in payments}) == 8
    return payments


@pytest.mark.django_db(transaction=True)
def test_of_eight_parts_at_once_as_many_are_held_as_fit(ada, ben):
    escrow = opened(ada, ben)
    payments = eight_late_payments(escrow)

    outcomes = at_once(lambda n: take_in(payments[n]))

    assert outcomes == {"done": 8}
    assert Transfer.objects.filter(kind="fund").count() == 2
    assert Refund.objects.count() == 6
    assert held_in(escrow) <= 103_000


@pytest.mark.django_db(transaction=True)
def test_without_the_escrows_lock_too_much_would_be_held(ada, ben, monkeypatch):
    escrow = opened(ada, ben)
    payments = eight_late_payments(escrow)
    meet_after(monkeypatch, escrows, "held_in")
    monkeypatch.setattr(
        escrows, "_lock_paid_for", lambda paid_for: Escrow.objects.get(public_id=paid_for)
    )

    at_once(lambda n: take_in(payments[n]))

    assert held_in(escrow) > 103_000, "so it is the lock that keeps it to what was agreed"
    with pytest.raises(CommandError):
        call_command("check_ledger")
    monkeypatch.undo()
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")


@pytest.mark.django_db(transaction=True)
def test_a_release_and_a_top_up_at_once_lose_nothing(ada, ben):
    escrow = fund(opened(ada, ben), 40_000)
    top_up = asked(escrow)

    outcomes = at_once(lambda n: take_in(top_up) if n % 2 else escrows.release(escrow_id=escrow.pk))

    assert outcomes["done"] == 5
    escrow.refresh_from_db()
    came_back = sum(Refund.objects.values_list("amount", flat=True))
    spent = escrow.released + fee_on(escrow.released, 300)
    assert held_in(escrow) == 0
    assert spent + came_back == 103_000
