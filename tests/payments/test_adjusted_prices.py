"""Another price for the same work: what is held follows it to the unit, whoever asks at once."""

from dataclasses import dataclass

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from marketplace.common.errors import InsufficientFunds, InvalidInput, WrongState
from payments.escrow import services as escrows
from payments.escrow.adjusting import services as adjusting
from payments.escrow.adjusting.rules import _moved
from payments.escrow.adjusting.services import adjust
from payments.escrow.division import cost_of
from payments.escrow.models import Adjustment, Escrow
from payments.escrow.selectors import held_in
from payments.fundings.models import Payment
from payments.incoming.checks import CHECKS
from payments.policies.models import Policy
from payments.refunds.models import Refund
from tests.against_the_rules import force
from tests.payments.world import held, opened
from tests.races import at_once, meet_after, outcomes_at_once

pytestmark = pytest.mark.django_db


def the_books_agree() -> None:
    assert [finding for check in CHECKS for finding in check()] == []


def now_of(escrow: Escrow) -> Escrow:
    return Escrow.objects.select_related("policy").get(pk=escrow.pk)


def end_of(escrow: Escrow, end: str) -> Escrow:
    if end == "release":
        return escrows.release(escrow_id=escrow.pk)
    return escrows.refund(escrow_id=escrow.pk, reason="milestone_cancelled")


@dataclass
class Priced:
    """What the arithmetic asks of an escrow."""

    policy: Policy
    released: int


@given(
    points=st.integers(0, 5_000),
    released=st.integers(0, 10**9),
    more=st.integers(1, 10**9),
    held_now=st.integers(0, 10**10),
)
def test_what_is_held_is_kept_given_back_or_still_missing(points, released, more, held_now):
    escrow = Priced(Policy(client_fee_basis_points=points), released)
    returned, missing = _moved(released + more, escrow, held=held_now)
    wanted = cost_of(released + more, escrow) - cost_of(released, escrow)
    assert min(returned, missing) == 0 <= returned <= held_now
    assert held_now - returned + missing == wanted


@pytest.mark.parametrize(
    ("currency", "first", "then", "back"),
    [
        ("JPY", 100_000, 70_001, 30_899),
        ("USD", 100_001, 66_667, 34_334),
        ("EUR", 99_999, 33_333, 68_666),
        ("KWD", 100_000, 70_000, 30_900),
    ],
)
def test_a_lower_price_is_exact_in_every_currency(currency, first, then, back, ada, ben):
    escrow = held(ada, ben, amount=first, currency=currency)

    adjust(escrow_id=escrow.pk, price=then)

    escrow = now_of(escrow)
    assert (Refund.objects.get().amount, held_in(escrow)) == (back, cost_of(then, escrow))
    assert (escrow.amount, escrow.adjusted, escrow.refunded) == (then, then - first, back)
    the_books_agree()


def test_down_up_and_down_again(ada, ben):
    escrow = held(ada, ben, amount=100_000)
    for price in (60_000, 90_000, 50_000):
        adjust(escrow_id=escrow.pk, price=price)
        the_books_agree()
    assert list(Adjustment.objects.order_by("number").values_list("returned", flat=True)) == [
        41_200,
        0,
        10_300,
    ]
    assert (now_of(escrow).amount, held_in(escrow)) == (50_000, 51_500)
    with pytest.raises(InvalidInput, match="agreed already"):
        adjust(escrow_id=escrow.pk, price=50_000)


@pytest.mark.parametrize("price", [100_001, 100_050, 100_499])
def test_no_price_leaves_less_to_pay_than_a_card_can_be_charged(price, ada, ben):
    escrow = held(ada, ben, amount=100_000)
    with pytest.raises(InvalidInput, match="no card"):
        adjust(escrow_id=escrow.pk, price=price)
    adjust(escrow_id=escrow.pk, price=100_500)
    assert escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/").amount == 515


def test_nobody_pays_the_old_price_any_more(ada, ben):
    escrow = opened(ada, ben, amount=100_000)
    escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/")
    adjust(escrow_id=escrow.pk, price=70_000)

    assert Payment.objects.get().status == "cancelled"
    asked = escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/")
    assert asked.amount == 72_100
    the_books_agree()


@pytest.mark.parametrize("price", [0, -1, 499, 2**53, 2**63, 1.5, "100", True, None])
def test_no_price_is_refused_in_words(price, ada, ben):
    escrow = held(ada, ben)
    with pytest.raises(InvalidInput) as refusal:
        adjust(escrow_id=escrow.pk, price=price)
    assert refusal.value.param == "amount" and refusal.value.message
    assert not Adjustment.objects.exists()


def test_what_has_ended_stays_as_it_was(ada, ben):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    with pytest.raises(WrongState):
        adjust(escrow_id=escrow.pk, price=70_000)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_give_the_difference_back_once(ada, ben):
    escrow = held(ada, ben, amount=100_000)

    outcomes = at_once(*[lambda: adjust(escrow_id=escrow.pk, price=70_000)] * 8)

    assert sorted(outcomes) == ["done"] + ["invalid_input"] * 7
    assert held_in(escrow) == 72_100
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_collide(ada, ben, monkeypatch):
    escrow = held(ada, ben, amount=100_000)
    monkeypatch.setattr(adjusting, "lock_all", lambda ids: {pk: now_of(escrow) for pk in ids})
    meet_after(monkeypatch, adjusting, "held_in")

    with pytest.raises(IntegrityError, match="adjustments_are_numbered"):
        at_once(*[lambda: adjust(escrow_id=escrow.pk, price=70_000)] * 8)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["release", "refund"])
def test_beside_an_end_the_money_is_divided_once(end, ada, ben):
    escrow = held(ada, ben, amount=100_000)
    ends = [lambda: end_of(escrow, end)] * 4
    outcomes = at_once(*[lambda: adjust(escrow_id=escrow.pk, price=70_000)] * 4, *ends)
    assert outcomes[4:].count("done") == 1 and held_in(escrow) == 0
    the_books_agree()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["release", "refund"])
@pytest.mark.parametrize("price", [70_000, 130_000])
def test_without_the_lock_it_is_priced_anew_after_its_end(price, end, ada, ben, monkeypatch):
    """Where money goes back, only the balance says no; where it does not, nobody does."""
    escrow = held(ada, ben, amount=100_000)
    monkeypatch.setattr(adjusting, "lock_all", lambda ids: {pk: now_of(escrow) for pk in ids})
    meet_after(monkeypatch, adjusting, "held_in", then=lambda: end_of(escrow, end))

    outcomes = outcomes_at_once(*[lambda: adjust(escrow_id=escrow.pk, price=price)] * 8)

    assert now_of(escrow).closed_at is not None
    if price < 100_000:
        assert {type(one) for one in outcomes} == {InsufficientFunds}
        the_books_agree()
    else:
        assert Adjustment.objects.exists(), outcomes
        assert now_of(escrow).amount == price


def test_the_proofs_find_one_that_was_not_booked(ada, ben):
    escrow = held(ada, ben, amount=100_000)
    adjust(escrow_id=escrow.pk, price=70_000)
    force(Adjustment, returned=1)
    assert any("30900 were booked" in line for check in CHECKS for line in check())
    force(Adjustment, returned=30_900)
    force(Escrow, adjusted=5)
    assert any("is adjusted by 5" in line for check in CHECKS for line in check())
