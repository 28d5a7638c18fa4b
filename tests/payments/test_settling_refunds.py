"""Refunds that somebody made at the provider's own desk: finance says whose money it was."""

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.gateway import stripe as our_gateway
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.reconciliation.deeds.services import offered_deeds
from payments.reconciliation.models import Difference
from payments.refunds.models import Refund
from payments.refunds.services import record_refund
from tests.payments.reconciling import (
    all_agrees,
    paid_out,
    read_by,
    reconciled,
    refunded_by_others,
    settled,
    the_difference,
    topped_up,
)
from tests.payments.world import A_WHILE, days_pass, opened, paid_at
from tests.sandbox import play_on

pytestmark = pytest.mark.django_db


def test_a_refund_after_the_release_is_borne_by_the_platform(ada, ben, dora, sandbox):
    paid_out(ada, ben, sandbox)
    topped_up(sandbox)
    payment = Payment.objects.get()
    found = refunded_by_others(sandbox, payment.charge_id, 1_234)
    assert offered_deeds(found, dora) == ["bear_refund"]

    settled(found, "bear_refund", dora)

    assert read_by(found) == {"Ada"}
    refund = Refund.objects.get()
    assert (refund.status, refund.amount, refund.remote_id) == ("succeeded", 1_234, found.object_id)
    payment.refresh_from_db()
    assert (payment.refunded, payment.status) == (1_234, "partly_refunded")
    assert balance_of(chart.own_funds("USD")) == 100_000 - 1_234
    play_on(sandbox)
    assert len(sandbox.api("GET", "/v1/refunds")["data"]) == 1  # nothing was sent
    all_agrees()
    call_command("check_ledger")


def test_a_refund_of_held_money_leaves_less_held_and_both_sides_are_told(ada, ben, dora, sandbox):
    topped_up(sandbox)
    escrow = opened(ada, ben)
    payment = paid_at(sandbox, escrow)
    found = refunded_by_others(sandbox, payment.charge_id, 1_000)
    assert offered_deeds(found, dora) == ["take_from_held"]

    settled(found, "take_from_held", dora)

    assert read_by(found) == {"Ada", "Ben"}
    escrow.refresh_from_db()
    assert (escrow.status, escrow.refunded) == ("held", 1_000)
    assert balance_of(chart.escrow(escrow.public_id)) == 102_000
    told = Notification.objects.filter(kind="held_funds_returned")
    assert {one.recipient for one in told} == {ada, ben}
    all_agrees()
    call_command("check_ledger")
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")  # the rest goes back, and no more
    play_on(sandbox)
    assert sum(one["amount"] for one in sandbox.api("GET", "/v1/refunds")["data"]) == 103_000
    all_agrees()
    call_command("check_ledger")


def test_what_is_held_is_not_the_platforms_to_bear(ada, ben, dora, sandbox):
    """It was released when the line was found, and the deed is judged anew when it is done."""
    topped_up(sandbox)
    payment = paid_at(sandbox, opened(ada, ben))
    found = refunded_by_others(sandbox, payment.charge_id, 1_000)
    Difference.objects.update(deed="bear_refund")

    with pytest.raises(InvalidInput):
        settled(found, "bear_refund", dora)

    found.refresh_from_db()
    assert (found.status, Refund.objects.count()) == ("open", 0)


def test_a_refund_that_is_ours_by_its_amount_becomes_ours(ada, ben, dora, sandbox):
    payment = paid_at(sandbox, opened(ada, ben))
    days_pass(A_WHILE)
    play_on(sandbox)
    topped_up(sandbox)
    remote = sandbox.api("POST", "/v1/refunds", charge=payment.charge_id, amount=payment.amount)
    escrows.refund(escrow_id=Escrow.objects.get().pk, reason="cancelled")
    play_on(sandbox)  # the provider refuses ours: there is nothing left to give back
    assert Refund.objects.get().status == "failed"
    found = the_difference()
    assert offered_deeds(found, dora) == ["match_refund"]

    settled(found, "match_refund", dora)

    assert read_by(found) == {"Ada"}
    refund = Refund.objects.get()
    assert (refund.status, refund.remote_id) == ("succeeded", remote["id"])
    assert balance_of(chart.leaving(refund.public_id)) == 0
    play_on(sandbox)
    all_agrees()
    call_command("check_ledger")


