"""Finance says at the desk that a refund was paid by other means: the page, and its API twin."""

import pytest
from django.test import Client

from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.services import refund
from payments.refunds.models import Refund
from tests.against_the_rules import force
from tests.payments.world import held
from tests.world import api_of, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def browse(client: Client):
    """``browse(ada).get(path)``"""

    def as_(user) -> Client:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return as_


@pytest.fixture
def failed(ada, ben) -> Refund:
    refund(escrow_id=held(ada, ben).pk, reason="cancelled")
    force(Refund, status="failed", failure_code="expired_or_canceled_card", next_check_at=None)
    return Refund.objects.get()


def test_finance_settles_it_on_its_page(browse, failed, ada, dora):
    address = f"/desk/refunds/{failed.public_id}/settle/"
    assert address in browse(dora).get("/desk/").text
    page = browse(dora).get(address).text
    for words in ("$1,030.00", "Ada", "Expired or canceled card", "The payer reads this."):
        assert words in page

    empty = browse(dora).post(address, {"reason": " "})
    assert empty.status_code == 400 and "This field is required." in empty.text
    assert browse(dora).post(address, {"reason": "Transfer <4711>"}).status_code == 302

    failed.refresh_from_db()
    assert failed.status == "settled"
    assert browse(dora).get(address).status_code == 404  # it waits for nobody any more
    for told in ("/account/audit/", "/notices/"):
        page = browse(ada).get(told).text
        assert "Transfer &lt;4711&gt;" in page and "Transfer <4711>" not in page


def test_support_reads_it_and_does_not_settle_it(browse, failed):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"support"}, by=SYSTEM)
    address = f"/desk/refunds/{failed.public_id}/settle/"

    assert browse(emil).get(address).status_code == 200
    answer = browse(emil).post(address, {"reason": "I think so."})

    assert answer.status_code in (400, 403)
    failed.refresh_from_db()
    assert failed.status == "failed"


def test_a_program_settles_it_once(failed, dora, ada):
    address = f"/api/v1/desk/refunds/{failed.public_id}/settle/"
    key = {"Idempotency-Key": "settle-1"}

    missing = api_of(dora).post(address, {})
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "reason")
    assert api_of(ada).post(address, {"reason": "Mine."}).status_code == 404
    first = api_of(dora).post(address, {"reason": "Transfer 4711"}, headers=key)
    again = api_of(dora).post(address, {"reason": "Transfer 4711"}, headers=key)

    settled = {"id": failed.public_id, "status": "settled", "waits_for": ""}
    assert first.json() == again.json() == settled
    assert api_of(dora).post(address, {"reason": "Transfer 4711"}).status_code == 404
