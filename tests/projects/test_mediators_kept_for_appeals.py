"""Nobody rules on appeal who had the case before: so a case leaves enough who never had it."""

from functools import partial

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.disputes.assigning import services
from projects.disputes.assigning.models import Assignment
from projects.disputes.assigning.selectors import why_kept_free
from projects.disputes.assigning.services import assign_dispute, give_up_dispute
from projects.disputes.confirming.services import confirm_ruling, return_ruling
from projects.disputes.models import Dispute
from projects.disputes.rulings.selectors import steps_for
from projects.disputes.selectors import mediators_for
from projects.disputes.services import add_statement
from tests.projects.dispute_world import appeal, rule, seen
from tests.projects.two_mediators import ABOVE, confirmed, mediator, proposed_on
from tests.races import at_once, meet_after
from tests.world import api_of, browser, person, reviewed_dispute

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(ada, ben) -> Dispute:
    return reviewed_dispute(ada, ben)


@pytest.fixture
def fay(dora, emil) -> User:
    """The third of three mediators, after Dora and Emil."""
    return mediator("Fay")


def give(dispute: Dispute, to: User, *, by: User) -> Dispute:
    has_it = seen(dispute).assignee
    return assign_dispute(
        dispute_id=dispute.pk,
        by=by,
        mediator=to.public_id,
        instead_of=has_it.public_id if has_it else "",
    )


def is_refused(dispute: Dispute, to: User, *, by: User) -> bool:
    count = Assignment.objects.count()
    with pytest.raises(WrongState) as refusal:
        give(dispute, to, by=by)
    assert Assignment.objects.count() == count
    return refusal.value.code == "kept_for_appeal"


# --- Who hears an appeal -------------------------------------------------------------------------


def test_whoever_was_only_given_it_neither_has_nor_decides_the_appeal(case, ada, ben, dora, fay):
    emil, gil, _ = User.objects.get(name="Emil"), mediator("Gil"), mediator("Hugo")
    give(case, emil, by=dora)
    give(case, fay, by=emil)
    give(case, gil, by=dora)
    give_up_dispute(dispute_id=case.pk, by=gil)
    rule(case, dora)
    appealed = appeal(case, ben)

    assert [one.name for one in mediators_for(seen(appealed))] == ["Hugo"]
    add_statement(dispute_id=case.pk, by=ada, statement="It is not.")
    for before in (emil, fay, gil):
        assert steps_for(seen(case), before) == []
        with pytest.raises(NotAllowed, match="before"):
            rule(case, before)
        with pytest.raises(NotAllowed, match="before"):
            give(case, before, by=before)
        with pytest.raises(InvalidInput):
            give(case, before, by=User.objects.get(name="Hugo"))


def test_nor_confirms_it(ada, ben, dora, fay):
    emil, gil, hugo = User.objects.get(name="Emil"), mediator("Gil"), mediator("Hugo")
    dispute = reviewed_dispute(ada, ben, ABOVE)
    give(dispute, emil, by=dora)
    give(dispute, dora, by=dora)
    confirmed(dispute, dora, fay)
    appeal(dispute, ben)
    add_statement(dispute_id=dispute.pk, by=ada, statement="It is not.")
    row = proposed_on(seen(dispute), gil)

    with pytest.raises(NotAllowed, match="before"):
        confirm_ruling(proposed_id=row.pk, by=emil)

    assert confirm_ruling(proposed_id=row.pk, by=hugo).state == "closed"


# --- Who is kept for it --------------------------------------------------------------------------


def test_one_mediator_does_not_shut_all_others_out_of_an_appeal(case, ben, dora, emil, fay):
    gil = mediator("Gil")
    for to in (dora, emil, fay):
        give(case, to, by=dora)

    assert is_refused(case, gil, by=dora)
    assert is_refused(case, gil, by=gil)

    give(case, emil, by=dora)  # back to who had it
    give_up_dispute(dispute_id=case.pk, by=emil)
    assert is_refused(case, gil, by=gil)
    give(case, dora, by=dora)
    rule(case, dora)
    assert mediators_for(seen(appeal(case, ben))) == [gil]


