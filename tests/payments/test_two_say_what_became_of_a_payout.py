"""Above the limit two of finance say what became of a payout whose account was closed under it."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from accounts.notifications.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.models import AuditEntry
from payments.ledger.models import Transfer
from payments.payees.models import ConnectedAccount
from payments.payouts.attesting import services as attesting
from payments.payouts.attesting.services import attest_payout
from payments.payouts.models import Payout
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.services import (
    attest_payout_or_propose,
    confirm_deed,
    return_deed,
)
from tests.against_the_rules import force
from tests.payments.payout_world import available, leaving, now_of, stranded
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

# Less the fee of three percent: one cent more than one person says so of alone.
ABOVE, LIMIT = 515_465, 500_000
WHY = {"reason": "Its bank confirms it, letter of 3 May."}


@pytest.fixture
def fay(db) -> User:
    return grant_staff_roles(user_id=person("Fay").pk, roles={"finance"}, by=SYSTEM)


@pytest.fixture
def payout(ada, ben) -> Payout:
    return stranded(ada, ben, amount=ABOVE)


def wished(payout: Payout, by: User, outcome: str = "arrived", **said) -> ProposedDeed:
    wish = attest_payout_or_propose(payout_id=payout.pk, outcome=outcome, by=by, **(WHY | said))
    assert wish is not None
    return wish


def test_up_to_the_limit_one_person_says_so(ada, ben, dora):
    payout = stranded(ada, ben, amount=ABOVE - 1)
    assert payout.amount == LIMIT
    said = {"payout_id": payout.pk, "outcome": "arrived", "by": dora}
    assert attest_payout_or_propose(**said, **WHY) is None
    assert now_of(payout).status == "paid"


@pytest.mark.parametrize(("outcome", "status"), [("arrived", "paid"), ("came_back", "failed")])
def test_above_it_another_person_confirms_it(payout, ben, dora, fay, outcome, status):
    wish = wished(payout, dora, outcome)
    assert (now_of(payout).status, leaving(payout)) == ("in_transit", LIMIT + 1)
    asked = Notification.objects.filter(kind="deed_to_confirm")
    assert [one.recipient.name for one in asked] == ["Fay"]
    with pytest.raises(NotAllowed):
        confirm_deed(proposed_id=wish.pk, by=dora)

    confirm_deed(proposed_id=wish.pk, by=fay)

    assert (now_of(payout).status, leaving(payout)) == (status, 0)
    assert Notification.objects.filter(kind=f"payout_{status}", recipient=ben).count() == 1
    deeds = list(AuditEntry.objects.order_by("pk").values_list("deed", "by__name"))[-3:]
    said = "confirm payout" if outcome == "arrived" else "return payout"
    assert deeds == [
        ("propose deed", "Dora"),
        (said, "Dora"),
        ("confirm proposed deed", "Fay"),
    ]
    call_command("check_ledger")


def test_the_deed_itself_is_not_done_alone(payout, ben, dora, fay):
    said = {"payout_id": payout.pk, "outcome": "arrived", "by": dora} | WHY
    with pytest.raises(WrongState) as refusal:
        attest_payout(**said)
    assert refusal.value.code == "second_person_needed"
    grant_staff_roles(user_id=ben.pk, roles={"finance"}, by=SYSTEM)
    with pytest.raises(NotAllowed):
        attest_payout(**said, second=ben)  # it is paid to him
    assert leaving(payout) == LIMIT + 1

    attest_payout(**said, second=fay)


def test_what_is_returned_changes_nothing(payout, dora, fay):
    wish = wished(payout, dora)
    with pytest.raises(WrongState, match="waits for a second person already"):
        wished(payout, fay)

    return_deed(proposed_id=wish.pk, by=fay, why="The bank knows of none.")

    assert (now_of(payout).status, leaving(payout)) == ("in_transit", LIMIT + 1)
    confirm_deed(proposed_id=wished(payout, fay, "came_back").pk, by=dora)
    assert now_of(payout).status == "failed"


def test_where_the_provider_speaks_meanwhile_its_word_counts(payout, dora, fay):
    wish = wished(payout, dora)
    ConnectedAccount.objects.update(status="active")
    with pytest.raises(WrongState, match="Its account answers"):
        confirm_deed(proposed_id=wish.pk, by=fay)
    force(Payout, status="paid")
    with pytest.raises(WrongState, match="The payout is paid by now"):
        confirm_deed(proposed_id=wish.pk, by=fay)
    page = browser(fay).get(f"/desk/deeds/{wish.public_id}/").content.decode()
    assert "Confirm it" not in page
    return_deed(proposed_id=wish.pk, by=fay, why="The provider has said so.")
    force(Payout, status="in_transit")


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({"outcome": "gone"}, "outcome"),
        ({"reason": " "}, "reason"),
        ({"bank_payout": ""}, "bank_payout"),
        ({"bank_payout": "tr_1"}, "bank_payout"),
        ({"bank_payout": "po_other"}, "bank_payout"),
    ],
)
def test_a_wish_is_judged_like_the_deed(ada, ben, dora, said, param):
    payout = stranded(ada, ben, status="sending", remote_id="", amount=ABOVE)
    other = payout.party.payouts.create(amount=1, currency="EUR")
    other.attempts.create(number=1, destination="acct_ben", remote_id="po_other", failure_code="x")
    with pytest.raises(InvalidInput) as refusal:
        wished(payout, dora, **({"bank_payout": "po_9"} | said))
    assert refusal.value.param == param and not ProposedDeed.objects.exists()


def test_the_id_of_what_arrived_waits_along(ada, ben, dora, fay):
    payout = stranded(ada, ben, status="sending", remote_id="", amount=ABOVE)
    confirm_deed(proposed_id=wished(payout, dora, bank_payout=" po_9 ").pk, by=fay)
    assert payout.attempts.get().remote_id == "po_9"


@pytest.mark.parametrize("name", ["ada", "ben", "cleo"])
def test_only_finance_wishes(payout, cleo, name, request):
    with pytest.raises(NotAllowed):
        wished(payout, request.getfixturevalue(name))


def test_the_database_itself_keeps_a_wish_to_one_thing(payout, dora):
    wish = wished(payout, dora)
    with pytest.raises(IntegrityError, match="of_one_thing"), transaction.atomic():
        ProposedDeed.objects.update(payout=None)
    wish.pk, wish.public_id = None, "pd_another"
    with pytest.raises(IntegrityError, match="per_payout"), transaction.atomic():
        wish.save(force_insert=True)


def test_it_is_done_at_the_desk_and_by_programs(payout, dora, fay):
    page = f"/desk/payouts/{payout.public_id}/attest/"
    answer = browser(dora).post(page, {"outcome": "arrived"} | WHY)
    wish = ProposedDeed.objects.get()
    assert answer.headers["Location"] == f"/desk/deeds/{wish.public_id}/"
    waits = browser(fay).get(page).content.decode()
    assert "Waits for a second person" in waits and "Note it" not in waits
    assert "A payout arrived" in browser(fay).get("/desk/").content.decode()
    assert "Payout to Ben" in browser(fay).get(answer.headers["Location"]).content.decode()
    browser(dora).post(f"/desk/deeds/{wish.public_id}/return/", {"why": "Another one."})

    path = f"/api/v1/desk/payouts/{payout.public_id}/attest/"
    asked = api_of(dora).post(path, {"outcome": "arrived"} | WHY).json()
    assert asked["status"] == "in_transit"
    deed = f"/api/v1/desk/deeds/{asked['waits_for']}/"
    told = api_of(fay).get(deed).json()
    assert (told["deed"], told["payout"]) == ("payout_arrived", payout.public_id)
    assert api_of(fay).post(f"{deed}confirm/").status_code == 200
    assert now_of(payout).status == "paid"


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_confirmations_and_returns_are_one_answer(payout, dora, fay, bells):
    wish = wished(payout, dora)

    outcomes = at_once(
        *[lambda: confirm_deed(proposed_id=wish.pk, by=fay)] * 4,
        *[lambda: return_deed(proposed_id=wish.pk, by=fay, why="No.")] * 4,
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    confirmed = ProposedDeed.objects.get().status == "confirmed"
    assert (now_of(payout).status == "paid") == confirmed
    call_command("check_ledger")


@pytest.mark.django_db(transaction=True)
def test_eight_wishes_at_once_are_one(payout, dora, fay, bells):
    outcomes = at_once(
        *[lambda: wished(payout, dora)] * 4, *[lambda: wished(payout, fay, "came_back")] * 4
    )
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert ProposedDeed.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_locks_all_are_told_that_they_confirmed_it_and_it_is_booked_once(
    payout, ben, dora, fay, bells, monkeypatch
):
    wish = wished(payout, dora)
    without_locks(monkeypatch)
    meet_after(monkeypatch, attesting, "judge_attesting")

    assert at_once(*[lambda: confirm_deed(proposed_id=wish.pk, by=fay)] * 8) == ["done"] * 8

    assert Transfer.objects.filter(key__contains=":arrive:").count() == 1
    assert (leaving(payout), available(ben)) == (0, 0)
