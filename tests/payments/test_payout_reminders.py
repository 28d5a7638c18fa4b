"""What cannot reach a bank before its payee does something is told again, until they have."""

from datetime import timedelta

import pytest

from accounts.models import Notification
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments import tasks
from payments.escrow import services as escrows
from payments.fundings.models import Payment
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.models import Earning, Payout
from payments.payouts.recovering.models import Recovery
from payments.payouts.reminding import services as reminding
from payments.payouts.reminding.services import remind_of_payout
from projects.reasons.services import why_gone
from tests.against_the_rules import force
from tests.payments.chargeback_world import Bank, owes
from tests.payments.payout_world import failed_payout, ready_without_provider
from tests.payments.racing import at_once
from tests.payments.world import held
from tests.projects.test_races import without_locks
from tests.races import meet_after

pytestmark = pytest.mark.django_db

NOTHING, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}
LONG_AGO = timedelta(days=7, minutes=1)


def waits(status: str = "failed", code: str = "account_closed") -> None:
    """The one payout, told of more than a week ago."""
    at = now() - LONG_AGO
    closed_at = at if status == "failed" else None
    force(Payout, status=status, failure_code=code, created_at=at, closed_at=closed_at)


def told(kind: str = "payout_still_failed") -> list[str]:
    return [str(notice.text) for notice in Notification.objects.filter(kind=kind).order_by("pk")]


@pytest.fixture
def payout(ada, ben) -> Payout:
    payout = failed_payout(ada, ben)
    waits()
    return payout


def test_a_failed_one_is_told_again_once_a_week_until_it_is_tried_again(payout, ben, later):
    force(Payout, closed_at=now())
    later(days=6.9)
    assert tasks.remind_of_payouts() == NOTHING, "that it failed was told then"
    later(days=0.2)
    assert (tasks.remind_of_payouts(), tasks.remind_of_payouts()) == (ONE, NOTHING)
    later(days=7.1)
    assert tasks.remind_of_payouts() == ONE
    assert told() == 2 * [
        "Your payout of $970.00 has still not arrived. The bank says that the account is closed. "
        "Put your bank details right and try it again, or cancel it."
    ]
    notice = Notification.objects.filter(kind="payout_still_failed").latest("pk")
    assert (notice.recipient, notice.path) == (ben, f"/payouts/{payout.public_id}/")

    payouts.retry_payout(payout_id=payout.pk, by=ben)
    later(days=7.1)
    assert tasks.remind_of_payouts() == NOTHING


def test_it_says_what_waits_behind_it_and_when_the_provider_lets_go(payout, ada, ben, later):
    escrows.release(escrow_id=held(ada, ben, amount=50_000).pk)
    Earning.objects.filter(payout=None).update(
        clears_at=now(), limit_at=now() + timedelta(days=13, hours=1)
    )
    tasks.remind_of_payouts()
    (said,) = told()
    assert "$485.00 that you have earned since wait behind it." in said
    assert "The payment provider holds this money only until" in said

    later(days=14)
    tasks.remind_of_payouts()
    assert "was to hold this money until" in told()[-1]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("account_not_ready", "The payment provider needs more details from you first."),
        ("account_replaced", "The money is at your account that was closed."),
    ],
)
def test_one_that_waits_for_their_details_is_told_too(ada, ben, code, why):
    party_id = ready_without_provider(ada, ben)
    payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)
    waits("scheduled", code)

    assert (tasks.remind_of_payouts(), tasks.remind_of_payouts()) == (ONE, NOTHING)

    (said,) = told("payout_still_waits")
    assert said.startswith(f"Your payout of $970.00 still cannot be sent. {why}")


@pytest.mark.parametrize("code", ["account_closed", "account_replaced"])
def test_one_that_stands_at_another_account_is_only_to_be_cancelled(payout, ben, code):
    Payout.objects.update(transfer_id="tr_1", failure_code=code)
    ConnectedAccount.objects.update(remote_id="acct_new")
    with pytest.raises(WrongState):
        payouts.retry_payout(payout_id=payout.pk, by=ben)

    tasks.remind_of_payouts()

    assert told() == [
        "Your payout of $970.00 has still not arrived. The money is at your account that was "
        "closed. Cancel this payout."
    ]