def test_two_are_kept_where_two_decide(ada, ben, dora, emil, fay):
    dispute, gil = reviewed_dispute(ada, ben, ABOVE), mediator("Gil")
    give(dispute, dora, by=dora)
    give(dispute, emil, by=dora)

    assert is_refused(dispute, fay, by=dora)

    confirmed(give(dispute, dora, by=dora), dora, emil)
    assert mediators_for(seen(appeal(dispute, ben))) == [fay, gil]


def test_neither_a_side_nor_who_left_is_kept(ada, dora, emil, fay):
    dispute, gil = reviewed_dispute(ada, emil), mediator("Gil")
    give(dispute, dora, by=dora)
    give(dispute, fay, by=dora)
    dispute = reviewed_dispute(ada, emil)
    give(dispute, dora, by=dora)
    User.objects.filter(pk=gil.pk).update(is_active=False)

    assert is_refused(dispute, fay, by=dora)


def test_who_returned_a_decision_is_not_counted_but_may_be_given_it(ada, ben, dora, emil, fay):
    dispute, gil = reviewed_dispute(ada, ben, ABOVE), mediator("Gil")
    return_ruling(proposed_id=proposed_on(dispute, dora).pk, by=emil, why="Look again.")
    give(dispute, dora, by=dora)

    assert is_refused(dispute, gil, by=dora)
    assert give(dispute, emil, by=dora).assignee == emil


def test_who_is_kept_does_not_decide_what_nobody_has(case, ben, dora, emil):
    give(case, dora, by=dora)
    give_up_dispute(dispute_id=case.pk, by=dora)
    with pytest.raises(WrongState, match="who never had this case") as refusal:
        rule(case, emil)
    assert refusal.value.code == "kept_for_appeal"
    page = browser(emil).get(case.desk_path).text
    assert "Nobody now." in page and "ruling-form" not in page and "Take it" not in page

    rule(case, dora)
    assert mediators_for(seen(appeal(case, ben))) == [emil]


def test_nor_answers_the_decision_of_somebody_else_who_can_be_answered_by_another(
    ada, ben, dora, emil, fay
):
    dispute, gil = reviewed_dispute(ada, ben, ABOVE), mediator("Gil")
    give(dispute, dora, by=dora)
    give(dispute, emil, by=dora)
    row = proposed_on(dispute, emil)
    for deed in (confirm_ruling, partial(return_ruling, why="Look again.")):
        with pytest.raises(NotAllowed, match="who never had this case"):
            deed(proposed_id=row.pk, by=fay)
    page = browser(fay).get(dispute.desk_path).text
    assert "An appeal needs two mediators" in page and "Return it" not in page

    confirm_ruling(proposed_id=row.pk, by=dora)
    assert mediators_for(seen(appeal(dispute, ben))) == [fay, gil]


def test_where_nobody_else_can_answer_it_who_is_kept_does(ada, ben, dora, emil):
    dispute = reviewed_dispute(ada, ben, ABOVE)
    give(dispute, dora, by=dora)
    assert confirmed(dispute, dora, emil).state == "decided"


def test_where_all_who_had_it_have_left_anybody_may_have_it(ada, ben, dora, emil):
    case, late = reviewed_dispute(ada, ben), reviewed_dispute(ada, ben)
    for one in (case, late):
        give(one, dora, by=dora)
    User.objects.filter(pk=dora.pk).update(is_active=False)

    assert rule(give(case, emil, by=emil), emil).state == "decided"
    assert "Take it over" in browser(emil).get(late.desk_path).text


@pytest.mark.parametrize("amount", [100_000, ABOVE])
def test_its_first_mediator_may_be_anybody(ada, ben, dora, amount):
    dispute = reviewed_dispute(ada, ben, amount)

    assert give(dispute, dora, by=dora).assignee == dora


def test_once_the_ruling_is_late_whoever_is_there_takes_it_over(case, dora, emil):
    give(case, dora, by=dora)
    assert is_refused(case, emil, by=emil)

    Dispute.objects.update(ruling_late_at=now())

    assert is_refused(case, emil, by=dora), "nobody is pushed out of an appeal even then"
    assert "Take it over" in browser(emil).get(case.desk_path).text
    give(case, emil, by=emil)
    assert rule(case, emil).state == "decided"


