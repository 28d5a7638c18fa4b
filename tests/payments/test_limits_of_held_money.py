"""How long the provider holds money is counted from the payment that the money is of."""

import threading
import time
from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.db import connection, transaction

from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from payments.chargebacks.limits.services import note_country
from payments.escrow import services as escrows
from payments.escrow.limits.checks import held_money_is_held_no_longer_than_it_may
from payments.escrow.models import Escrow
from payments.escrow.outside.services import note_refunded
from payments.escrow.rolling.services import roll
from payments.escrow.selectors import limit_of
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.payees.models import ConnectedAccount
from tests.payments.chargeback_world import Bank, findings, payment_of, stands
from tests.payments.world import asked, came_in, days_pass, held, opened, part_of
from tests.races import somebody_waits
from tests.sandbox import AVAILABLE_AT_ONCE, sweep_all

earlier = import_module("payments.migrations.0036_limits_count_from_the_payment")

pytestmark = pytest.mark.django_db


def paid_days_ago(payment: Payment, days: int) -> Payment:
    Payment.objects.filter(pk=payment.pk).update(paid_at=now() - timedelta(days=days))
    payment.refresh_from_db()
    return payment


def counted_anew(escrow: Escrow) -> Escrow:
    """As it is when the payee's country becomes known, here one that changes nothing."""
    ConnectedAccount.objects.get_or_create(party=escrow.payee, defaults={"country": "IE"})
    note_country(party_id=escrow.payee_id)
    escrow.refresh_from_db()
    return escrow


def in_parts(ada, ben) -> tuple[Escrow, Payment, Payment]:
    """40 of 100 paid thirty days ago, the rest ten days ago."""
    escrow = opened(ada, ben, amount=100_000)
    first = paid_days_ago(came_in(part_of(escrow, 40_000)), 30)
    second = paid_days_ago(came_in(asked(escrow)), 10)
    return escrow, first, second


def test_while_any_of_the_first_payment_is_held_it_counts(ada, ben):
    escrow, first, _ = in_parts(ada, ben)
    escrows.release_part(escrow_id=escrow.pk, amount=39_000)
    escrow = counted_anew(escrow)
    assert escrow.limit_at == limit_of(escrow, paid_at=first.paid_at)
    assert findings() == []


def test_what_was_paid_first_was_released_first(ada, ben):
    escrow, _, second = in_parts(ada, ben)
    escrows.release_part(escrow_id=escrow.pk, amount=40_000)
    escrow = counted_anew(escrow)
    assert escrow.limit_at == limit_of(escrow, paid_at=second.paid_at)
    assert findings() == []


def test_a_payment_whose_rest_a_bank_took_does_not_count_for_what_is_paid_anew(ada, ben):
    """What is left of it is with the payee: nothing of it is held."""
    escrow = held(ada, ben)
    first = paid_days_ago(payment_of(escrow), 60)
    escrows.release_part(escrow_id=escrow.pk, amount=40_000)
    Bank(first, 61_800).takes()
    again = came_in(asked(escrow))

    escrow = counted_anew(escrow)

    assert stands(escrow) == 61_800
    assert escrow.limit_at == limit_of(escrow, paid_at=again.paid_at)
    assert findings() == []


def test_what_was_rolled_counts_from_where_it_was_paid(ada, ben):
    source, target = held(ada, ben), held(ada, ben, amount=50_000)
    first = paid_days_ago(payment_of(source), 30)
    Escrow.objects.filter(pk=source.pk).update(limit_at=limit_of(source, paid_at=first.paid_at))
    roll(escrow_id=source.pk, into_id=target.pk, part=40_000)
    target = counted_anew(target)
    assert target.limit_at == limit_of(target, paid_at=first.paid_at)
    assert findings() == []

    note_refunded(payment_id=first.pk, amount=61_800)  # all of it that had gone on

    target = counted_anew(target)
    assert target.limit_at == limit_of(target, paid_at=payment_of(target).paid_at)
    assert findings() == []


# --- The proof -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (timedelta(microseconds=1), "would be held until"),
        (-timedelta(days=20, seconds=2), "before any limit"),
    ],
)
def test_the_proof_finds_a_limit_that_is_too_late_or_too_early(ada, ben, by, words):
    escrow = counted_anew(in_parts(ada, ben)[0])
    assert held_money_is_held_no_longer_than_it_may() == []
    Escrow.objects.filter(pk=escrow.pk).update(limit_at=escrow.limit_at + by)
    (finding,) = held_money_is_held_no_longer_than_it_may()
    assert words in finding


def test_the_proof_finds_a_limit_that_is_missing(ada, ben):
    held(ada, ben)
    Escrow.objects.update(limit_at=None)
    assert len(held_money_is_held_no_longer_than_it_may()) == 1