def test_letters_about_a_refund_that_became_ours_are_understood(ada, ben, dora, sandbox):
    paid_out(ada, ben, sandbox)
    topped_up(sandbox)
    charge = Payment.objects.get().charge_id
    found = refunded_by_others(sandbox, charge, 1_000)
    settled(found, "bear_refund", dora)

    again = record_refund(remote=our_gateway.gateway().refund(found.object_id))

    assert again == Refund.objects.get()


# --- Charges -------------------------------------------------------------------------------------


def test_more_than_is_held_takes_all_of_it_and_the_rest_is_borne(ada, ben, dora, sandbox):
    """Otherwise neither could be right: not all is held, and what is held could not go back."""
    topped_up(sandbox)
    escrow = opened(ada, ben)
    payment = paid_at(sandbox, escrow)
    escrows.release_part(escrow_id=escrow.pk, amount=50_000)
    found = refunded_by_others(sandbox, payment.charge_id, 60_000)
    assert offered_deeds(found, dora) == ["take_and_bear"]

    settled(found, "take_and_bear", dora)

    assert read_by(found) == {"Ada", "Ben"}
    escrow.refresh_from_db()
    assert (escrow.status, escrow.refunded) == ("held", 51_500)
    assert balance_of(chart.escrow(escrow.public_id)) == 0
    assert balance_of(chart.own_funds("USD")) == 100_000 - 8_500
    assert Notification.objects.filter(kind="held_funds_returned").count() == 2
    assert Refund.objects.get().amount == 60_000
    all_agrees()
    call_command("check_ledger")


def test_a_small_refund_beside_released_money_leaves_what_is_held(ada, ben, dora, sandbox):
    topped_up(sandbox)
    escrow = opened(ada, ben)
    payment = paid_at(sandbox, escrow)
    escrows.release_part(escrow_id=escrow.pk, amount=90_000)
    found = refunded_by_others(sandbox, payment.charge_id, 20_000)
    assert offered_deeds(found, dora) == ["bear_refund"]

    settled(found, "bear_refund", dora)

    assert balance_of(chart.escrow(escrow.public_id)) == 10_300
    all_agrees()
    call_command("check_ledger")


def test_what_is_held_changed_before_the_deed(ada, ben, dora, sandbox):
    """Judged anew when it is done: somebody released the rest a moment ago."""
    topped_up(sandbox)
    escrow = opened(ada, ben)
    payment = paid_at(sandbox, escrow)
    escrows.release_part(escrow_id=escrow.pk, amount=50_000)
    found = refunded_by_others(sandbox, payment.charge_id, 60_000)
    escrows.release(escrow_id=escrow.pk)

    with pytest.raises(InvalidInput):
        settled(found, "take_and_bear", dora)

    assert not Refund.objects.exists()
    reconciled()
    found.refresh_from_db()
    assert offered_deeds(found, dora) == ["bear_refund"]


def test_money_that_the_bank_had_already_taken_went_twice(ada, ben, dora, sandbox):
    """Refunded by hand, and the bank took all of it as well before anybody compared the books."""
    topped_up(sandbox, 500_000)
    escrow = opened(ada, ben)
    payment = paid_at(sandbox, escrow)
    days_pass(A_WHILE)
    play_on(sandbox)
    sandbox.api("POST", "/v1/refunds", charge=payment.charge_id, amount=60_000)
    sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    play_on(sandbox)
    own = balance_of(chart.own_funds("USD"))
    found = the_difference()
    assert offered_deeds(found, dora) == ["own_funds"]

    settled(found, "own_funds", dora)

    assert balance_of(chart.own_funds("USD")) == own - 60_000
    all_agrees()
    call_command("check_ledger")