def test_on_appeal_nobody_is_kept(case, ben, dora, emil, fay):
    rule(case, dora)
    appeal(case, ben)

    give(case, emil, by=emil)
    assert give(case, fay, by=emil).assignee == fay


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_both_have_it(ada, ben):
    case, people = reviewed_dispute(ada, ben), [mediator(name) for name in ("Dora", "Emil", "Fay")]
    give(case, people[0], by=people[0])

    outcomes = at_once(*[lambda one=one: give(case, one, by=one) for one in people[1:]])

    assert outcomes.count("done") == 1 and set(outcomes) <= {"done", "assigned", "kept_for_appeal"}
    assert Assignment.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_nobody_is_left(ada, ben, monkeypatch):
    case, people = reviewed_dispute(ada, ben), [mediator(name) for name in ("Dora", "Emil", "Fay")]
    give(case, people[0], by=people[0])
    monkeypatch.setattr(services, "lock_dispute", lambda pk: Dispute.objects.get(pk=pk))
    meet_after(monkeypatch, services, "can_have_it", people=2)

    assert at_once(*[lambda one=one: give(case, one, by=one) for one in people[1:]]) == ["done"] * 2
    assert Assignment.objects.count() == 3


# --- Doors ---------------------------------------------------------------------------------------


def test_the_desk_says_why_and_offers_nothing_else(case, dora, emil, fay):
    give(case, dora, by=dora)
    offered = browser(emil).get(case.desk_path).text
    assert "Take it over" in offered and fay.public_id in offered
    assert "An appeal needs" not in offered
    give(case, emil, by=emil)

    for reader in (dora, emil, fay):
        page = browser(reader).get(case.desk_path).text
        assert "An appeal needs a mediator who never had this case" in page
        assert fay.public_id not in page
        assert ("Take it over" in page) is (reader == dora)


def test_both_doors_refuse_it_in_words(case, dora, emil):
    give(case, dora, by=dora)
    body = {"mediator": emil.public_id, "instead_of": dora.public_id}

    page = browser(dora).post(f"{case.desk_path}assignment/", body)
    assert page.status_code == 409 and "An appeal needs a mediator" in page.content.decode()
    answer = api_of(dora).post(f"/api/v1{case.desk_path}assignments/", body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "kept_for_appeal")
    assert "Only those who have had it go on with it" in error["message"]
    assert seen(case).assignee == dora


def candidates(case: Dispute, reader: User) -> dict[str, str]:
    told = api_of(reader).get(f"/api/v1{case.desk_path}assignments/candidates/").json()
    return {one["mediator"]: one["refusal"] for one in told}


def test_a_program_reads_to_whom_it_can_give_the_case(case, dora, emil, fay):
    people = (dora, emil, fay)
    assert candidates(case, dora) == dict.fromkeys([one.public_id for one in people], "")

    give(case, dora, by=dora)
    give(case, emil, by=dora)
    has_it, kept = "Emil looks after it already.", why_kept_free(1)
    expected = {dora.public_id: "", emil.public_id: has_it, fay.public_id: kept}
    assert candidates(case, emil) == candidates(case, dora) == expected

    path = f"/api/v1{case.desk_path}assignments/"
    for to, refusal in expected.items():
        body = {"mediator": to, "instead_of": emil.public_id}
        with transaction.atomic():
            answer = api_of(emil).post(path, body)
            transaction.set_rollback(True)
        assert answer.status_code == (409 if refusal else 200)
        assert not refusal or answer.json()["error"]["message"] == refusal


def test_who_may_not_give_it_is_offered_nobody(case, ada, ben, dora, emil, fay):
    cora = grant_staff_roles(user_id=person("Cora").pk, roles={"support"}, by=SYSTEM)
    rule(case, dora)
    appeal(case, ben)

    assert candidates(case, cora) == candidates(case, dora) == {}
    assert set(candidates(case, emil)) == {emil.public_id, fay.public_id}


def test_many_candidates_take_no_more_queries(case, dora):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            candidates(case, dora)
        return len(found)

    few = queries()
    for name in ("Gil", "Hal", "Ida"):
        mediator(name)
    assert queries() == few
