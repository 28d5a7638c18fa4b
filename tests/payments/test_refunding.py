"""Money on its way back to the card: sent once, never lost, never silently held again."""

import pytest
from django.core.management import call_command

from marketplace.common.errors import InsufficientFunds, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.gateway.base import GatewayRefused, RemoteRefund, State
from payments.gateway.stripe import gateway
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.refunds.models import Refund
from payments.refunds.services import (
    _record_refusal,
    prepare_refunds,
    record_refund,
    retry_refund,
    send_refund,
)
from tests.payments.world import A_WHILE, asked, came_in, days_pass, opened, paid_at, part_of
from tests.sandbox import (
    AVAILABLE_AT_ONCE,
    GOOD_CARD,
    REFUND_FAILS_LATER,
    REFUND_TAKES_TIME,
    Sandbox,
    play_on,
    sweep_all,
)

pytestmark = pytest.mark.django_db

REFUNDS = "/v1/refunds"


def refunded(ada, ben, sandbox: Sandbox, *, card: str = AVAILABLE_AT_ONCE) -> Refund:
    """Paid, booked at the provider, and given back by us; not sent yet."""
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow, card=card)
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    return Refund.objects.get()


def leaving(refund: Refund) -> int:
    return balance_of(chart.leaving(refund.public_id))


def now_of(refund: Refund) -> Refund:
    refund.refresh_from_db()
    return refund


def at_the_provider(sandbox: Sandbox) -> list[dict]:
    return sandbox.api("GET", REFUNDS)["data"]


def the_books_agree(sandbox: Sandbox) -> None:
    play_on(sandbox)
    call_command("check_ledger")
    call_command("reconcile")


def test_it_goes_back_and_the_books_follow(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox)
    assert (refund.status, leaving(refund)) == ("requested", 103_000)

    the_books_agree(sandbox)

    assert (now_of(refund).status, leaving(refund)) == ("succeeded", 0)
    assert at_the_provider(sandbox)[0]["amount"] == 103_000


def test_sending_twice_sends_once(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox)

    send_refund(refund_id=refund.pk)
    send_refund(refund_id=refund.pk)

    assert len(at_the_provider(sandbox)) == 1
    assert Transfer.objects.filter(kind="refund_succeed").count() == 1


def test_one_that_takes_its_time_stays_under_way_until_it_is_there(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox, card=REFUND_TAKES_TIME)
    days_pass(3)

    send_refund(refund_id=refund.pk)
    assert (now_of(refund).status, leaving(refund)) == ("sending", 103_000)
    call_command("reconcile")  # both sides agree that it is under way

    days_pass(A_WHILE)
    the_books_agree(sandbox)
    assert (now_of(refund).status, leaving(refund)) == ("succeeded", 0)


def test_one_that_fails_after_it_succeeded_comes_back_to_leaving(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox, card=REFUND_FAILS_LATER)
    days_pass(3)
    send_refund(refund_id=refund.pk)
    assert now_of(refund).status == "succeeded"

    days_pass(A_WHILE)
    the_books_agree(sandbox)

    assert (now_of(refund).status, leaving(refund)) == ("failed", 103_000)
    assert refund.failure_code == "expired_or_canceled_card"


def test_a_failed_one_is_tried_twice_more_by_itself_and_then_left_to_a_person(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox, card=REFUND_FAILS_LATER)
    days_pass(3)

    for attempt in (1, 2, 3):
        play_on(sandbox)
        days_pass(A_WHILE)
        play_on(sandbox)
        assert (now_of(refund).status, refund.attempt) == ("failed", attempt)
        days_pass(1.1)

    play_on(sandbox)
    assert (now_of(refund).status, refund.attempt) == ("failed", 3)
    assert leaving(refund) == 103_000
    the_books_agree(sandbox)


def test_the_last_word_of_an_old_attempt_changes_nothing(ada, ben, sandbox, dora):
    refund = refunded(ada, ben, sandbox, card=REFUND_FAILS_LATER)
    days_pass(3)
    send_refund(refund_id=refund.pk)
    old = now_of(refund).remote_id
    days_pass(A_WHILE)
    play_on(sandbox)
    retry_refund(refund_id=refund.pk, by=dora)

    record_refund(remote=gateway().refund(old))  # a copy of its letter, read late

    assert (now_of(refund).status, refund.attempt, refund.remote_id) == ("requested", 2, "")
    send_refund(refund_id=refund.pk)
    assert (now_of(refund).status, leaving(refund)) == ("succeeded", 0)


def told(refund: Refund, state: State, *, remote_id: str = "re_1", attempt: int = 1):
    return RemoteRefund(remote_id, refund.public_id, attempt, "ch_1", state, refund.amount, "USD")


@pytest.mark.parametrize("first", [State.DONE, State.PENDING])
@pytest.mark.parametrize("is_tried_again", [True, False])
def test_one_that_we_gave_up_and_that_lives_is_booked(
    ada, ben, dora, sandbox, first, is_tried_again
):
    refund = refunded(ada, ben, sandbox)
    Refund.objects.update(status="sending")
    _record_refusal(refund.pk, 1, GatewayRefused("odd", "no"))
    if is_tried_again:
        retry_refund(refund_id=refund.pk, by=dora)

    record_refund(remote=told(refund, first))
    record_refund(remote=told(refund, State.DONE))

    assert (now_of(refund).status, refund.remote_id, leaving(refund)) == ("succeeded", "re_1", 0)
    record_refund(remote=told(refund, State.FAILED))
    record_refund(remote=told(refund, State.DONE))  # read before it failed
    assert (now_of(refund).status, leaving(refund)) == ("failed", 103_000)
    call_command("check_ledger")


