"""Held money goes once, whole, to whom it should; eight at once included."""

import copy
import itertools

import pytest
from django.core.management import call_command
from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.errors import InsufficientFunds, InvalidInput, WrongState
from marketplace.common.lifecycle import Lifecycle
from payments.escrow import closing
from payments.escrow import services as escrows
from payments.escrow.checks import escrows_hold_what_they_say
from payments.escrow.models import Escrow
from payments.escrow.paying import services as paying
from payments.escrow.selectors import held_in
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.payouts.models import Earning
from payments.refunds.models import Refund
from tests.payments.racing import at_once
from tests.payments.world import asked, held, opened
from tests.races import meet_after

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def fresh(escrow: Escrow) -> Escrow:
    return Escrow.objects.select_related("payee", "policy").get(pk=escrow.pk)


def without_lock(escrow: Escrow, monkeypatch) -> None:
    """Everybody sees the escrow as it stood before anybody acted."""
    before = fresh(escrow)
    monkeypatch.setattr(escrows, "_lock", lambda escrow_id: copy.copy(before))


@transaction.atomic
def release_unjudged(escrow: Escrow) -> None:
    """The release as its books see it: with no lock, no law, and nothing that closes it once."""
    held = held_in(escrow)
    paying.pay_out_of(copy.copy(escrow), held=held, to_payee=escrow.amount, deed="release")


def yours(escrow: Escrow) -> int:
    return balance_of(chart.available(escrow.payee, escrow.currency))


def take_in(payment: Payment) -> Escrow:
    return escrows.take_in(
        payment_id=payment.pk,
        intent_id=f"pi_{payment.public_id}",
        charge_id=f"ch_{payment.public_id}",
    )


# --- Coming in -----------------------------------------------------------------------------------


def test_price_and_fee_are_held(ada, ben):
    escrow = held(ada, ben, amount=100_000)

    assert escrow.status == "held"
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000


def test_what_was_agreed_is_funded_in_a_currency_that_is_traded_in_no_more(ada, ben, settings):
    escrow = opened(ada, ben)
    settings.CURRENCIES = ["EUR"]

    assert asked(escrow).currency == "USD"


def test_two_clicks_find_the_same_payment(ada, ben):
    escrow = opened(ada, ben)

    assert asked(escrow) == asked(escrow)
    assert Payment.objects.count() == 1


def test_what_is_held_cannot_be_paid_again(ada, ben):
    escrow = held(ada, ben)

    with pytest.raises(WrongState, match="already funds held"):
        asked(escrow)


def test_a_payment_is_taken_in_once(ada, ben):
    escrow = opened(ada, ben)
    payment = asked(escrow)

    take_in(payment)
    take_in(payment)

    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    assert Refund.objects.count() == 0


def test_a_second_payment_for_the_same_is_given_back_and_the_first_stays(ada, ben):
    escrow = opened(ada, ben)
    first = asked(escrow)
    fundings.cancel_open_payments(paid_for=[escrow.public_id])
    second = asked(escrow)
    assert first != second

    take_in(second)
    take_in(first)

    refund = Refund.objects.get()
    assert (refund.payment, refund.amount, refund.reason) == (first, 103_000, "not_wanted")
    assert balance_of(chart.leaving(refund.public_id)) == 103_000
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    assert fresh(escrow).status == "held"


def test_money_for_what_was_dropped_is_given_back(ada, ben):
    escrow = opened(ada, ben)
    payment = asked(escrow)
    escrows.drop(escrow_id=escrow.pk)

    take_in(payment)

    payment.refresh_from_db()
    assert (payment.status, payment.refunded) == ("refunded", 103_000)
    assert fresh(escrow).status == "dropped"


# --- Going out -----------------------------------------------------------------------------------


def test_a_release_pays_the_payee_less_their_fee(ada, ben):
    escrow = held(ada, ben, amount=100_000)

    escrows.release(escrow_id=escrow.pk)

    assert yours(escrow) == 97_000
    assert balance_of(chart.platform_fees("USD")) == 6_000
    earning = Earning.objects.get()
    assert (earning.gross, earning.fee, earning.amount) == (100_000, 3_000, 97_000)
    assert (earning.clears_at - earning.earned_at).days == 7


