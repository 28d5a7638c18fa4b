"""A payout is to be cancelled and the provider does not take it back: who hears of it, and how
often.
"""

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import ProviderUnreachable, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.gateway.base import GatewayRefused
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.cancelling import services as cancelling
from payments.payouts.cancelling.services import cancel_payout, finish_cancelling, wish_to_cancel
from payments.payouts.models import Payout
from payments.tasks import cancel_due_payouts
from tests.against_the_rules import force
from tests.payments.payout_world import (
    PAYOUTS,
    TRANSFERS,
    arrive,
    available,
    failed_payout,
    leaving,
    now_of,
    ready_without_provider,
    scheduled,
)
from tests.payments.world import days_pass
from tests.races import at_once
from tests.sandbox import GOOD_BANK, NO_SUCH_ACCOUNT, play_on
from tests.world import api_of, browser

pytestmark = pytest.mark.django_db

WHY = "The bank of <Ben> asks us to wait."
GONE = "The money has left your account at the payment provider already."


class Refusing:
    """A provider that takes nothing back."""

    def reverse_transfer(self, **_: object) -> str:
        raise GatewayRefused("balance_insufficient", "no")

    def find_reversal(self, *, transfer_id: str) -> str:
        return ""

    def find_transfer(self, *, payout: str) -> None:
        return None


@pytest.fixture
def payout(ada, ben, monkeypatch) -> Payout:
    """It failed at the bank, and its transfer is not taken back from the payee's account."""
    monkeypatch.setattr(cancelling, "gateway", Refusing)
    payout = failed_payout(ada, ben)
    force(Payout, transfer_id="tr_1")
    return now_of(payout)


def told(person) -> list[str]:
    notices = Notification.objects.filter(kind="payout_not_cancelled", recipient=person)
    return [str(notice.text) for notice in notices.order_by("pk")]


def wished_and_swept(payout: Payout, by, reason: str = "") -> None:
    wish_to_cancel(payout_id=payout.pk, by=by, reason=reason)
    swept()


def swept() -> None:
    Payout.objects.update(next_check_at=now())
    cancel_due_payouts()


# --- Told ----------------------------------------------------------------------------------------


def test_long_after_they_asked_its_payee_hears_why_it_stands(ada, ben, sandbox, quick_gateway):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    account = ConnectedAccount.objects.get().remote_id
    sandbox.onboard(account, bank=GOOD_BANK)
    sandbox.api("POST", PAYOUTS, account=account, amount=97_000, currency="usd")
    sandbox.trouble({"fault": "timeout_before", "path": f"{TRANSFERS}/.*", "seconds": 0.05})
    with pytest.raises(ProviderUnreachable):
        cancel_payout(payout_id=payout.pk, by=ben)
    assert told(ben) == []

    sandbox.trouble()
    days_pass(0.01)
    play_on(sandbox)

    assert (now_of(payout).status, payout.cancel_wished_at) == ("failed", None)
    assert told(ben) == [f"Your payout of $970.00 could not be cancelled. {GONE}"]
    assert (available(ben), leaving(payout)) == (97_000, 0)


def test_what_finance_wished_both_hear_of_with_its_reason(payout, ben, dora):
    wished_and_swept(payout, dora, WHY)

    assert told(ben) == [
        f"Your payout of $970.00 could not be cancelled. {GONE} We wished to cancel it for this: "
        f"{WHY}"
    ]
    assert told(dora) == [f"The payout of $970.00 to Ben that you wished to cancel stands. {GONE}"]
    notice = Notification.objects.get(recipient=dora, kind="payout_not_cancelled")
    shown = browser(dora).get(notice.path).text
    assert payout.public_id in shown and "Could not be taken back: Balance insufficient" in shown
    assert "Could not be taken back: Balance insufficient" in browser(dora).get("/desk/").text
    page = browser(dora).get(f"/desk/payouts/{payout.public_id}/cancel/").text
    assert "Could not be taken back" in page
    (row,) = api_of(dora).get("/api/v1/desk/payouts/").json()["results"]
    assert row["reversal_refusal"] == "balance_insufficient" and row["cancel_refused_at"]