def test_money_that_goes_back_twice_is_never_passed_over(ada, ben, dora, sandbox):
    refund = refunded(ada, ben, sandbox)
    Refund.objects.update(status="failed")
    retry_refund(refund_id=refund.pk, by=dora)
    send_refund(refund_id=refund.pk)

    with pytest.raises(WrongState, match="both give back"):
        record_refund(remote=told(refund, State.DONE))


def test_a_second_attempt_looks_first_whether_the_first_one_lives(ada, ben, sandbox, quick_gateway):
    refund = refunded(ada, ben, sandbox)
    sandbox.trouble({"fault": "timeout_after", "path": REFUNDS, "seconds": 0.05})
    send_refund(refund_id=refund.pk)
    _record_refusal(refund.pk, 1, GatewayRefused("odd", "no"))
    retry_refund(refund_id=refund.pk, by=SYSTEM)

    send_refund(refund_id=refund.pk)

    assert (now_of(refund).status, leaving(refund)) == ("succeeded", 0)
    assert len(at_the_provider(sandbox)) == 1
    the_books_agree(sandbox)


def test_waits_for_cover_are_no_failures(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox)
    for attempt in range(1, 6):
        Refund.objects.update(status="sending")
        no_cover = GatewayRefused("balance_insufficient", "no", retry_later=True)
        _record_refusal(refund.pk, attempt, no_cover)
    Refund.objects.update(status="sending")

    _record_refusal(refund.pk, 6, GatewayRefused("odd", "no"))

    assert now_of(refund).status == "failed"
    assert refund.next_check_at is not None


def test_only_finance_may_try_again(ada, ben, cleo, dora, sandbox):
    refund = refunded(ada, ben, sandbox)
    Refund.objects.update(status="failed")

    for person in (ada, ben, cleo):
        with pytest.raises(NotAllowed):
            retry_refund(refund_id=refund.pk, by=person)
    retry_refund(refund_id=refund.pk, by=dora)

    assert (now_of(refund).status, refund.attempt) == ("requested", 2)


def test_one_without_cover_waits_and_goes_when_there_is_some(ada, ben, sandbox):
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow, card=GOOD_CARD)
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    refund = Refund.objects.get()
    play_on(sandbox)
    assert (now_of(refund).status, leaving(refund)) == ("sending", 103_000)

    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    days_pass(3)
    the_books_agree(sandbox)

    assert (now_of(refund).status, leaving(refund)) == ("succeeded", 0)


# --- Answers that do not come --------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "reset", "rate_limit"])
def test_an_unknown_outcome_is_asked_again_under_the_same_key(
    ada, ben, sandbox, fault, quick_gateway
):
    refund = refunded(ada, ben, sandbox)
    sandbox.trouble({"fault": fault, "path": REFUNDS, "seconds": 0.05})

    send_refund(refund_id=refund.pk)
    assert (now_of(refund).status, leaving(refund)) == ("sending", 103_000)
    sandbox.letters.clear()
    days_pass(A_WHILE)
    sweep_all()

    assert (now_of(refund).status, refund.attempt, leaving(refund)) == ("succeeded", 1, 0)
    assert len(at_the_provider(sandbox)) == 1
    the_books_agree(sandbox)


def test_an_answer_lost_for_days_is_looked_up_since_the_key_is_forgotten(
    ada, ben, sandbox, quick_gateway
):
    refund = refunded(ada, ben, sandbox)
    sandbox.trouble({"fault": "timeout_after", "path": REFUNDS, "seconds": 0.05})
    send_refund(refund_id=refund.pk)
    sandbox.collect()
    sandbox.letters.clear()

    days_pass(3)
    send_refund(refund_id=refund.pk)

    assert now_of(refund).status == "succeeded"
    assert len(at_the_provider(sandbox)) == 1


def test_a_definite_no_keeps_the_money_in_leaving(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox)
    sandbox.api("POST", REFUNDS, charge=refund.payment.charge_id)  # somebody at the dashboard

    send_refund(refund_id=refund.pk)

    assert (now_of(refund).status, leaving(refund)) == ("failed", 103_000)
    assert refund.failure_code == "charge_already_refunded"
    call_command("check_ledger")


# --- From which payment --------------------------------------------------------------------------


def test_the_newest_payment_is_taken_from_first(ada, ben):
    escrow = opened(ada, ben, amount=30_000)
    older, newer = [came_in(part_of(escrow, part)) for part in (10_000, None)]

    escrows.split(escrow_id=escrow.pk, to_payee=5_000, reason="agreed")

    found = Refund.objects.order_by("-pk").values_list("payment", "amount")
    assert sorted(found) == [(older.pk, 5_150), (newer.pk, 20_600)]
    newer.refresh_from_db(), older.refresh_from_db()
    assert (newer.status, older.status) == ("refunded", "partly_refunded")


def test_parts_that_do_not_sum_to_it_are_refused(ada, ben):
    payment = came_in(asked(opened(ada, ben, amount=10_000)))

    with pytest.raises(InsufficientFunds):
        prepare_refunds(parts=[(payment, 10_000)], amount=10_001, book="", reason="x")
    with pytest.raises(InsufficientFunds):
        prepare_refunds(parts=[(payment, 10_301)], amount=10_301, book="", reason="x")


def test_a_refund_never_goes_back_to_held(ada, ben, sandbox):
    refund = refunded(ada, ben, sandbox, card=REFUND_FAILS_LATER)
    days_pass(3)
    play_on(sandbox)
    days_pass(A_WHILE)
    play_on(sandbox)

    escrow = Escrow.objects.get()
    assert (escrow.status, now_of(refund).status) == ("refunded", "failed")
    assert balance_of(chart.escrow(escrow.public_id)) == 0
