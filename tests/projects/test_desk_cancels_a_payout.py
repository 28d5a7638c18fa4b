"""Finance takes a payout back at the desk, for a reason that its payee reads: page and API twin."""

import pytest

from accounts.notifications.models import Notification
from accounts.people.models import StaffRole
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import InvalidInput
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import AuditEntry
from payments.payouts.cancelling.services import wish_to_cancel
from payments.payouts.models import Payout
from payments.payouts.services import schedule_payout
from tests.payments.payout_world import (
    arrive,
    available,
    failed_payout,
    now_of,
    ready_without_provider,
    scheduled,
    the_books_agree,
)
from tests.sandbox import NO_SUCH_ACCOUNT
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

WHY = "The bank of <Ben> asks us to wait."


def address(payout: Payout) -> str:
    return f"/desk/payouts/{payout.public_id}/cancel/"


@pytest.fixture
def payout(ada, ben) -> Payout:
    return failed_payout(ada, ben)


def test_it_is_found_cancelled_and_told(ada, ben, dora, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    fay = browser(dora)
    for page in ("/desk/", "/desk/payouts/"):
        assert f'href="{address(payout)}"' in fay.get(page).text
    page = fay.get(address(payout)).text
    for words in ("$970.00", "Ben", "No account", payout.public_id, "The payee reads it"):
        assert words in page

    empty = fay.post(address(payout), {"reason": " "})
    assert empty.status_code == 400 and "This field is required." in empty.text
    assert fay.post(address(payout), {"reason": WHY}).status_code == 302

    assert (now_of(payout).status, payout.cancel_reason) == ("cancelled", WHY)
    assert available(ben) == 97_000
    told = Notification.objects.get(kind="payout_cancelled")
    assert told.recipient == ben and str(told.text).endswith(WHY)
    for shown in (f"/payouts/{payout.public_id}/", "/account/audit/"):
        read = browser(ben).get(shown).text
        assert "The bank of &lt;Ben&gt; asks us to wait." in read, shown
    assert api_of(ben).get(f"/api/v1/payouts/{payout.public_id}/").json()["cancel_reason"] == WHY
    entry = AuditEntry.objects.get(deed="cancel payout")
    assert (entry.about, entry.reason, entry.by) == ([ben.pk], WHY, dora)
    assert address(payout) not in fay.get("/desk/payouts/").text
    assert fay.get(address(payout)).status_code == 404
    the_books_agree(sandbox)


def test_a_program_does_it_once_for_a_key(ada, ben, dora):
    party_id = ready_without_provider(ada, ben)
    payout = schedule_payout(party_id=party_id, currency="USD", by=ben)
    call, path, key = api_of(dora), f"/api/v1{address(payout)}", {"Idempotency-Key": "once"}
    refused = call.post(path, {"reason": ""})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "reason")
    assert now_of(payout).cancel_wished_at is None

    first, again = (call.post(path, {"reason": WHY}, headers=key) for _ in range(2))

    assert first.json() == again.json() == {"id": payout.public_id, "status": "cancelled"}
    assert call.post(path, {"reason": WHY}).status_code == 404
    assert Notification.objects.filter(kind="payout_cancelled").count() == 1
    assert AuditEntry.objects.filter(deed="cancel payout").count() == 1


def test_while_the_provider_is_silent_it_is_being_cancelled(payout, dora):
    answer = browser(dora).post(address(payout), {"reason": WHY}, follow=True)

    assert answer.status_code == 200
    assert "did not answer. The payout is cancelled as soon as it answers." in answer.text
    assert "Being cancelled" in answer.text and address(payout) not in answer.text
    assert now_of(payout).cancel_wished_by == dora


def test_who_cancels_their_own_gives_no_reason_and_finance_does(payout, ben, dora):
    with pytest.raises(InvalidInput) as refused:
        wish_to_cancel(payout_id=payout.pk, by=dora)
    assert refused.value.param == "reason"
    wish_to_cancel(payout_id=payout.pk, by=ben)
    assert now_of(payout).cancel_reason == ""


@pytest.mark.parametrize(
    ("role", "reads", "does"),
    [(StaffRole.SUPPORT, 200, 400), (StaffRole.MEDIATOR, 404, 404)],
)
def test_nobody_else_of_the_staff_takes_one_back(payout, ada, role, reads, does):
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={role}, by=SYSTEM)

    assert browser(fay).get(address(payout)).status_code == reads
    assert browser(fay).post(address(payout), {"reason": WHY}).status_code == does
    call = api_of(fay).post(f"/api/v1{address(payout)}", {"reason": WHY})
    assert call.status_code == {400: 403, 404: 404}[does]
    assert browser(ada).get(address(payout)).status_code == 404
    assert now_of(payout).status == "failed"
