"""Above the limit of the rules finance moves no money alone: one wishes it, another confirms it."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from accounts.notifications.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.settling import services as settling
from payments.chargebacks.settling.services import settle_refund
from payments.escrow.services import refund
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.policies.selectors import needs_second
from payments.policies.services import add_version
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.services import (
    confirm_deed,
    return_deed,
    settle_difference_or_propose,
    settle_refund_or_propose,
)
from payments.reconciliation.deeds.services import look_before_settling, settle_as_seen
from payments.refunds.models import Refund
from payments.refunds.services import retry_refund
from payments.tasks import send_due_refunds
from tests.against_the_rules import force
from tests.payments.reconciling import all_agrees, charged_by_others, the_difference
from tests.payments.world import held
from tests.projects.test_races import stopped_by_the_database, without_locks
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

# A price of which with the fee one cent more goes back than one person books alone.
ABOVE, LIMIT = 485_438, 500_000
HOW = "Transfer 4711 of 3 May."


@pytest.fixture
def fay(db) -> User:
    return grant_staff_roles(user_id=person("Fay").pk, roles={"finance"}, by=SYSTEM)


def failed_refund(ada, ben, *, amount: int = ABOVE) -> Refund:
    refund(escrow_id=held(ada, ben, amount=amount).pk, reason="milestone_cancelled")
    force(Refund, status="failed", closed_at=now(), next_check_at=None)
    return Refund.objects.get()


def wished(ada, ben, by: User) -> ProposedDeed:
    wish = settle_refund_or_propose(refund_id=failed_refund(ada, ben).pk, reason=HOW, by=by)
    assert wish is not None
    return wish


def own_funds() -> int:
    return balance_of(chart.own_funds("USD"))


def told(kind: str) -> list[str]:
    return sorted(one.recipient.name for one in Notification.objects.filter(kind=kind))


# --- A refund ------------------------------------------------------------------------------------


def test_up_to_the_limit_one_person_does_it(ada, ben, dora):
    found = failed_refund(ada, ben, amount=485_437)
    assert found.amount == LIMIT

    assert settle_refund_or_propose(refund_id=found.pk, reason=HOW, by=dora) is None

    assert Refund.objects.get().status == "settled"
    assert not ProposedDeed.objects.exists()


def test_above_it_another_person_confirms_it(ada, ben, dora, fay):
    wish = wished(ada, ben, dora)
    assert (Refund.objects.get().status, own_funds()) == ("failed", 0)
    assert (wish.amount, wish.status, told("deed_to_confirm")) == (LIMIT + 1, "proposed", ["Fay"])

    confirm_deed(proposed_id=wish.pk, by=fay)

    wish.refresh_from_db()
    assert (Refund.objects.get().status, own_funds()) == ("settled", LIMIT + 1)
    assert (wish.status, wish.by, wish.answered_by) == ("confirmed", dora, fay)
    assert told("refund_settled") == ["Ada"]
    call_command("check_ledger")


def test_nobody_confirms_their_own_wish_or_what_is_paid_to_them(ada, ben, dora):
    wish = wished(ada, ben, dora)
    grant_staff_roles(user_id=ada.pk, roles={"finance"}, by=SYSTEM)

    for one in (dora, ada, ben):
        with pytest.raises(NotAllowed):
            confirm_deed(proposed_id=wish.pk, by=one)

    assert Refund.objects.get().status == "failed"
    assert ProposedDeed.objects.get().status == "proposed"


def test_the_database_itself_refuses_who_confirms_their_own(ada, ben, dora):
    wish = wished(ada, ben, dora)

    with pytest.raises(IntegrityError, match="nobody_confirms"), transaction.atomic():
        ProposedDeed.objects.update(status="confirmed", answered_by=dora, closed_at=now())

    wish.refresh_from_db()
    assert wish.status == "proposed"


def test_the_deed_itself_is_not_done_alone(ada, ben, dora, fay):
    found = failed_refund(ada, ben)

    with pytest.raises(WrongState) as refusal:
        settle_refund(refund_id=found.pk, reason=HOW, by=dora)
    assert refusal.value.code == "second_person_needed"
    with pytest.raises(NotAllowed):
        settle_refund(refund_id=found.pk, reason=HOW, by=dora, second=ben)

    settle_refund(refund_id=found.pk, reason=HOW, by=dora, second=fay)


def test_whose_wish_it_is_must_still_be_of_finance(ada, ben, dora, fay):
    wish = wished(ada, ben, dora)
    dora.groups.clear()

    with pytest.raises(NotAllowed, match="not of finance any more"):
        confirm_deed(proposed_id=wish.pk, by=fay)

    assert Refund.objects.get().status == "failed"


def test_what_is_returned_moves_nothing_and_another_may_be_wished(ada, ben, dora, fay):
    wish = wished(ada, ben, dora)
    with pytest.raises(InvalidInput):
        return_deed(proposed_id=wish.pk, by=fay, why="  ")
    with pytest.raises(NotAllowed):
        return_deed(proposed_id=wish.pk, by=ben, why="No.")

    return_deed(proposed_id=wish.pk, by=fay, why="There is no such transfer.")

    assert told("deed_returned") == ["Dora"]
    for deed in (confirm_deed, lambda **how: return_deed(**how, why="Again.")):
        with pytest.raises(WrongState):
            deed(proposed_id=wish.pk, by=fay)
    assert Refund.objects.get().status == "failed"
    again = settle_refund_or_propose(refund_id=Refund.objects.get().pk, reason=HOW, by=fay)
    confirm_deed(proposed_id=again.pk, by=dora)
    assert Refund.objects.get().status == "settled"


@pytest.mark.parametrize("status", ["failed", "requested"])
def test_what_waits_to_be_confirmed_is_not_sent_meanwhile(ada, ben, dora, fay, sandbox, status):
    """The payer would have it twice: from our own bank, and from the provider."""
    wish = wished(ada, ben, dora)
    force(Refund, status=status, next_check_at=now())
    found = Refund.objects.get()
    with pytest.raises(WrongState):
        retry_refund(refund_id=found.pk, by=fay)
    assert send_due_refunds() == {"done": 1, "failed": 0}
    assert sandbox.api("GET", "/v1/refunds")["data"] == []
    assert Refund.objects.get().next_check_at > now(), "it is looked at again"
    if status == "failed":
        assert "Waits for a second person" in browser(fay).get("/desk/").content.decode()

    return_deed(proposed_id=wish.pk, by=fay, why="There is no transfer.")
    assert not Refund.objects.get().is_settling


def test_what_went_meanwhile_is_not_confirmed_and_says_so(ada, ben, dora, fay):
    wish = wished(ada, ben, dora)
    force(Refund, status="succeeded", remote_id="re_1")
    with pytest.raises(WrongState, match=r"The refund is .* by now: return this"):
        confirm_deed(proposed_id=wish.pk, by=fay)
    assert "Confirm it" not in browser(fay).get(f"/desk/deeds/{wish.public_id}/").content.decode()


def test_one_takes_back_what_one_wishes(ada, ben, dora):
    wish = wished(ada, ben, dora)

    return_deed(proposed_id=wish.pk, by=dora, why="It was another refund.")

    wish.refresh_from_db()
    assert (wish.status, told("deed_returned")) == ("returned", [])


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2_001])
def test_a_wish_says_why(ada, ben, dora, reason):
    with pytest.raises(InvalidInput) as refusal:
        settle_refund_or_propose(refund_id=failed_refund(ada, ben).pk, reason=reason, by=dora)

    assert refusal.value.param == "reason" and not ProposedDeed.objects.exists()


@pytest.mark.parametrize("name", ["ada", "ben", "cleo"])
def test_only_finance_wishes(ada, ben, cleo, name, request):
    with pytest.raises(NotAllowed):
        settle_refund_or_propose(
            refund_id=failed_refund(ada, ben).pk, reason=HOW, by=request.getfixturevalue(name)
        )


def test_of_one_thing_one_wish_waits(ada, ben, dora, fay):
    wish = wished(ada, ben, dora)

    with pytest.raises(WrongState, match="waits for a second person already"):
        settle_refund_or_propose(refund_id=wish.refund_id, reason=HOW, by=fay)


def test_the_limit_is_that_of_the_rules_in_force():
    assert (needs_second(LIMIT, "USD"), needs_second(LIMIT + 1, "USD")) == (False, True)

    add_version({"second_mediator_units": 0, "second_mediator_units_by_currency": {}})

    assert not needs_second(10**12, "USD")


# --- A difference --------------------------------------------------------------------------------


def test_a_line_of_so_much_is_booked_by_two(ada, ben, dora, fay, sandbox):
    charged_by_others(sandbox, 600_000)
    found = the_difference()
    seen = look_before_settling(difference_id=found.pk, deed="own_funds", by=dora)
    alone = {"difference_id": found.pk, "deed": "own_funds", "reason": HOW, "by": dora}
    with pytest.raises(WrongState) as refusal:
        settle_as_seen(**alone, seen=seen)
    assert refusal.value.code == "second_person_needed"

    wish = settle_difference_or_propose(**alone)

    found.refresh_from_db()
    assert wish is not None and (found.status, own_funds()) == ("open", 0)
    assert wish.amount == found.net
    force(ProposedDeed, amount=wish.amount - 1)
    with pytest.raises(WrongState, match="Another amount"):
        confirm_deed(proposed_id=wish.pk, by=fay)
    force(ProposedDeed, amount=wish.amount)
    confirm_deed(proposed_id=wish.pk, by=fay)
    found.refresh_from_db()
    assert (found.status, own_funds()) == ("settled", wish.amount)
    assert found.events.get(what="own_funds").by == dora
    all_agrees()
    call_command("check_ledger")


def test_what_went_meanwhile_is_not_booked(ada, ben, dora, fay, sandbox):
    charged_by_others(sandbox, 600_000)
    found = the_difference()
    how = {"difference_id": found.pk, "deed": "own_funds", "reason": HOW, "by": dora}
    wish = settle_difference_or_propose(**how)
    force(type(found), status="gone")

    with pytest.raises(WrongState):
        confirm_deed(proposed_id=wish.pk, by=fay)

    assert own_funds() == 0
    return_deed(proposed_id=wish.pk, by=fay, why="It went by itself.")


# --- Its page and its call -----------------------------------------------------------------------


def test_it_is_done_at_the_desk(ada, ben, dora, fay):
    found = failed_refund(ada, ben)
    browser(dora).post(f"/desk/refunds/{found.public_id}/settle/", {"reason": HOW})
    wish = ProposedDeed.objects.get()
    page = f"/desk/deeds/{wish.public_id}/"
    assert page in browser(fay).get("/desk/").content.decode()
    assert "your own wish" in browser(dora).get(page).content.decode()
    assert HOW in browser(fay).get(page).content.decode()
    assert browser(fay).post(f"{page}return/", {"why": ""}).status_code == 400

    assert browser(fay).post(f"{page}confirm/").status_code == 302

    assert Refund.objects.get().status == "settled"
    assert "Confirmed" in browser(dora).get(page).content.decode()
    assert browser(ben).get(page).status_code == 404


def test_it_is_done_by_programs(ada, ben, dora, fay):
    found = failed_refund(ada, ben)
    asked = api_of(dora).post(
        f"/api/v1/desk/refunds/{found.public_id}/settle/", {"reason": HOW}, format="json"
    )
    assert asked.json()["status"] == "failed"
    (listed,) = api_of(fay).get("/api/v1/desk/deeds/").json()["results"]
    assert (listed["id"], listed["amount"]) == (asked.json()["waits_for"], LIMIT + 1)
    path = f"/api/v1/desk/deeds/{listed['id']}/"
    assert api_of(dora).post(f"{path}confirm/").status_code == 403
    assert api_of(fay).post(f"{path}return/", {"why": ""}, format="json").status_code == 400

    answer = api_of(fay).post(f"{path}confirm/")

    assert (answer.status_code, answer.json()["answered_by"]) == (200, "Fay")
    assert api_of(fay).get(path).json()["status"] == "confirmed"
    assert api_of(fay).get("/api/v1/desk/deeds/").json()["results"] == []
    assert api_of(ben).get(path).status_code == 404


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_confirmations_and_returns_are_one_answer(ada, ben, dora, fay, bells):
    wish = wished(ada, ben, dora)

    outcomes = at_once(
        *[lambda: confirm_deed(proposed_id=wish.pk, by=fay)] * 4,
        *[lambda: return_deed(proposed_id=wish.pk, by=fay, why="No.")] * 4,
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    settled = Refund.objects.get().status == "settled"
    assert settled == (ProposedDeed.objects.get().status == "confirmed")
    call_command("check_ledger")


@pytest.mark.django_db(transaction=True)
def test_eight_wishes_at_once_are_one(ada, ben, dora, fay, bells):
    found = failed_refund(ada, ben)

    outcomes = at_once(
        *[lambda: settle_refund_or_propose(refund_id=found.pk, reason=HOW, by=dora)] * 4,
        *[lambda: settle_refund_or_propose(refund_id=found.pk, reason=HOW, by=fay)] * 4,
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert ProposedDeed.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_only_the_database_keeps_one_of_the_wishes(
    ada, ben, dora, bells, monkeypatch
):
    found = failed_refund(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, ProposedDeed, "save", before=True)

    outcomes = outcomes_at_once(
        *[lambda: settle_refund_or_propose(refund_id=found.pk, reason=HOW, by=dora)] * 8
    )

    stopped = [one for one in outcomes if not isinstance(one, ProposedDeed)]
    words = "one_proposed_deed_per_refund"
    assert len(stopped) == 7, outcomes
    assert all(stopped_by_the_database(one, words) for one in stopped), outcomes


@pytest.mark.django_db(transaction=True)
def test_without_locks_all_are_told_that_they_confirmed_it_and_it_moves_once(
    ada, ben, dora, fay, bells, monkeypatch
):
    wish = wished(ada, ben, dora)
    without_locks(monkeypatch)
    meet_after(monkeypatch, settling, "judge_settling")

    assert at_once(*[lambda: confirm_deed(proposed_id=wish.pk, by=fay)] * 8) == ["done"] * 8

    assert Transfer.objects.filter(kind="refund_settled").count() == 1
    assert own_funds() == LIMIT + 1
