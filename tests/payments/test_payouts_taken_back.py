"""A payout is cancelled: at the provider first, then in the books."""

from functools import partial

import pytest

from marketplace.common.errors import NotAllowed, ProviderUnreachable, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.gateway.base import GatewayRefused
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.cancelling.services import (
    cancel_payout,
    finish_cancelling,
    wish_to_cancel,
)
from payments.payouts.models import Payout
from payments.payouts.sending.services import _record_refusal, send_payout
from tests.payments.payout_world import (
    PAYOUTS,
    TRANSFERS,
    arrive,
    available,
    leaving,
    now_of,
    scheduled,
    the_books_agree,
    transfers_at,
)
from tests.payments.world import days_pass, with_account
from tests.sandbox import (
    GOOD_BANK,
    NO_SUCH_ACCOUNT,
    play_on,
)

pytestmark = pytest.mark.django_db

# --- Taking it back ------------------------------------------------------------------------------


def test_a_scheduled_one_can_be_cancelled(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)

    cancel_payout(payout_id=payout.pk, by=ben)

    assert (now_of(payout).status, available(ben), leaving(payout)) == ("cancelled", 97_000, 0)
    play_on(sandbox)
    assert Payout.objects.count() == 1  # not at once again by itself
    days_pass(1.1)
    arrive(sandbox)
    assert Payout.objects.latest("pk").status == "paid"
    the_books_agree(sandbox)


def test_after_the_transfer_it_is_taken_back_first(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)

    cancel_payout(payout_id=payout.pk, by=ben)

    assert now_of(payout).status == "cancelled"
    assert payout.reversal_id.startswith("trr_")
    assert transfers_at(sandbox)[0]["amount_reversed"] == 97_000
    assert available(ben) == 97_000
    the_books_agree(sandbox)


def test_one_that_is_being_sent_cannot_be_cancelled(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)
    send_payout(payout_id=payout.pk)

    with pytest.raises(WrongState):
        cancel_payout(payout_id=payout.pk, by=ben)


def test_a_wish_to_cancel_survives_a_silent_provider(ada, ben, sandbox, quick_gateway):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    sandbox.trouble({"fault": "timeout_after", "path": f"{TRANSFERS}/.*", "seconds": 0.05})

    with pytest.raises(ProviderUnreachable):
        cancel_payout(payout_id=payout.pk, by=ben)
    with pytest.raises(WrongState, match="being cancelled"):
        payouts.retry_payout(payout_id=payout.pk, by=ben)

    days_pass(3)  # by now the key is forgotten, too
    play_on(sandbox)
    assert now_of(payout).status == "cancelled"
    assert transfers_at(sandbox)[0]["amount_reversed"] == 97_000
    finish_cancelling(payout_id=payout.pk)
    the_books_agree(sandbox)


def test_what_the_provider_cannot_take_back_stands(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    account = ConnectedAccount.objects.get().remote_id
    sandbox.onboard(account, bank=GOOD_BANK)
    sandbox.api("POST", PAYOUTS, account=account, amount=97_000, currency="usd")

    with pytest.raises(WrongState, match="cannot take this money back"):
        cancel_payout(payout_id=payout.pk, by=ben)

    assert now_of(payout).status == "failed"
    assert payout.cancel_wished_at is None


def test_a_part_that_was_taken_back_by_hand_is_not_taken_for_the_whole(ada, ben, sandbox):
    """A wish whose answer was lost is looked up after a day: what is found may be somebody's."""
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    sandbox.api("POST", f"{TRANSFERS}/{now_of(payout).transfer_id}/reversals", amount=30_000)
    wish_to_cancel(payout_id=payout.pk, by=ben)
    days_pass(1)

    with pytest.raises(WrongState, match="cannot take this money back"):
        finish_cancelling(payout_id=payout.pk)

    assert (now_of(payout).status, payout.reversal_id) == ("failed", "")
    assert (available(ben), transfers_at(sandbox)[0]["amount_reversed"]) == (97_000, 30_000)


def test_what_was_taken_back_whole_by_hand_is_not_taken_back_again(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    path = f"{TRANSFERS}/{now_of(payout).transfer_id}/reversals"
    (first, second) = (sandbox.api("POST", path, amount=part)["id"] for part in (30_000, 67_000))
    assert first != second

    cancel_payout(payout_id=payout.pk, by=ben)

    assert (now_of(payout).status, payout.reversal_id) == ("cancelled", second)
    assert transfers_at(sandbox)[0]["amount_reversed"] == 97_000
    the_books_agree(sandbox)


def test_a_transfer_whose_answer_was_lost_is_taken_back_as_well(ada, ben, sandbox, quick_gateway):
    payout = scheduled(ada, ben, sandbox)
    sandbox.trouble({"fault": "timeout_after", "path": TRANSFERS, "seconds": 0.05})
    send_payout(payout_id=payout.pk)
    assert (now_of(payout).status, payout.transfer_id) == ("sending", "")
    refusal = GatewayRefused("balance_insufficient", "no", retry_later=True)
    _record_refusal(payout.attempts.get(), refusal)  # of a later call under the same key

    cancel_payout(payout_id=payout.pk, by=ben)

    assert (now_of(payout).status, available(ben)) == ("cancelled", 97_000)
    assert payout.transfer_id == transfers_at(sandbox)[0]["id"]
    assert transfers_at(sandbox)[0]["amount_reversed"] == 97_000
    the_books_agree(sandbox)


def test_who_lost_their_role_meanwhile_had_it_when_they_wished(
    ada, ben, dora, sandbox, quick_gateway
):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    sandbox.trouble({"fault": "timeout_after", "path": f"{TRANSFERS}/.*", "seconds": 0.05})
    with pytest.raises(ProviderUnreachable):
        cancel_payout(payout_id=payout.pk, by=dora, reason="So.")
    dora.groups.clear()

    finish_cancelling(payout_id=payout.pk)

    assert (now_of(payout).status, available(ben)) == ("cancelled", 97_000)
    the_books_agree(sandbox)


def test_what_stands_at_a_closed_account_is_taken_back_before_it_goes_elsewhere(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    account = ConnectedAccount.objects.get()
    ConnectedAccount.objects.update(remote_id="", past_remote_ids=[account.remote_id], generation=2)
    with_account(sandbox, ben)
    with pytest.raises(WrongState, match="account that was closed"):
        payouts.retry_payout(payout_id=payout.pk, by=ben)
    Payout.objects.update(status="scheduled")
    send_payout(payout_id=payout.pk)
    assert (now_of(payout).status, payout.failure_code) == ("scheduled", "account_replaced")
    assert payout.attempts.count() == 1
    Payout.objects.update(status="failed")

    cancel_payout(payout_id=payout.pk, by=ben)
    days_pass(1.1)
    arrive(sandbox)

    assert Payout.objects.latest("pk").status == "paid"
    the_books_agree(sandbox)


@pytest.mark.parametrize("deed", [payouts.retry_payout, partial(cancel_payout, reason="So.")])
def test_only_its_payee_or_finance_may(ada, ben, cleo, dora, sandbox, deed):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)

    for person in (ada, cleo, SYSTEM):
        with pytest.raises(NotAllowed):
            deed(payout_id=payout.pk, by=person)
    deed(payout_id=payout.pk, by=dora)
