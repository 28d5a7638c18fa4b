"""A payee hears of what is done to a payout of theirs without them."""

import pytest

from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import OPTIONAL
from marketplace.common.lifecycle import SYSTEM
from payments.payouts.holding.services import hold_payouts
from payments.payouts.services import retry_payout, schedule_payout
from tests.payments.payout_world import failed_payout, ready_without_provider

pytestmark = pytest.mark.django_db


def told(kind: str) -> list[str]:
    return [str(notice.text) for notice in Notification.objects.filter(kind=kind)]


def test_one_made_by_itself_is_told_and_one_asked_for_is_not(ada, ben):
    party_id = ready_without_provider(ada, ben)
    payout = schedule_payout(party_id=party_id, currency="USD", by=SYSTEM)

    assert told("payout_made") == ["$970.00 that you have earned go to your bank now."]
    notice = Notification.objects.get(kind="payout_made")
    assert (notice.recipient, notice.path) == (ben, f"/payouts/{payout.public_id}/")
    assert "payout_made" in OPTIONAL


def test_who_asks_for_one_knows(ada, ben):
    schedule_payout(party_id=ready_without_provider(ada, ben), currency="USD", by=ben)

    assert told("payout_made") == []


def test_one_that_is_held_goes_nowhere(ada, ben, dora):
    party_id = ready_without_provider(ada, ben)
    hold_payouts(party_id=party_id, reason="So.", evidence="So.", days=7, by=dora)
    payout = schedule_payout(party_id=party_id, currency="USD", by=SYSTEM)

    assert (payout.status, told("payout_made")) == ("held", [])


@pytest.mark.parametrize("is_finance", [True, False])
def test_a_try_by_finance_is_told_and_their_own_is_not(ada, ben, dora, is_finance):
    payout = failed_payout(ada, ben)
    retry_payout(payout_id=payout.pk, by=dora if is_finance else ben)

    sentence = "We try your payout of $970.00 again, which had failed."
    assert told("payout_retried") == ([sentence] if is_finance else [])
