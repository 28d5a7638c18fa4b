"""A mediator takes a case, gives it up, or is given it; before an appeal is before an appeal."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.disputes.assigning import services
from projects.disputes.assigning.models import Assignment
from projects.disputes.assigning.services import assign_dispute, give_up_dispute
from projects.disputes.confirming.services import confirm_ruling
from projects.disputes.models import Dispute
from projects.disputes.rulings.selectors import steps_for
from projects.disputes.rulings.services import appeal_ruling
from projects.disputes.selectors import mediators_for
from projects.disputes.services import add_statement
from projects.milestones.services import release_milestone
from tests.projects.dispute_world import rule, seen, told
from tests.projects.two_mediators import ABOVE, confirmed, mediator, proposed_on
from tests.races import at_once, meet_after
from tests.world import api_of, browser, opened_dispute, person, reviewed_dispute, ruled, why

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(ada, ben) -> Dispute:
    return reviewed_dispute(ada, ben)


def take(dispute: Dispute, by, instead_of: User | None = None, to: User | None = None) -> Dispute:
    return assign_dispute(
        dispute_id=dispute.pk,
        by=by,
        mediator=(to or by).public_id,
        instead_of=instead_of.public_id if instead_of else "",
    )


def test_it_is_taken_given_taken_over_and_given_up_and_all_of_it_is_kept(case, dora, emil):
    fay, _ = mediator("Fay"), mediator("Gil")
    take(case, dora)
    assert (seen(case).assignee, told("dispute_assigned")) == (dora, [])
    take(case, dora, dora, to=emil)
    assert (seen(case).assignee, told("dispute_assigned")) == (emil, ["Emil"])
    take(case, fay, emil)
    assert (seen(case).assignee, told("dispute_reassigned")) == (fay, ["Emil"])
    give_up_dispute(dispute_id=case.pk, by=fay)
    assert seen(case).assignee is None

    lines = Assignment.objects.order_by("pk").values_list("mediator__email", "by__email", "number")
    names = [(to and to.split("@")[0].title(), by.split("@")[0].title()) for to, by, _ in lines]
    assert names == [("Dora", "Dora"), ("Emil", "Dora"), ("Fay", "Fay"), (None, "Fay")]
    assert {number for *_, number in lines} == {1}


def test_others_decide_what_is_nobodys_and_take_over_what_is_somebodys(case, ada, ben, dora, emil):
    mediator("Fay")
    take(case, dora)
    assert "decide" not in steps_for(seen(case), emil) and "decide" in steps_for(seen(case), dora)
    with pytest.raises(WrongState, match="Dora looks after this case"):
        rule(case, emil)
    assert seen(case).state == "under_review"

    take(case, emil, dora)
    assert rule(case, emil).state == "decided"

    assert rule(reviewed_dispute(ada, ben), emil).state == "decided"


def test_the_one_who_has_it_is_confirmed_by_another(ada, ben, dora, emil):
    dispute = reviewed_dispute(ada, ben, ABOVE)
    take(dispute, dora)

    assert confirm_ruling(proposed_id=proposed_on(dispute, dora).pk, by=emil).state == "decided"


# --- Who -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ada", "ben", "cleo"])
def test_only_mediators_assign(case, dora, who, request):
    by = request.getfixturevalue(who)
    for act in (lambda: take(case, by), lambda: take(case, by, to=dora)):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(NotAllowed):
        give_up_dispute(dispute_id=case.pk, by=by)
    with pytest.raises(NotAllowed):
        assign_dispute(dispute_id=case.pk, by=SYSTEM, mediator=dora.public_id)
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("role", ["support", "moderator", "finance"])
def test_other_staff_neither_gives_nor_gets_it(case, dora, role):
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={role}, by=SYSTEM)

    with pytest.raises(NotAllowed):
        take(case, fay)
    with pytest.raises(InvalidInput) as refusal:
        take(case, dora, to=fay)
    assert refusal.value.param == "mediator"


@pytest.mark.parametrize("side", ["client", "freelancer"])
def test_a_side_is_never_assignable(ada, dora, emil, side):
    dispute = reviewed_dispute(*((emil, ada) if side == "client" else (ada, emil)))

    with pytest.raises(NotAllowed):
        take(dispute, emil)
    with pytest.raises(InvalidInput):
        take(dispute, dora, to=emil)
    assert not Assignment.objects.exists()


def test_it_is_given_to_nobody_unknown_nor_to_who_has_it(case, dora, cleo):
    for named in ("us_nobody", cleo.public_id, "", "\0"):
        with pytest.raises(InvalidInput):
            assign_dispute(dispute_id=case.pk, by=dora, mediator=named)
    take(case, dora)
    with pytest.raises(WrongState, match="already"):
        take(case, dora, dora)
    assert Assignment.objects.count() == 1


def test_nobody_gives_up_what_is_not_theirs(case, dora, emil):
    with pytest.raises(WrongState, match="Nobody looks after it"):
        give_up_dispute(dispute_id=case.pk, by=emil)
    take(case, dora)
    with pytest.raises(WrongState, match="Dora looks after it"):
        give_up_dispute(dispute_id=case.pk, by=emil)


def test_what_waits_for_no_mediator_is_assigned_to_none(ada, ben, dora):
    decided, closed = rule(reviewed_dispute(ada, ben), dora), opened_dispute(ada, ben)
    release_milestone(milestone_id=closed.milestone_id, by=ada)

    for dispute in (decided, closed):
        with pytest.raises(WrongState):
            take(dispute, mediator("Fay") if dispute == decided else dora)


# --- On appeal -----------------------------------------------------------------------------------


@pytest.fixture
def appealed(case, ada, ben, dora, emil) -> Dispute:
    """Emil had it and gave it up, then Dora decided it, whom an appeal does not need; Ben
    appeals.
    """
    mediator("Kim")
    take(case, emil)
    give_up_dispute(dispute_id=case.pk, by=emil)
    rule(case, dora)
    return appeal_ruling(dispute_id=case.pk, by=ben, statement="More is done.")


def test_an_appeal_begins_with_nobody(case, dora, ben):
    take(case, dora)
    rule(case, dora)
    appealed = appeal_ruling(dispute_id=case.pk, by=ben, statement="More is done.")

    assert seen(appealed).assignee is None


def test_whoever_took_it_before_neither_has_nor_decides_the_appeal(appealed, ada, emil):
    fay = mediator("Fay")
    with pytest.raises(NotAllowed, match="before"):
        take(appealed, emil)
    with pytest.raises(InvalidInput):
        take(appealed, fay, to=emil)
    with pytest.raises(NotAllowed, match="before"):
        rule(appealed, emil)
    assert [one.name for one in mediators_for(seen(appealed))] == ["Kim", "Fay"]
    assert steps_for(seen(appealed), emil) == []

    take(appealed, fay)
    add_statement(dispute_id=appealed.pk, by=ada, statement="It is not.")
    assert rule(appealed, fay).state == "closed"


def test_nor_confirms_it(ada, ben, dora, emil):
    dispute, fay, gil = reviewed_dispute(ada, ben, ABOVE), mediator("Fay"), mediator("Gil")
    mediator("Hugo")
    take(dispute, gil)
    give_up_dispute(dispute_id=dispute.pk, by=gil)
    confirmed(dispute, dora, emil)
    appeal_ruling(dispute_id=dispute.pk, by=ben, statement="More is done.")
    add_statement(dispute_id=dispute.pk, by=ada, statement="It is not.")
    row = proposed_on(seen(dispute), fay)

    with pytest.raises(NotAllowed, match="before"):
        confirm_ruling(proposed_id=row.pk, by=gil)

    assert seen(dispute).state == "appealed"


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_take_it_at_once_one_has_it(ada, ben):
    case, people = reviewed_dispute(ada, ben), [mediator(f"Emil{n}") for n in range(8)]

    outcomes = at_once(*[lambda by=by: take(case, by) for by in people])

    assert sorted(outcomes) == ["assigned"] * 7 + ["done"]
    assert Assignment.objects.get().mediator == seen(case).assignee


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_each_of_them_believes_it(ada, ben, monkeypatch):
    case, people = reviewed_dispute(ada, ben), [mediator(f"Emil{n}") for n in range(2)]
    monkeypatch.setattr(services, "lock_dispute", lambda pk: Dispute.objects.get(pk=pk))
    meet_after(monkeypatch, services, "mediators_for", people=2)

    assert at_once(*[lambda by=by: take(case, by) for by in people]) == ["done"] * 2
    assert Assignment.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_taken_over_and_decided_at_once_it_is_one_after_the_other(ada, ben):
    case, emil, fay = reviewed_dispute(ada, ben), mediator("Emil"), mediator("Fay")
    mediator("Gil")
    take(case, emil)

    outcomes = at_once(lambda: rule(case, emil), lambda: take(case, fay, emil))

    if outcomes[0] == "done":
        assert (outcomes[1], seen(case).state) == ("wrong_state", "decided")
    else:
        assert (outcomes, seen(case).assignee) == (["assigned", "done"], fay)


# --- Doors ---------------------------------------------------------------------------------------


def test_at_the_desk(case, dora, emil):
    mediator("Fay")
    page = lambda who: browser(who).get(case.desk_path).content.decode()  # noqa: E731
    url = f"{case.desk_path}assignment/"
    assert "Nobody yet" in page(dora)
    answer = browser(dora).post(url, {"take": "1", "instead_of": ""}, follow=True)
    assert "It is yours." in answer.content.decode() and "Give it up" in page(dora)
    other = page(emil)
    assert "Take it over" in other and f"{case.desk_path}rulings/" not in other
    late = browser(emil).post(url, {"take": "1", "instead_of": ""})
    assert late.status_code == 409 and "Dora looks after it by now" in late.content.decode()
    browser(dora).post(url, {"mediator": emil.public_id, "instead_of": dora.public_id})
    assert seen(case).assignee == emil and "Dora gave it to Emil" in page(dora)
    browser(emil).post(url, {"give_up": "1", "instead_of": emil.public_id})
    assert seen(case).assignee is None and "Emil gave it up" in page(dora)


def test_both_sides_read_who_looks_after_it(case, ada, dora):
    take(case, dora)

    assert "Dora looks after it." in browser(ada).get(case.path).content.decode()
    assert api_of(ada).get(f"/api/v1{case.path}").json()["mediator"] == "Dora"


def test_the_queue_is_narrowed_to_mine_and_nobodys(ada, ben, dora, emil):
    mine, theirs, nobodys, given_up, appealed = (reviewed_dispute(ada, ben) for _ in range(5))
    take(mine, dora)
    take(theirs, emil)
    take(given_up, dora)
    give_up_dispute(dispute_id=given_up.pk, by=dora)
    take(appealed, dora)
    rule(appealed, dora)
    appeal_ruling(dispute_id=appealed.pk, by=ben, statement="More is done.")
    expected = {
        "mine": {mine},
        "nobody": {nobodys, given_up, appealed},
        "": {mine, theirs, nobodys, given_up, appealed},
    }
    for name, found in expected.items():
        answer = browser(dora).get("/desk/disputes/", {"whose": name})
        assert {one.pk for one in answer.context["page"].items} == {one.pk for one in found}
        rows = api_of(dora).get("/api/v1/desk/disputes/", {"whose": name}).json()["results"]
        assert {row["id"] for row in rows} == {one.public_id for one in found}
    assert browser(dora).get("/desk/disputes/", {"whose": "x"}).status_code == 400
    refused = api_of(dora).get("/api/v1/desk/disputes/", {"whose": "x"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "whose")
    page = browser(emil).get("/desk/disputes/").content.decode()
    assert page.count("<td>Dora</td>") == page.count("<td>Emil</td>") == 1


def test_the_queue_asks_no_more_for_more_of_them(ada, ben, dora):
    counts = []
    for _ in range(2):
        take(reviewed_dispute(ada, ben), dora)
        with CaptureQueriesContext(connection) as asked:
            browser(dora).get("/desk/disputes/", {"whose": "mine"})
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_api_assigns_lists_and_gives_up(case, dora, emil):
    mediator("Fay")
    base = f"/api/v1/desk/disputes/{case.public_id}/"
    body = api_of(dora).post(f"{base}assignments/", {"mediator": dora.public_id}).json()
    assert body["mediator"] == "Dora" and "give_up" in body["next_steps"]
    late = api_of(emil).post(f"{base}assignments/", {"mediator": emil.public_id})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "assigned")
    refused = api_of(emil).post(f"{base}rulings/", {"to_freelancer": 1, **why()})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "assigned")
    unknown = api_of(dora).post(
        f"{base}assignments/", {"mediator": "us_x", "instead_of": dora.public_id}
    )
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (400, "mediator")
    given = {"mediator": emil.public_id, "instead_of": dora.public_id}
    assert api_of(dora).post(f"{base}assignments/", given).json()["mediator"] == "Emil"
    assert api_of(emil).post(f"{base}give-up/").json()["mediator"] is None
    rows = api_of(dora).get(f"{base}assignments/").json()["results"]
    assert [row["name"] for row in rows] == ["Dora", "Emil", None]


def test_what_is_closed_keeps_who_had_it(case, dora):
    take(case, dora)
    ruled(case, dora, 0)

    page = browser(dora).get(case.desk_path).content.decode()

    assert "Dora took it" in page and "assignment/" not in page
