"""Both sides let a milestone stand elsewhere in the order of what they agreed on."""

import json
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace.common.errors import InvalidInput, WrongState
from projects.agreements.amending.order import arranged, order_in
from projects.agreements.changes import services as orders
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import accept_change, counter_change
from projects.agreements.changes.words import lines_of
from projects.agreements.models import Proposal
from projects.agreements.paper.writing import paper_of
from projects.agreements.proposals.services import propose_ending
from projects.agreements.sealing import verify_agreement
from projects.agreements.sealing.document import signed_document
from projects.agreements.sealing.selectors import published_keys
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from projects.milestones.services import release_milestone, submit_work
from tests.projects.change_world import another, facts_of, proposed, the_books_agree, wish
from tests.projects.ending_world import part
from tests.projects.test_agreement_paper import read
from tests.projects.test_verify_agreement import run
from tests.races import at_once, locked_when_asked
from tests.world import SIGNED, active_contract, api_of, browser, fund, plan_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract(ada, ben) -> Contract:
    return active_contract(ada, ben, plan=plan_of(50_000, 70_000, 90_000))


def moved(contract: Contract, by, other, **places: int) -> ChangeOrder:
    """Accepted: ``p3=1`` lets the third stand first."""
    wishes = [wish(part(contract, int(name[1:])), place=to) for name, to in places.items()]
    order = proposed(by, *wishes, contract=contract)
    return accept_change(order_id=order.pk, by=other)


def standing(contract: Contract) -> list[int]:
    return list(contract.milestones.order_by("place").values_list("position", flat=True))


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ([(3, 1)], [3, 1, 2, 4]),
        ([(1, 4)], [2, 3, 4, 1]),
        ([(1, 2), (2, 1)], [2, 1, 3, 4]),
        ([(4, 2), (1, 3)], [2, 4, 1, 3]),
        ([(1, 4), (2, 3), (3, 2), (4, 1)], [4, 3, 2, 1]),
    ],
)
def test_whatever_moves_stands_where_it_was_said_and_the_others_follow(changes, after):
    said = [{"position": one, "place": {"from": one, "to": to}} for one, to in changes]
    assert arranged([1, 2, 3, 4], said) == after
    assert arranged([1, 2, 3, 4], said[::-1]) == after, "in whichever order it is said"
    parts = [{"position": one} for one in (1, 2, 3, 4)]
    by_the_checker = verify_agreement.changed(parts, said)
    assert [one["position"] for one in by_the_checker] == after


def test_accepted_it_is_the_order_of_the_next_version_everywhere(contract, ada, ben, tmp_path):
    fund(part(contract, 1))
    before = facts_of(part(contract, 1))
    order = moved(contract, ben, ada, p3=1)

    assert order.changes == [{"position": 3, "place": {"from": 3, "to": 1}}]
    assert standing(contract) == order_in(agreement_of(contract)) == [3, 1, 2]
    assert facts_of(part(contract, 1)) == before, "no money moves"
    words = read(paper_of(agreement_of(contract)))
    assert words.index("1 Part 3") < words.index("2 Part 1") < words.index("3 Part 2"), words
    assert run(tmp_path, signed_document(contract), published_keys())[0] == 0
    shown = api_of(ada).get(f"/api/v1/contracts/{contract.public_id}/").json()
    assert [(one["position"], one["place"]) for one in shown["milestones"]] == [
        *((3, 1), (1, 2), (2, 3)),
    ]
    page = browser(ben).get(f"/contracts/{contract.public_id}/").content.decode()
    cards = [page.index(f'id="{one.public_id}"') for one in contract.milestones.order_by("place")]
    assert cards == sorted(cards)
    the_books_agree()


def test_another_order_than_the_signed_one_is_a_forgery(contract, ada, ben, tmp_path):
    moved(contract, ben, ada, p3=1)
    versions = signed_document(contract)["versions"]
    wordings = [json.loads(one["wording"]) for one in versions]
    parts = wordings[1]["milestones"]
    assert verify_agreement.changed(wordings[0]["milestones"], wordings[1]["changes"]) == parts
    assert verify_agreement.changed(wordings[0]["milestones"], []) != parts