@pytest.mark.parametrize("late", ["3 milliseconds", "59 seconds"])
def test_a_limit_of_before_is_counted_from_its_payment(ada, ben, late):
    """It was counted from when the payment was noted, a moment after it had succeeded."""
    escrow, exact = held(ada, ben), held(ada, ben).limit_at
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE payments_escrow SET limit_at = limit_at + interval '{late}'")
        assert len(held_money_is_held_no_longer_than_it_may()) == 2

        cursor.execute(earlier.COUNT_FROM_THE_PAYMENT)

    assert held_money_is_held_no_longer_than_it_may() == []
    assert Escrow.objects.latest("pk").limit_at == exact
    assert Escrow.objects.get(pk=escrow.pk).limit_at == escrow.limit_at


def test_the_proof_takes_as_many_queries_for_many(ada, ben, django_assert_num_queries):
    for count in (1, 4):
        while Escrow.objects.count() < count:
            held(ada, ben)
        with django_assert_num_queries(3):
            assert held_money_is_held_no_longer_than_it_may() == []


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_country_that_is_noted_while_money_arrives_counts_for_it(ada, ben, bells, monkeypatch):
    """The limit was counted by the old country, and the money was not yet there to be found."""
    escrow = opened(ada, ben)
    payment, real = asked(escrow), escrows.limit_of
    ConnectedAccount.objects.create(party=own_party_of(ben), country="US")

    def noted() -> None:
        ConnectedAccount.objects.update(country="TH", country_due_at=now())
        note_country(party_id=escrow.payee_id)
        connection.close()

    thread = threading.Thread(target=noted)

    def counted_and_overtaken(*args, **named):
        answer = real(*args, **named)
        thread.start()
        while thread.is_alive() and not somebody_waits():
            time.sleep(0.01)
        return answer

    monkeypatch.setattr(escrows, "limit_of", counted_and_overtaken)
    with transaction.atomic():
        payment = came_in(payment)
    thread.join()

    escrow.refresh_from_db()
    assert escrow.limit_at == payment.paid_at + timedelta(days=10)
    assert findings() == []


# --- When it was paid ----------------------------------------------------------------------------


def noted(payment: Payment, paid_at: datetime | None) -> Payment:
    """Heard of now, whenever it was paid."""
    charge = f"ch_{payment.public_id}"
    escrows.take_in(payment_id=payment.pk, intent_id="", charge_id=charge, paid_at=paid_at)
    payment.refresh_from_db()
    return payment


def test_it_counts_from_the_payment_and_not_from_when_it_is_heard_of(ada, ben):
    """Three days of an outage are not added to those of the provider."""
    escrow, paid_at = opened(ada, ben), now() - timedelta(days=3)
    ConnectedAccount.objects.create(party=escrow.payee, country="TH")

    payment = noted(asked(escrow), paid_at)

    escrow.refresh_from_db()
    assert escrow.limit_at == paid_at + timedelta(days=10)
    assert (payment.paid_at, payment.succeeded_at > paid_at) == (paid_at, True)
    assert findings() == []


@pytest.mark.parametrize("ahead", [timedelta(seconds=5), None])
def test_a_clock_that_is_ahead_or_silent_makes_nothing_later(ada, ben, ahead):
    payment = noted(asked(opened(ada, ben)), now() + ahead if ahead else None)
    assert payment.paid_at == payment.succeeded_at
    assert Escrow.objects.get().limit_at == payment.succeeded_at + timedelta(days=90)
    assert findings() == []


def test_the_first_payment_counts_whichever_is_heard_of_first(ada, ben):
    escrow, early = opened(ada, ben, amount=100_000), now() - timedelta(days=3)
    noted(part_of(escrow, 40_000), now() - timedelta(days=1))
    noted(asked(escrow), early)
    escrow.refresh_from_db()
    assert escrow.limit_at == limit_of(escrow, paid_at=early)
    assert findings() == []


def test_the_provider_says_when_it_was_charged(ada, ben, sandbox):
    """The letters were lost, and nobody asked for three days."""
    escrow = opened(ada, ben)
    payment = fundings.open_pay_page(payment_id=asked(escrow).pk)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    charged_at = now()
    sandbox.collect()
    sandbox.letters.clear()
    days_pass(3)

    sweep_all()

    payment.refresh_from_db()
    escrow.refresh_from_db()
    assert payment.status == "succeeded"
    assert abs(payment.paid_at - charged_at) < timedelta(seconds=10)
    assert payment.succeeded_at > charged_at + timedelta(days=2)
    assert escrow.limit_at == payment.paid_at + timedelta(days=90)
