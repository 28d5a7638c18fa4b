"""One side ends a contract by itself: what is still to be worked on, and all of it at once."""

from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from payments.escrow.models import Escrow
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.services import accept_change, propose_change
from projects.agreements.leaving import services as leaving
from projects.agreements.leaving.services import leave_contract
from projects.agreements.outlook import prospects_of
from projects.agreements.services import close_finished_contract
from projects.contracts.models import Contract
from projects.contracts.sentences import sentence_of
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone, return_work, start_work, submit_work
from projects.tasks import lapse_changes
from tests.projects.change_world import the_books_agree
from tests.projects.ending_world import contract_at_work, part, states_of, tag_for, to_end
from tests.races import at_once, overtaken_after
from tests.world import active_contract, api_of, browser, fund

pytestmark = pytest.mark.django_db


def contract_of_two(ada, ben) -> Contract:
    """Part 1 held and not started, part 2 not funded."""
    contract = active_contract(ada, ben, [100_000, 50_000])
    fund(part(contract, 1))
    return contract


def grounds_of(contract: Contract) -> list[str]:
    events = contract.events.filter(kind="milestone_cancelled").order_by("pk")
    return [event.detail["ground"] for event in events]


def test_a_freelancer_leaves_and_what_is_submitted_or_disputed_goes_on(ada, ben):
    contract = contract_at_work(ada, ben)

    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))

    assert states_of(contract) == ["submitted", "cancelled", "disputed", "cancelled"]
    total = prospects_of(contract).total
    assert (total.refunded, total.held) == (103_000, 206_000)
    contract.refresh_from_db()
    assert contract.status == Contract.Status.ACTIVE
    (told,) = Notification.objects.filter(kind="contract_left")
    assert told.recipient == ada
    assert told.text == (
        f"Ben has ended “{contract.title}”: 2 milestones are cancelled, $1,030.00 goes back to "
        "the client. What is submitted or disputed keeps its own course."
    )
    assert not Notification.objects.filter(kind="milestone_cancelled").exists(), "told once"
    last = contract.events.order_by("pk").last()
    assert sentence_of(last).text.endswith(
        "without the other side: 2 milestones are cancelled, $1,030.00 goes back to the client"
    )
    with pytest.raises(WrongState, match="nothing is left"):
        leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    release_milestone(milestone_id=part(contract, 1).pk, by=ada)
    call_command("check_ledger")


def test_a_client_leaves_once_each_of_them_gives_a_reason(ada, ben, later):
    contract = contract_of_two(ada, ben)
    with pytest.raises(WrongState, match=r"“Part 1” by yourself now. It can be cancelled for late"):
        leave_contract(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))
    assert states_of(contract) == ["planned", "planned"]

    later(days=15)
    leave_contract(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))

    assert states_of(contract) == ["cancelled", "cancelled"]
    assert grounds_of(contract) == ["cancel_late", "drop"]
    contract.refresh_from_db()
    assert contract.status == Contract.Status.CANCELLED and contract.closed_at
    assert prospects_of(contract).total.refunded == 103_000
    call_command("check_ledger")


def test_a_client_leaves_what_was_never_started(ada, ben, later):
    contract = active_contract(ada, ben, [100_000, 50_000])
    fund(part(contract, 2))
    later(days=13)
    with pytest.raises(WrongState, match="Part 2"):
        leave_contract(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))
    later(days=2)
    leave_contract(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))
    assert grounds_of(contract) == ["drop", "cancel_idle"]


def test_one_that_is_at_work_in_time_keeps_all_of_them(ada, ben, later):
    contract = contract_of_two(ada, ben)
    start_work(milestone_id=part(contract, 1).pk, by=ben)
    later(days=9)
    with pytest.raises(WrongState, match="Part 1"):
        leave_contract(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))
    later(days=60)
    leave_contract(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))
    assert grounds_of(contract) == ["cancel_late", "drop"]