def test_nobody_of_finance_cancels_their_own_at_the_desk(payout, ben, dora):
    """It is theirs to cancel on their own page, and no deed of the house's."""
    grant_staff_roles(user_id=ben.pk, roles={"finance"}, by=SYSTEM)
    door = f"desk/payouts/{payout.public_id}/cancel/"

    assert browser(ben).get(f"/{door}").status_code == 404
    assert browser(ben).post(f"/{door}", {"reason": WHY}).status_code == 404
    assert api_of(ben).post(f"/api/v1/{door}", {"reason": WHY}).status_code == 404
    assert now_of(payout).cancel_wished_at is None
    assert browser(dora).get(f"/{door}").status_code == 200


def test_who_is_of_finance_no_more_hears_nothing_of_somebody_elses_money(payout, ben, dora):
    wish_to_cancel(payout_id=payout.pk, by=dora, reason=WHY)
    dora.groups.clear()

    swept()

    assert (len(told(ben)), told(dora)) == (1, [])


def test_its_payee_finds_it_on_its_page_and_a_program_in_the_answer(payout, ben):
    api, page = f"/api/v1/payouts/{payout.public_id}/", f"/payouts/{payout.public_id}/"
    before = api_of(ben).get(api).json()
    assert (before["cancel_refused_at"], before["cancel_problem"]) == (None, "")
    assert "could not be cancelled" not in browser(ben).get(page).text

    wished_and_swept(payout, ben)

    after = api_of(ben).get(api).json()
    assert after["cancel_problem"] == GONE and after["cancel_refused_at"]
    assert after["failure_code"] == "account_closed"  # why it failed is another matter
    shown = browser(ben).get(page).text
    assert "It could not be cancelled" in shown and f"Could not be cancelled. {GONE}" in shown

    payouts.retry_payout(payout_id=payout.pk, by=ben)
    assert api_of(ben).get(api).json()["cancel_problem"] == ""


def test_one_that_waits_goes_on_and_does_not_say_it_waits_for_that(ada, ben, monkeypatch):
    monkeypatch.setattr(cancelling, "gateway", Refusing)
    party_id = ready_without_provider(ada, ben)
    payout = payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)
    force(Payout, transfer_id="tr_1")

    wished_and_swept(payout, ben)

    assert told(ben) == [f"Your payout of $970.00 could not be cancelled, and goes on. {GONE}"]
    assert (now_of(payout).status, payout.failure_code) == ("scheduled", "")
    assert payout.next_check_at is not None
    call_command("check_ledger")


# --- Once ----------------------------------------------------------------------------------------


def test_each_wish_is_told_of_once(payout, ben, dora):
    wished_and_swept(payout, dora, WHY)
    swept()
    finish_cancelling(payout_id=payout.pk)
    assert (len(told(ben)), len(told(dora))) == (1, 1)

    wished_and_swept(payout, ben)

    assert (len(told(ben)), len(told(dora))) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_tells(payout, ben, dora, bells):
    wish_to_cancel(payout_id=payout.pk, by=dora, reason=WHY)

    outcomes = at_once(*[lambda: finish_cancelling(payout_id=payout.pk)] * 8)

    assert set(outcomes) <= {"wrong_state", "done"} and "wrong_state" in outcomes
    assert (len(told(ben)), len(told(dora))) == (1, 1)


def test_a_no_that_comes_late_ends_no_other_wish(payout, ben):
    """Two workers asked for the first; before the second hears the no, its payee wishes again."""
    wish_to_cancel(payout_id=payout.pk, by=ben)
    first = now_of(payout).cancel_wished_at
    with pytest.raises(WrongState):
        finish_cancelling(payout_id=payout.pk)
    slower = Payout(pk=payout.pk, cancel_wished_at=first)
    wish_to_cancel(payout_id=payout.pk, by=ben)
    again = now_of(payout).cancel_wished_at
    assert again != first

    cancelling._note_refusal(slower, "balance_insufficient")

    assert now_of(payout).cancel_wished_at == again
    assert len(told(ben)) == 1