def test_the_difference_is_readable_and_told(contract, ada, ben):
    order = proposed(ben, wish(part(contract, 3), place=1), contract=contract)
    titles = {3: "Part 3"}
    line = lines_of(order.changes, titles=titles, currency="USD")[0]
    assert (line.title, line.what, line.before, line.after) == ("Part 3", "Place", "3", "1")
    events = contract.events.values_list("detail", flat=True)
    assert "1 milestone moved" in json.dumps(list(events))
    told = ada.notifications.get(kind="change_proposed")
    assert "1 milestone moved" in str(told.text)


def test_beside_a_drop_and_something_new(contract, ada, ben):
    wishes = [
        wish(part(contract, 1), drop=True),
        wish(part(contract, 3), place=1, amount=80_000),
        another(place=2),
    ]
    order = proposed(ben, *wishes, contract=contract)
    accept_change(order_id=order.pk, by=ada)
    assert order_in(agreement_of(contract)) == [3, 4, 2]
    assert standing(contract) == [3, 4, 2, 1], "what was dropped stands behind"
    assert part(contract, 3).amount == 80_000
    the_books_agree()
    moved(contract, ada, ben, p2=1)
    assert standing(contract) == [2, 3, 4, 1]
    the_books_agree()


def test_a_drop_and_something_new_without_a_place_stand_in_order(contract, ada, ben):
    order = proposed(ben, wish(part(contract, 1), drop=True), another(), contract=contract)
    accept_change(order_id=order.pk, by=ada)
    assert (standing(contract), order_in(agreement_of(contract))) == ([2, 3, 4, 1], [2, 3, 4])
    the_books_agree()


def test_a_counter_may_move_it_elsewhere(contract, ada, ben):
    first = proposed(ben, wish(part(contract, 3), place=1), contract=contract)
    second = counter_change(order_id=first.pk, by=ada, wishes=[wish(part(contract, 3), place=2)])
    accept_change(order_id=second.pk, by=ben)
    assert standing(contract) == [1, 3, 2]


def test_what_is_proposed_about_its_end_stands(contract, ada, ben):
    fund(part(contract, 3))
    propose_ending(milestone_id=part(contract, 3).pk, by=ben, to_freelancer=40_000)
    moved(contract, ben, ada, p3=1)
    assert Proposal.objects.get().state == "proposed"


@pytest.mark.parametrize("place", [0, 4, -1, 1_000])
def test_a_place_that_there_will_not_be_is_refused(place, contract, ben):
    with pytest.raises(InvalidInput) as refusal:
        proposed(ben, wish(part(contract, 1), place=place), contract=contract)
    assert refusal.value.param == "changes[0].place" and "from 1 to 3" in str(refusal.value)
    assert not ChangeOrder.objects.exists()


def test_two_in_one_place_are_refused(contract, ben):
    wishes = [wish(part(contract, 1), place=3), wish(part(contract, 2), place=3)]
    with pytest.raises(InvalidInput) as refusal:
        proposed(ben, *wishes, contract=contract)
    assert refusal.value.param == "changes[1].place"


def test_where_it_stands_already_is_no_change(contract, ben):
    with pytest.raises(InvalidInput, match="stands already"):
        proposed(ben, wish(part(contract, 2), place=2), contract=contract)


def test_what_has_ended_is_not_moved_and_others_pass_it(contract, ada, ben):
    first = fund(part(contract, 1))
    submit_work(milestone_id=first.pk, by=ben, note="Done.")
    release_milestone(milestone_id=first.pk, by=ada)
    with pytest.raises(WrongState):
        proposed(ben, wish(part(contract, 1), place=3), contract=contract)
    moved(contract, ben, ada, p3=1)
    assert standing(contract) == [3, 1, 2]
    the_books_agree()


def test_it_is_not_accepted_where_the_order_is_another_meanwhile(contract, ada, ben):
    order = proposed(ben, wish(part(contract, 3), place=1), contract=contract)
    ChangeOrder.objects.update(changes=[{"position": 3, "place": {"from": 2, "to": 1}}])
    with pytest.raises(WrongState) as refusal:
        accept_change(order_id=order.pk, by=ada)
    assert refusal.value.code == "changed_meanwhile"
    assert standing(contract) == [1, 2, 3]