def test_what_was_delivered_late_is_delivered(ada, ben, later):
    contract = contract_of_two(ada, ben)
    later(days=60)
    submit_work(milestone_id=part(contract, 1).pk, by=ben, note="Here.")
    leave_contract(contract_id=contract.pk, by=ada, seen=tag_for(contract, ada))
    assert states_of(contract) == ["submitted", "cancelled"]


def test_nobody_else_ends_it_and_nothing_that_has_ended(ada, ben, cleo, dora):
    contract = contract_of_two(ada, ben)
    for stranger in (cleo, dora):
        with pytest.raises(NotAllowed):
            leave_contract(contract_id=contract.pk, by=stranger, seen="")
        assert api_of(stranger).post(_api(contract)).status_code == 404
        assert browser(stranger).get(_page(contract)).status_code == 404
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    with pytest.raises(WrongState):
        leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))


def test_the_page_says_first_what_ends_and_where_the_money_goes(ada, ben):
    contract = contract_at_work(ada, ben)
    shown = browser(ben).get(f"/contracts/{contract.public_id}/").content.decode()
    assert _page(contract) in shown
    page = browser(ben).get(_page(contract)).content.decode()
    for words in ("Part 2", "Part 4", "$1,030.00", "“Part 1”: its review goes on", "its dispute"):
        assert words in page, words
    tag = tag_for(contract, ben)
    assert f'name="seen" value="{tag}"' in page
    assert browser(ben).post(_page(contract), {"seen": tag}).status_code == 302
    assert states_of(contract) == ["submitted", "cancelled", "disputed", "cancelled"]


def test_whoever_cannot_leave_finds_no_way_to(ada, ben):
    contract = contract_of_two(ada, ben)
    shown = browser(ada).get(f"/contracts/{contract.public_id}/").content.decode()
    assert _page(contract) not in shown
    assert browser(ada).get(_page(contract)).status_code == 409
    assert browser(ada).post(_page(contract)).status_code == 409
    path = f"/api/v1/contracts/{contract.public_id}/"
    assert "leave" not in api_of(ada).get(path).json()["next_steps"]
    assert "leave" in api_of(ben).get(path).json()["next_steps"]


def test_programs_read_what_would_end_and_why_before_they_end_it(ada, ben):
    contract = contract_at_work(ada, ben)
    submitted, first, disputed, second = contract.milestones.order_by("place")
    path = f"/api/v1/contracts/{contract.public_id}/"

    told = api_of(ben).get(path).json()["leaving"]

    ended = [(first, 103_000), (second, 0)]
    assert told == {
        "milestones": [
            {
                "milestone": one.public_id,
                "title": one.title,
                "ground": "cancel",
                "returned": returned,
            }
            for one, returned in ended
        ],
        "returned": 103_000,
        "left": [submitted.public_id, disputed.public_id],
    }
    assert api_of(ada).get(path).json()["leaving"] is None, "she cannot: nothing is late"
    read = api_of(ben).post(_api(contract), {"seen": tag_for(contract, ben)}).json()
    assert read["leaving"] is None and read["leave_tag"] == ""


def test_the_ground_is_the_one_on_which_it_then_ends(ada, ben, later):
    contract = contract_of_two(ada, ben)
    later(days=30)
    told = api_of(ada).get(f"/api/v1/contracts/{contract.public_id}/").json()
    read = [one["ground"] for one in told["leaving"]["milestones"]]
    leave_contract(contract_id=contract.pk, by=ada, seen=told["leave_tag"])
    assert read == grounds_of(contract) == ["cancel_late", "drop"]


@pytest.mark.parametrize("person", ["ada", "ben"])
def test_reading_it_costs_the_same_however_many_milestones_there_are(person, ada, ben):
    few, many = (active_contract(ada, ben, [10_000] * count) for count in (1, 9))
    api = api_of({"ada": ada, "ben": ben}[person])
    found = []
    for contract in (few, few, many):  # the first of all reads what is kept in memory
        ask = partial(api.get, f"/api/v1/contracts/{contract.public_id}/")
        with CaptureQueriesContext(connection) as queries:
            assert len(ask().json()["leaving"]["milestones"]) == contract.milestones.count()
        found.append(len(queries))
    assert found[1] == found[2]


