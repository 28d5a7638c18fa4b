"""A payer reads how far each part of what goes back is, and hears when it did not arrive."""

import pytest
from django.urls import reverse

from accounts.notifications.models import Notification
from payments.chargebacks.settling.services import settle_refund
from payments.gateway.base import State
from payments.refunds.models import Refund
from payments.refunds.services import retry_refund
from tests.against_the_rules import force
from tests.money_stories import _refund, _said_of
from tests.world import api_of, browser

pytestmark = pytest.mark.django_db

ARRIVED, REFUSED = "has given it back on", "It was refused on"


@pytest.fixture
def refund(ada, ben) -> Refund:
    return _refund(ada, ben)


def read(ada, refund: Refund) -> str:
    """The page; what the API says of the refund has to be the same."""
    refund.refresh_from_db()
    payment = refund.payment.public_id
    (one,) = api_of(ada).get(reverse("api-payment", args=[payment])).json()["refunds"]
    assert (one["id"], one["amount"], one["status"]) == (refund.public_id, 103_000, refund.status)
    assert (one["closed_at"] is None) == (refund.closed_at is None)
    return browser(ada).get(reverse("payment", args=[payment])).text


def news() -> list[str]:
    kinds = Notification.objects.filter(kind__startswith="refund_").order_by("pk")
    return list(kinds.values_list("kind", flat=True))


def test_the_page_says_of_each_state_what_is_known(ada, refund):
    page = read(ada, refund)
    assert "Asked for on" in page and "None of it is kept" in page
    assert "goes back to you." not in page

    _said_of(refund, State.PENDING)
    assert "has not confirmed it yet" in read(ada, refund)
    _said_of(refund, State.DONE)
    assert ARRIVED in read(ada, refund)
    assert news() == []


def test_what_comes_back_is_promised_no_longer_and_told(ada, refund, dora):
    _said_of(refund, State.DONE)
    _said_of(refund, State.FAILED)
    page = read(ada, refund)
    assert REFUSED in page and ARRIVED not in page
    assert news() == ["refund_returned"]
    told = Notification.objects.get(kind="refund_returned")
    assert told.recipient == ada and told.path == reverse(
        "payment", args=[refund.payment.public_id]
    )
    assert "$1,030.00" in str(told.text)

    settle_refund(refund_id=refund.pk, reason="By transfer.", by=dora)
    assert "Paid by other means on" in read(ada, refund)
    assert news() == ["refund_returned", "refund_settled"]


def test_a_refusal_is_told_once_however_often_it_is_tried(ada, refund, dora):
    _said_of(refund, State.FAILED)
    assert REFUSED in read(ada, refund)
    retry_refund(refund_id=refund.pk, by=dora)
    refund.refresh_from_db()
    force(Refund, status="sending", remote_id="re_remote")
    _said_of(refund, State.FAILED)

    refund.refresh_from_db()
    assert (refund.failures, news()) == (2, ["refund_failed"])


def test_where_the_bank_has_the_payment_itself_nobody_is_told_of_a_refusal(refund):
    force(type(refund.payment), charged_back_at=refund.created_at)
    _said_of(Refund.objects.get(), State.FAILED)

    assert (Refund.objects.get().status, news()) == ("failed", [])
