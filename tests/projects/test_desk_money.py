"""Lists of money that waits: near the provider's limit, without bank details, failed refunds; and
the contracts that it belongs to, to be found by words.
"""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from accounts.parties.selectors import own_party_of
from accounts.people.models import StaffRole
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Earning
from payments.reconciliation.models import LIFECYCLE, Difference
from payments.reconciliation.running.services import plan_run
from payments.refunds.models import Refund
from projects.milestones.services import cancel_milestone, release_milestone
from tests.against_the_rules import force
from tests.world import api_of, browser, funded_milestone, person, submitted_milestone

pytestmark = pytest.mark.django_db

EMPTY = {
    "/desk/limits/": "Nothing is near its limit",
    "/desk/payees/": "Everybody can be paid out",
    "/desk/refunds/": "No refund has failed",
    "/desk/contracts/": "No contract was ever made",
}


def told(who, path: str) -> list[dict]:
    return api_of(who).get(f"/api/v1{path}").json()["results"]


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_list_says_so_and_only_who_keeps_the_money_reads_it(ada, dora, path):
    assert EMPTY[path] in browser(dora).get(path).text
    assert told(dora, path) == []
    for name, roles, status in (
        ("Fay", {StaffRole.SUPPORT}, 200),
        ("Gus", {StaffRole.MEDIATOR, StaffRole.MODERATOR}, 404),
    ):
        fay = grant_staff_roles(user_id=person(name).pk, roles=roles, by=SYSTEM)
        assert browser(fay).get(path).status_code == status
        assert api_of(fay).get(f"/api/v1{path}").status_code == status
    assert browser(ada).get(path).status_code == 404
    assert api_of(ada).get(f"/api/v1{path}").status_code == 404


def test_held_money_is_listed_from_two_weeks_before_its_limit_the_soonest_first(ada, ben, dora):
    late, soon, far = (funded_milestone(ada, ben, amount) for amount in (20_000, 30_000, 40_000))
    for milestone, days in ((late, 13), (soon, 2), (far, 15)):
        at = now() + timedelta(days=days)
        Escrow.objects.filter(pk=milestone.escrow_id).update(limit_at=at)

    page = browser(dora).get("/desk/limits/").text

    assert page.index("$309.00") < page.index("$206.00")
    assert "$412.00" not in page
    assert f"/contracts/{soon.contract.public_id}/statement/" in page
    first, second = told(dora, "/desk/limits/")
    assert (first["id"], first["held"], first["currency"]) == (soon.public_id, 30_900, "USD")
    assert (second["id"], second["client"], second["freelancer"]) == (late.public_id, "Ada", "Ben")
    release_milestone(milestone_id=soon.pk, by=ada)
    assert [one["id"] for one in told(dora, "/desk/limits/")] == [late.public_id]


def test_who_earned_and_has_no_account_is_listed_with_what_waits_and_why(ada, ben, cleo, dora):
    for payee in (ben, cleo):
        release_milestone(milestone_id=submitted_milestone(ada, payee).pk, by=ada)
    force(Earning.objects.filter(party=own_party_of(ben)), earned_at=now() + timedelta(hours=1))
    account = ConnectedAccount.objects.create(
        party=own_party_of(ben), country="US", failure_code="invalid_country"
    )

    page = browser(dora).get("/desk/payees/").text

    assert page.index("Cleo") < page.index("Ben")  # has waited longer
    for words in ("$970.00", "Never begun", "Not set up", "Invalid country"):
        assert words in page
    first, second = told(dora, "/desk/payees/")
    assert (first["name"], first["account"], first["failure_code"]) == ("Cleo", None, None)
    assert (second["account"], second["failure_code"]) == ("new", "invalid_country")
    assert second["waits"] == [{"amount": 97_000, "currency": "USD"}]
    assert (
        datetime.fromisoformat(second["held_until"])
        == Earning.objects.get(party=own_party_of(ben)).limit_at
    )
    assert "Held until" in page
    ConnectedAccount.objects.filter(pk=account.pk).update(status="active", remote_id="acct_ben")
    assert [one["name"] for one in told(dora, "/desk/payees/")] == ["Cleo"]


@pytest.fixture
def failed(ada, ben) -> Refund:
    cancel_milestone(milestone_id=funded_milestone(ada, ben).pk, by=ben)
    force(Refund, status="failed", failure_code="expired_or_canceled_card", next_check_at=None)
    return Refund.objects.get()


def test_the_eleventh_failed_refund_is_found_on_a_page_of_its_own(failed, dora):
    more = [
        Refund.objects.create(
            payment=failed.payment, book=failed.book, reason="x", amount=amount, currency="USD"
        )
        for amount in range(1, 22)
    ]
    force(Refund, status="failed", next_check_at=None)
    desk, page = browser(dora).get("/desk/").text, browser(dora).get("/desk/refunds/").text
    assert more[-1].public_id not in desk and 'href="/desk/refunds/"' in desk
    assert f"/desk/refunds/{more[18].public_id}/settle/" in page
    assert more[-1].public_id not in page and "?cursor=" in page


def test_a_refund_and_a_difference_lead_to_the_statement_of_their_contract(failed, dora):
    statement = f'href="/contracts/{failed.book}/statement/"'
    assert statement in browser(dora).get(f"/desk/refunds/{failed.public_id}/settle/").text
    run = plan_run()
    for about in (failed.public_id, failed.payment.public_id, ""):
        difference = Difference.objects.create(
            kind="missing", object_id=f"x{about}", about=about, theirs="No.", ours="Yes.", run=run
        )
        LIFECYCLE.advance(difference, "confirm", role=SYSTEM)
        difference.save()
        page = browser(dora).get(reverse("difference", args=[difference.public_id])).text
        assert (statement in page) == bool(about)


def test_a_contract_is_found_by_its_words_and_ids(ada, ben, cleo, dora):
    milestone = funded_milestone(ada, ben)
    contract, other = milestone.contract, funded_milestone(ada, cleo).contract
    payment = Payment.objects.get(paid_for=milestone.escrow.public_id)
    for words in (contract.public_id, milestone.escrow.public_id, payment.public_id, "beN"):
        page = browser(dora).get(f"/desk/contracts/?words={words}").text
        assert f"/contracts/{contract.public_id}/statement/" in page, words
        assert other.public_id not in page, words
        assert [one["id"] for one in told(dora, f"/desk/contracts/?words={words}")] == [
            contract.public_id
        ]
    assert {one["id"] for one in told(dora, "/desk/contracts/")} == {
        contract.public_id,
        other.public_id,
    }
    nothing = browser(dora).get("/desk/contracts/?words=%25")
    assert "None of these fits" in nothing.text
    assert browser(dora).get(f"/desk/contracts/?words={'x' * 201}").status_code == 400
    assert browser(dora).get(f"/contracts/{contract.public_id}/statement/").status_code == 200