def test_programs_leave_once(ada, ben):
    contract = contract_of_two(ada, ben)
    program = api_of(ben)
    refused = program.post(_api(contract))
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "seen")
    read = program.get(f"/api/v1/contracts/{contract.public_id}/").json()
    body = {"seen": read["leave_tag"]}
    first = program.post(_api(contract), body, headers={"Idempotency-Key": "a"})
    again = program.post(_api(contract), body, headers={"Idempotency-Key": "a"})
    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["money"]["refunded"]) == ("cancelled", 103_000)
    assert program.post(_api(contract), body).status_code == 409


@pytest.mark.parametrize("way", ["page", "program"])
def test_what_was_not_read_is_not_given_up(ada, ben, way):
    """Changes are asked for while Ben reads that the review goes on: his work stays his."""
    contract = contract_at_work(ada, ben)
    body = {"seen": tag_for(contract, ben)}
    return_work(milestone_id=part(contract, 1).pk, by=ada, answer="Blue, please.")

    path, client = {"page": (_page, browser), "program": (_api, api_of)}[way]
    stale = client(ben).post(path(contract), body)
    assert stale.status_code == 409
    if way == "program":
        assert stale.json()["error"]["code"] == "changed_meanwhile"

    assert states_of(contract) == ["returned", "planned", "disputed", "planned"]
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert states_of(contract) == ["cancelled", "cancelled", "disputed", "cancelled"]


def test_money_that_came_in_meanwhile_is_read_again_first(ada, ben):
    contract = contract_of_two(ada, ben)
    seen = tag_for(contract, ben)
    fund(part(contract, 2))
    with pytest.raises(WrongState) as refusal:
        leave_contract(contract_id=contract.pk, by=ben, seen=seen)
    assert refusal.value.code == "changed_meanwhile"


def test_a_milestone_that_is_added_meanwhile_is_not_overlooked(ada, ben, monkeypatch):
    contract = contract_of_two(ada, ben)
    seen = tag_for(contract, ben)
    wish = Wish(title="More", amount=30_000, due_at=now() + timedelta(days=20))
    order = propose_change(contract_id=contract.pk, by=ada, wishes=[wish])
    lock = leaving.lock_contract

    def waits_for_its_lock(contract_id: int) -> Contract:
        accept_change(order_id=order.pk, by=ben)
        return lock(contract_id)

    monkeypatch.setattr(leaving, "lock_contract", waits_for_its_lock)
    with pytest.raises(WrongState) as refusal:
        leave_contract(contract_id=contract.pk, by=ben, seen=seen)
    assert refusal.value.code == "changed_meanwhile"


def test_a_change_that_waits_for_its_answer_lapses_with_it(ada, ben):
    contract = contract_at_work(ada, ben)
    order = propose_change(
        contract_id=contract.pk, by=ada, wishes=[Wish(part(contract, 2).public_id, amount=90_000)]
    )
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    order.refresh_from_db()
    assert order.status == ChangeOrder.Status.LAPSED
    why = "since Ben has ended what was still to be worked on"
    line = sentence_of(contract.events.order_by("pk").last()).text
    assert line == f"The change of the agreement lapsed with what it was about: 1 price: {why}"
    told = Notification.objects.filter(kind="change_overtaken")
    assert {notice.recipient for notice in told} == {ada, ben}
    text = f"The change of “{contract.title}” has lapsed, {why}."
    assert {notice.text for notice in told} == {text}
    lapse_changes()
    assert not Notification.objects.filter(kind="change_lapsed").exists(), "told once"


def test_a_proposal_to_end_it_all_lapses_with_it_too(ada, ben):
    contract = contract_of_two(ada, ben)
    order = to_end(contract, ada, {1: 40_000})
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    order.refresh_from_db()
    contract.refresh_from_db()
    assert (order.status, contract.status) == ("lapsed", "cancelled")
    assert Notification.objects.filter(kind="change_overtaken").count() == 2