def test_by_page_and_by_api(contract, ada, ben):
    one, three = part(contract, 1), part(contract, 3)
    untouched = {
        f"{it.public_id}-{name}": value
        for it in contract.milestones.all()
        for name, value in {
            "amount": f"{it.amount // 100}",
            "due_on": f"{it.due_at:%Y-%m-%d}",
            "criteria": "\n".join(it.criteria),
            "place": f"{it.place}",
        }.items()
    }
    path = f"/contracts/{contract.public_id}/change/"
    shown = browser(ben).get(path).content.decode()
    assert f'name="{three.public_id}-place" value="3"' in shown
    refused = browser(ben).post(path, untouched | {f"{three.public_id}-place": "9"} | SIGNED)
    assert refused.status_code == 400 and "from 1 to 3" in refused.content.decode()
    said = untouched | {f"{three.public_id}-place": "1", "preview": "1"}
    preview = browser(ben).post(path, said)
    assert "Place" in preview.content.decode() and "none moves" in preview.content.decode()

    calls, api = api_of(ben), f"/api/v1/contracts/{contract.public_id}/change-orders/"
    for wrong in (0, 1.5, "first", -3, 10_000, True):
        said = {"changes": [{"milestone": one.public_id, "place": wrong}], **SIGNED}
        answer = calls.post(api, said, format="json")
        assert answer.status_code == 400, (wrong, answer.json())
        assert answer.json()["error"]["param"] == "changes[0].place"
    said = {"changes": [{"milestone": one.public_id, "place": 3}], **SIGNED}
    made = calls.post(api, said, format="json").json()
    assert made["changes"] == [{"position": 1, "place": {"from": 1, "to": 3}}]
    accepted = api_of(ada).post(f"/api/v1/change-orders/{made['id']}/accept/", SIGNED)
    assert accepted.status_code == 200 and standing(contract) == [2, 3, 1]
    agreement = browser(ada).get(f"/contracts/{contract.public_id}/agreement/").content.decode()
    assert "Changed in version 2" in agreement and "Place" in agreement


def test_two_never_stand_in_one_place(contract):
    def all_in_the_first() -> None:
        contract.milestones.update(place=1)
        connection.check_constraints()

    with pytest.raises(IntegrityError, match="milestones_have_a_place_each"), transaction.atomic():
        all_in_the_first()


@pytest.mark.django_db(transaction=True)
def test_moved_while_others_are_at_work(contract, ada, ben):
    first = fund(part(contract, 1))
    submit_work(milestone_id=first.pk, by=ben, note="Done.")
    order = proposed(ben, wish(part(contract, 3), place=1), contract=contract)

    outcomes = at_once(
        *[lambda: accept_change(order_id=order.pk, by=ada)] * 4,
        *[lambda: release_milestone(milestone_id=first.pk, by=ada)] * 4,
    )

    assert outcomes[:4].count("done") == outcomes[4:].count("done") == 1, outcomes
    assert standing(contract) == [3, 1, 2] and part(contract, 1).status == "released"
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_whatever_makes_room_is_locked_before_its_contract(contract, ada, ben, monkeypatch):
    order = proposed(ben, wish(part(contract, 3), place=1), contract=contract)
    others = contract.milestones.filter(position=1)
    found = locked_when_asked(monkeypatch, orders, "_lock", others)
    accept_change(order_id=order.pk, by=ada)
    assert found == [True]


def test_older_contracts_are_given_their_places(contract, ada, ben):
    order = proposed(ben, wish(part(contract, 1), drop=True), another(), contract=contract)
    accept_change(order_id=order.pk, by=ada)
    contract.milestones.update(place=0)
    migration = import_module("projects.migrations.0038_milestones_have_places")
    with connection.cursor() as cursor:
        cursor.execute(migration.STANDING)
    assert standing(contract) == [2, 3, 4, 1]
    the_books_agree()
