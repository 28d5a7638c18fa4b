"""A dispute names the criteria that are not met, and everybody who reads it sees them."""

import pytest

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput
from projects.contracts.models import Event
from projects.contracts.sentences import sentence_of
from projects.disputes.models import Dispute
from projects.disputes.services import open_dispute
from projects.milestones.services import submit_work
from tests.races import outcomes_at_once
from tests.world import answers_to, api_of, fund, plan_of, planned_milestone

pytestmark = pytest.mark.django_db

CRITERIA = ["It keeps the basket.", "It is fast.", "It is blue."]


def delivered(ada, ben, criteria=CRITERIA):
    milestone = fund(planned_milestone(ada, ben, plan=plan_of(100_000, criteria=criteria)))
    answers = answers_to(milestone)
    submit_work(milestone_id=milestone.pk, by=ben, note="Here.", criteria=answers)
    milestone.refresh_from_db()
    return milestone


def words(**other):
    said = {"reason": "not_as_agreed", "statement": "It is slow.", "asked_for": 50_000}
    return said | other


def test_they_are_kept_in_order_told_and_in_the_timeline(ada, ben):
    milestone = delivered(ada, ben)

    dispute = open_dispute(milestone_id=milestone.pk, by=ada, **words(not_met=[3, 2, 3]))

    dispute.refresh_from_db()
    assert dispute.not_met == ["It is fast.", "It is blue."]
    notice = Notification.objects.get(kind="dispute_opened")
    assert "The work is not as agreed. Criteria 2 and 3 are not met. Answer by" in notice.text
    told = sentence_of(Event.objects.get(kind="dispute_opened")).text
    assert ": criteria 2 and 3 are not met" in told


@pytest.mark.parametrize(
    ("not_met", "code"),
    [
        (None, "criterion_missing"),
        ([], "criterion_missing"),
        ([0], "unknown_criterion"),
        ([4], "unknown_criterion"),
        ([-1], "unknown_criterion"),
        ([True], "unknown_criterion"),
        (["1"], "unknown_criterion"),
        ([[1]], "unknown_criterion"),
        ([10**30], "unknown_criterion"),
        ("1", "invalid_input"),
        ({"1": 1}, "invalid_input"),
        (1, "invalid_input"),
    ],
)
def test_what_names_none_is_refused_and_nothing_is_disputed(ada, ben, not_met, code):
    milestone = delivered(ada, ben)

    with pytest.raises(InvalidInput) as refusal:
        open_dispute(milestone_id=milestone.pk, by=ada, **words(not_met=not_met))

    assert (refusal.value.param, refusal.value.code) == ("not_met", code)
    milestone.refresh_from_db()
    assert milestone.status == "submitted" and not Dispute.objects.exists()


@pytest.mark.parametrize("reason", sorted(set(Dispute.Reason.values) - {"not_as_agreed"}))
def test_with_another_reason_none_need_be_named(ada, ben, reason):
    milestone = delivered(ada, ben)
    dispute = open_dispute(milestone_id=milestone.pk, by=ben, **words(reason=reason))
    assert dispute.not_met == []


def test_with_another_reason_some_may_be_named(ada, ben):
    milestone = delivered(ada, ben)
    dispute = open_dispute(milestone_id=milestone.pk, by=ada, **words(reason="late", not_met=[1]))
    assert dispute.not_met == ["It keeps the basket."]


def test_where_nothing_was_agreed_none_can_be_named(ada, ben):
    milestone = delivered(ada, ben, criteria=[])
    with pytest.raises(InvalidInput) as refusal:
        open_dispute(milestone_id=milestone.pk, by=ada, **words(not_met=[1]))
    assert refusal.value.code == "unknown_criterion"
    assert open_dispute(milestone_id=milestone.pk, by=ada, **words()).not_met == []


def test_the_api_takes_numbers_and_shows_words_to_both_and_to_the_desk(ada, ben, dora):
    path = f"/api/v1/milestones/{delivered(ada, ben).public_id}/disputes/"

    missing = api_of(ada).post(path, words())
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "not_met")
    assert missing.json()["error"]["code"] == "criterion_missing"
    for bad in ([9], "all", [None], {"a": 1}, [1.5], [1] * 1_000):
        refused = api_of(ada).post(path, words(not_met=bad))
        assert refused.status_code == 400, bad
        assert refused.json()["error"]["param"].startswith("not_met")

    opened = api_of(ada).post(path, words(not_met=[2]))
    assert (opened.status_code, opened.json()["not_met"]) == (201, ["It is fast."])
    case = opened.json()["id"]
    assert api_of(ben).get(f"/api/v1/disputes/{case}/").json()["not_met"] == ["It is fast."]
    assert api_of(dora).get(f"/api/v1/desk/disputes/{case}/").json()["not_met"] == ["It is fast."]


def test_the_page_asks_by_boxes_and_keeps_what_was_typed(ada, ben, client):
    milestone = delivered(ada, ben)
    client.force_login(ada)
    url = f"/milestones/{milestone.public_id}/dispute/"
    empty = client.get(url).content.decode()
    assert empty.count('name="not_met"') == 3
    form = {"reason": "not_as_agreed", "statement": "It is slow.", "asked_for": "500"}

    refused = client.post(url, form)
    assert refused.status_code == 400
    page = refused.content.decode()
    assert "Name at least one criterion that is not met" in page and "It is slow." in page
    foreign = client.post(url, form | {"not_met": ["9"]})
    assert foreign.status_code == 400 and not Dispute.objects.exists()

    preview = client.post(url, form | {"not_met": ["2", "3"], "preview": "1"}).content.decode()
    assert preview.count("checked") >= 3  # the reason and both boxes

    assert client.post(url, form | {"not_met": ["2"]}).status_code == 302
    assert Dispute.objects.get().not_met == ["It is fast."]


def test_both_sides_and_the_desk_read_them(ada, ben, dora, client):
    milestone = delivered(ada, ben)
    dispute = open_dispute(milestone_id=milestone.pk, by=ada, **words(not_met=[2]))
    for reader, path in [
        (ada, dispute.path),
        (ben, dispute.path),
        (dora, f"/desk/disputes/{dispute.public_id}/"),
    ]:
        client.force_login(reader)
        page = client.get(path).content.decode()
        assert f"Not met, says {ada.name}" in page
        assert "It is fast." in page


def test_where_nothing_was_agreed_the_page_asks_for_nothing(ada, ben, client):
    milestone = delivered(ada, ben, criteria=[])
    client.force_login(ada)
    page = client.get(f"/milestones/{milestone.public_id}/dispute/").content.decode()
    assert "Which criteria" not in page


@pytest.mark.django_db(transaction=True)
def test_eight_openings_at_once_keep_the_grounds_of_one(ada, ben):
    milestone = delivered(ada, ben)
    grounds = [[1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3], [2]]

    outcomes = outcomes_at_once(
        *(
            lambda numbers=numbers: open_dispute(
                milestone_id=milestone.pk, by=ada, **words(not_met=numbers)
            )
            for numbers in grounds
        )
    )

    opened = [one for one in outcomes if isinstance(one, Dispute)]
    assert len(opened) == 1
    assert Dispute.objects.get().not_met == opened[0].not_met != []
    assert Notification.objects.filter(kind="dispute_opened").count() == 1