def test_what_had_lapsed_by_itself_says_so(ada, ben, later):
    contract = contract_at_work(ada, ben)
    wish = Wish(part(contract, 2).public_id, amount=90_000)
    propose_change(contract_id=contract.pk, by=ada, wishes=[wish])
    later(days=3.1)
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert Notification.objects.filter(kind="change_lapsed").count() == 2
    assert not Notification.objects.filter(kind="change_overtaken").exists()


def test_what_fails_in_the_middle_leaves_nothing(ada, ben, monkeypatch):
    contract = contract_of_two(ada, ben)

    def fall(*_: object, **__: object) -> None:
        raise RuntimeError("at the very end")

    monkeypatch.setattr(leaving, "close_if_finished", fall)
    with pytest.raises(RuntimeError):
        leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert states_of(contract) == ["planned", "planned"]
    call_command("check_ledger")


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_leave_once(ada, ben):
    contract = contract_of_two(ada, ben)
    seen = tag_for(contract, ben)
    outcomes = at_once(*[lambda: leave_contract(contract_id=contract.pk, by=ben, seen=seen)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert contract.events.filter(kind__in=["contract_left", "contract_cancelled"]).count() == 2
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_beside_a_delivery_and_a_release_it_is_whole_or_nothing(ada, ben):
    contract = contract_of_two(ada, ben)
    first, seen = part(contract, 1).pk, tag_for(contract, ben)
    outcomes = at_once(
        *[lambda: leave_contract(contract_id=contract.pk, by=ben, seen=seen)] * 3,
        *[lambda: release_milestone(milestone_id=first, by=ada)] * 3,
        *[lambda: submit_work(milestone_id=first, by=ben, note="Here.")] * 2,
    )
    assert outcomes[:3].count("done") <= 1
    left, released = "done" in outcomes[:3], "done" in outcomes[3:6]
    first_state, second_state = states_of(contract)
    assert second_state == ("cancelled" if left else "planned")
    assert (first_state == "released") == released
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_it_would_tell_of_money_that_has_gone(ada, ben, monkeypatch):
    """A part is released after it was judged and before it ends: the sum is another then."""
    contract = contract_of_two(ada, ben)
    first = part(contract, 1)
    unlocked = Milestone.objects.select_related("contract", "escrow__policy")
    monkeypatch.setattr(leaving, "lock_milestone", lambda pk: unlocked.get(pk=pk))
    monkeypatch.setattr(
        leaving, "lock_all", lambda pks: Escrow.objects.select_related("policy").in_bulk(list(pks))
    )
    overtaken_after(
        monkeypatch,
        leaving,
        "judged_leaving",
        lambda: release_part(milestone_id=first.pk, by=ada, amount=40_000),
    )
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert "$1,030.00 goes back" in Notification.objects.get(kind="contract_left").text
    assert prospects_of(contract).total.refunded == 61_800


def test_the_headline_of_what_ended_says_who_ended_it_and_why(ada, ben):
    left, agreed, done = (contract_of_two(ada, ben) for _ in range(3))
    leave_contract(contract_id=left.pk, by=ben, seen=tag_for(left, ben))
    order = to_end(agreed, ada, {1: 0})
    accept_change(order_id=order.pk, by=ben)
    fund(part(done, 2))
    for number in (1, 2):
        release_milestone(milestone_id=part(done, number).pk, by=ada)
    close_finished_contract(contract_id=done.pk)
    said = {
        left: "Ben: Ended what is still to be worked on, without the other side",
        agreed: "Ben: Accepted: the agreement has a new version",
        done: "",
    }
    for contract, cause in said.items():
        shown = browser(ada).get(f"/contracts/{contract.public_id}/")
        turn = shown.context["turn"]
        assert "This contract is " in turn.title
        assert turn.text.startswith(cause) and (cause or ": " not in turn.text), turn.text
        assert cause in shown.content.decode()


def _page(contract: Contract) -> str:
    return f"/contracts/{contract.public_id}/leave/"


def _api(contract: Contract) -> str:
    return f"/api/v1/contracts/{contract.public_id}/leave/"