def test_a_refund_gives_the_fee_back_too(ada, ben):
    escrow = held(ada, ben, amount=100_000)

    escrows.refund(escrow_id=escrow.pk, reason="cancelled")

    refund = Refund.objects.get()
    assert refund.amount == 103_000
    assert balance_of(chart.leaving(refund.public_id)) == 103_000
    assert balance_of(chart.platform_fees("USD")) == 0


def test_a_split_charges_fees_on_the_released_part_only(ada, ben):
    escrow = held(ada, ben, amount=100_000)

    escrows.split(escrow_id=escrow.pk, to_payee=40_000, reason="ruling")

    assert yours(escrow) == 38_800
    assert balance_of(chart.platform_fees("USD")) == 2_400
    assert Refund.objects.get().amount == 103_000 - 40_000 - 1_200
    assert fresh(escrow).status == "split"


@pytest.mark.parametrize(("part", "status"), [(0, "refunded"), (100_000, "released")])
def test_a_split_of_all_or_nothing_is_a_release_or_a_refund(ada, ben, part, status):
    escrow = held(ada, ben, amount=100_000)

    escrows.split(escrow_id=escrow.pk, to_payee=part, reason="ruling")

    assert fresh(escrow).status == status


@pytest.mark.parametrize("part", [-1, 100_001, 1.5, "1", None, True])
def test_a_split_of_what_is_not_there_is_refused(ada, ben, part):
    escrow = held(ada, ben, amount=100_000)

    with pytest.raises(InvalidInput):
        escrows.split(escrow_id=escrow.pk, to_payee=part, reason="ruling")

    assert fresh(escrow).status == "held"


DEEDS = {
    "release": lambda pk: escrows.release(escrow_id=pk),
    "refund": lambda pk: escrows.refund(escrow_id=pk, reason="cancelled"),
    "split": lambda pk: escrows.split(escrow_id=pk, to_payee=1_000, reason="ruling"),
    "drop": lambda pk: escrows.drop(escrow_id=pk),
}


@pytest.mark.parametrize("second", DEEDS)
@pytest.mark.parametrize("first", ["release", "refund", "split"])
def test_after_one_deed_there_is_no_other(ada, ben, first, second):
    escrow = held(ada, ben)
    DEEDS[first](escrow.pk)
    before = Transfer.objects.count()

    with pytest.raises(WrongState):
        DEEDS[second](escrow.pk)

    assert Transfer.objects.count() == before


@pytest.mark.parametrize("deed", ["release", "refund", "split"])
def test_nothing_goes_out_that_never_came_in(ada, ben, deed):
    escrow = opened(ada, ben)

    with pytest.raises(WrongState):
        DEEDS[deed](escrow.pk)

    assert Transfer.objects.count() == 0


# --- Eight at once, and what holds when a guard is taken away ------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_releases_at_once_pay_once(ada, ben):
    escrow = held(ada, ben)

    outcomes = at_once(lambda _: escrows.release(escrow_id=escrow.pk))

    assert outcomes == {"done": 1, "WrongState": 7}
    assert yours(escrow) == 97_000


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_all_are_let_through_and_the_write_closes_it_once(ada, ben, monkeypatch):
    escrow = held(ada, ben)
    without_lock(escrow, monkeypatch)
    meet_after(monkeypatch, escrows, "_held_or_refused")

    outcomes = at_once(lambda _: escrows.release(escrow_id=escrow.pk))

    assert outcomes == {"done": 1, WrongState.__name__: 7}
    assert yours(escrow) == 97_000


@pytest.mark.django_db(transaction=True)
def test_without_lock_and_law_the_ledgers_key_pays_once_but_the_answers_lie(ada, ben, monkeypatch):
    escrow = held(ada, ben)
    meet_after(monkeypatch, paying, "shares_of")

    outcomes = at_once(lambda _: release_unjudged(escrow))

    assert outcomes == {"done": 8}  # so it is the lock that makes the answers right …
    assert yours(escrow) == 97_000  # … and the key that keeps the money
    Escrow.objects.update(status="released", closed_at=now())