def test_nor_is_one_of_who_owes_to_be_tried_again(payout, ben):
    Bank(Payment.objects.get(), 50_000).takes()
    assert owes(ben) > 0
    with pytest.raises(WrongState, match="You owe"):
        payouts.retry_payout(payout_id=payout.pk, by=ben)

    tasks.remind_of_payouts()

    (said,) = told()
    assert said.endswith(
        "You owe something after a chargeback. Cancel this payout: what comes back goes to that "
        "first, and the rest to your bank."
    )
    assert "try it again" not in said


@pytest.mark.parametrize("status", ["scheduled", "sending", "in_transit", "paid"])
def test_what_needs_nothing_of_them_is_not_told(payout, status):
    waits(status, "balance_insufficient")
    assert tasks.remind_of_payouts() == NOTHING


def test_nor_what_is_being_cancelled_or_what_finance_has_to_find_out(payout):
    Payout.objects.update(cancel_wished_at=now())
    assert tasks.remind_of_payouts() == NOTHING
    Payout.objects.update(cancel_wished_at=None, transfer_id="tr_1", reversal_refused_at=now())
    ConnectedAccount.objects.update(status="closed")
    assert tasks.remind_of_payouts() == NOTHING
    ConnectedAccount.objects.update(status="active")
    assert tasks.remind_of_payouts() == ONE


def test_its_mail_is_called_off_once_it_is_tried_again(payout, ben):
    tasks.remind_of_payouts()
    notice = Notification.objects.get(kind="payout_still_failed")
    assert why_gone([notice]) == {notice.pk: ""}

    payouts.retry_payout(payout_id=payout.pk, by=ben)

    assert why_gone([notice]) == {notice.pk: "The payout waits for its payee no longer."}


def set_up(ben) -> None:
    ConnectedAccount.objects.create(party=own_party_of(ben), country="US", status="active")


def owe_all_of_it(ben) -> None:
    recovery = Recovery.objects.create(party=own_party_of(ben), amount=97_000, currency="USD")
    Earning.objects.update(recovery=recovery)


@pytest.mark.parametrize("way", [set_up, owe_all_of_it])
def test_who_needs_no_account_any_more_is_not_mailed_so(ada, ben, later, way):
    """As after a night of quiet hours, in which they have set it up."""
    escrows.release(escrow_id=held(ada, ben).pk)
    tasks.remind_payees()
    notice = Notification.objects.get(kind="payout_account_missing")
    assert why_gone([notice]) == {notice.pk: ""}

    way(ben)

    assert why_gone([notice]) == {notice.pk: "No money waits for a payout account any more."}
    later(days=8)
    reminding.remind_payee(party_id=own_party_of(ben).pk)
    assert len(told("payout_account_missing")) == 1, "nor told so by a sweep that looked before"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("has_its_key", "expected"), [(True, 1), (False, 8)])
def test_eight_at_once_tell_it_once_by_the_lock_and_by_the_key(
    ada, ben, monkeypatch, has_its_key, expected
):
    payout = failed_payout(ada, ben)
    waits()
    if has_its_key:
        at_once(lambda n: tasks.remind_of_payouts())
        assert len(told()) == 1
        Notification.objects.filter(kind="payout_still_failed").delete()
        Payout.objects.update(reminded_at=None)
    real = reminding.notify
    without_locks(monkeypatch)
    meet_after(monkeypatch, reminding, "kind_of_reminder")
    if not has_its_key:
        monkeypatch.setattr(reminding, "notify", lambda **news: real(**news | {"key": ""}))

    at_once(lambda n: remind_of_payout(payout_id=payout.pk))

    assert len(told()) == expected


def test_who_has_no_account_reads_until_when_the_provider_holds_it(ada, ben):
    escrows.release(escrow_id=held(ada, ben).pk)
    tasks.remind_payees()
    (said,) = told("payout_account_missing")
    assert said.startswith("You have earned money that we cannot pay out yet.")
    assert "The payment provider holds this money only until" in said