@pytest.mark.django_db(transaction=True)
def test_without_the_key_as_well_the_balance_refuses(ada, ben, monkeypatch):
    escrow = held(ada, ben)
    meet_after(monkeypatch, paying, "shares_of")
    real, number = paying.move_money, itertools.count()
    monkeypatch.setattr(
        paying,
        "move_money",
        lambda *moves, key, book: real(*moves, key=f"{key}:{next(number)}", book=book),
    )

    outcomes = at_once(lambda _: release_unjudged(escrow))

    assert outcomes == {"done": 1, InsufficientFunds.__name__: 7}
    assert yours(escrow) == 97_000
    Escrow.objects.update(status="released", closed_at=now())


@pytest.mark.django_db(transaction=True)
def test_eight_letters_at_once_take_the_money_in_once(ada, ben):
    escrow = opened(ada, ben)
    payment = asked(escrow)

    outcomes = at_once(lambda _: take_in(payment))

    assert outcomes == {"done": 8}
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    assert Refund.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_forgets_its_success_is_caught_by_the_books(ada, ben, monkeypatch):
    """Without the once of ``record_success`` a letter's copy looks like a second payment: it is
    refused when its refund has no cover under the key of the first, and nothing moves.
    """
    escrow = opened(ada, ben)
    payment = asked(escrow)
    take_in(payment)
    real = fundings.record_success
    monkeypatch.setattr(fundings, "record_success", lambda **kwargs: (real(**kwargs)[0], True))

    outcomes = at_once(lambda _: take_in(payment))

    assert outcomes == {"KeyReused": 8}
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    assert Refund.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_release_and_refund_at_once_are_one_of_the_two(ada, ben):
    escrow = held(ada, ben)

    outcomes = at_once(lambda n: DEEDS["release" if n % 2 else "refund"](escrow.pk))

    assert outcomes == {"done": 1, "WrongState": 7}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["refund", "split", "release"])
def test_without_the_lock_the_row_is_closed_by_one_deed_of_two_kinds(ada, ben, monkeypatch, other):
    escrow = held(ada, ben)
    without_lock(escrow, monkeypatch)
    meet_after(monkeypatch, Lifecycle, "judge")

    outcomes = at_once(lambda n: DEEDS["refund" if n % 2 else other](escrow.pk))

    assert outcomes == {"done": 1, "WrongState": 7}
    assert Refund.objects.count() == (0 if fresh(escrow).status == "released" else 1)


@pytest.mark.django_db(transaction=True)
def test_without_lock_and_row_all_are_told_that_it_went_and_the_books_find_the_lie(
    ada, ben, monkeypatch
):
    escrow = held(ada, ben)
    without_lock(escrow, monkeypatch)
    meet_after(monkeypatch, Lifecycle, "judge")
    monkeypatch.setattr(
        closing,
        "write_closed",
        lambda escrow, *, judged: escrow.save(update_fields=["status", "closed_at"]),
    )

    outcomes = at_once(lambda _: DEEDS["refund"](escrow.pk))

    assert outcomes == {"done": 8}  # so it is the lock, and below it the row, that refuse seven …
    assert balance_of(chart.leaving(Refund.objects.get().public_id)) == 103_000
    assert fresh(escrow).refunded == 0  # … and what the last of them wrote is not what went.
    assert any("out refund is 103000, not 0 USD" in one for one in escrows_hold_what_they_say())
    Escrow.objects.update(refunded=103_000)


@pytest.mark.django_db(transaction=True)
def test_eight_askers_at_once_get_one_payment(ada, ben):
    escrow = opened(ada, ben)

    outcomes = at_once(lambda _: asked(escrow))

    assert outcomes == {"done": 8}
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_escrows_lock_the_constraint_keeps_one_payment(ada, ben, monkeypatch):
    escrow = opened(ada, ben)
    monkeypatch.setattr(escrows, "_lock", lambda escrow_id: Escrow.objects.get(pk=escrow_id))
    monkeypatch.setattr(fundings, "_lock_open", lambda paid_for: [])

    outcomes = at_once(lambda _: asked(escrow))

    assert outcomes == {"done": 1, "IntegrityError": 7}
    assert Payment.objects.count() == 1
