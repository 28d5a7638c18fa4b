"""Criteria are named by number: whoever read other ones is told, and nothing is done."""

import re

import pytest

from marketplace.common.errors import WrongState
from marketplace.common.etags import etag_of
from projects.disputes.models import Dispute
from projects.disputes.services import open_dispute
from projects.milestones.models import Milestone, Submission
from projects.milestones.services import return_work, submit_work
from tests.world import answers_to, api_of, fund, plan_of, planned_milestone

pytestmark = pytest.mark.django_db

READ, AGREED = ["It keeps the basket.", "It is fast."], ["It is fast.", "It keeps the basket."]
TAG = etag_of(READ)


def funded(ada, ben) -> Milestone:
    return fund(planned_milestone(ada, ben, plan=plan_of(100_000, criteria=READ)))


def delivered(ada, ben) -> Milestone:
    milestone = funded(ada, ben)
    submit_work(milestone_id=milestone.pk, by=ben, note="", criteria=answers_to(milestone))
    return Milestone.objects.get(pk=milestone.pk)


def changed(milestone: Milestone) -> Milestone:
    """Both have agreed on another order, which is another meaning of every number."""
    Milestone.objects.filter(pk=milestone.pk).update(criteria=AGREED)
    return milestone


def submit(milestone, ada, ben):
    answers = answers_to(milestone)
    submit_work(milestone_id=milestone.pk, by=ben, note="", criteria=answers, criteria_tag=TAG)


def ask_for_changes(milestone, ada, ben):
    return_work(milestone_id=milestone.pk, by=ada, answer="More.", not_met=[1], criteria_tag=TAG)


def disagree(milestone, ada, ben):
    case = {"reason": "not_as_agreed", "statement": "It is not.", "asked_for": 0}
    open_dispute(milestone_id=milestone.pk, by=ada, not_met=[1], criteria_tag=TAG, **case)


DEEDS = [(funded, submit), (delivered, ask_for_changes), (delivered, disagree)]


@pytest.mark.parametrize(("begun", "deed"), DEEDS)
def test_numbers_of_other_criteria_are_refused_and_nothing_is_done(ada, ben, begun, deed):
    milestone = changed(begun(ada, ben))
    before = (milestone.status, Submission.objects.count())

    with pytest.raises(WrongState, match="were changed while you wrote") as refusal:
        deed(milestone, ada, ben)

    assert refusal.value.code == "criteria_changed"
    milestone.refresh_from_db()
    assert (milestone.status, Submission.objects.count()) == before
    assert not Submission.objects.exclude(returned_at=None).exists()
    assert not Dispute.objects.exists()


@pytest.mark.parametrize(("begun", "deed"), DEEDS)
def test_numbers_of_what_is_agreed_are_taken(ada, ben, begun, deed):
    milestone = begun(ada, ben)

    deed(milestone, ada, ben)

    assert Milestone.objects.get(pk=milestone.pk).status != milestone.status


def test_the_api_shows_the_tag_and_takes_it_back(ada, ben):
    milestone = delivered(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}"
    tag = api_of(ada).get(f"{url}/").json()["criteria_tag"]
    changed(milestone)
    numbers = {"not_met": [1], "criteria_tag": tag}
    case = numbers | {"reason": "not_as_agreed", "statement": "It is not.", "asked_for": 0}

    for path, body in [("return", numbers | {"answer": "More."}), ("disputes", case)]:
        refused = api_of(ada).post(f"{url}/{path}/", body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "criteria_changed")

    anew = {"criteria_tag": api_of(ada).get(f"{url}/").json()["criteria_tag"]}
    assert anew["criteria_tag"] != tag
    taken = api_of(ada).post(f"{url}/return/", numbers | {"answer": "More."} | anew)
    assert taken.status_code == 200
    again = {"criteria": [{"criterion": n, "met": True, "how": "Try it."} for n in (1, 2)]}
    refused = api_of(ben).post(f"{url}/submissions/", again | {"criteria_tag": tag})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "criteria_changed")
    assert api_of(ben).post(f"{url}/submissions/", again | anew).status_code == 201


@pytest.mark.parametrize(
    ("begun", "path", "typed"),
    [
        (funded, "submit", {"how_1": "Try it.", "how_2": "Try it.", "note": "All of it."}),
        (delivered, "return", {"answer": "All of it.", "not_met": ["1"]}),
        (
            delivered,
            "dispute",
            {
                "reason": "not_as_agreed",
                "statement": "All of it.",
                "asked_for": "10",
                "not_met": ["1"],
            },
        ),
    ],
)
def test_a_page_that_was_open_meanwhile_keeps_what_was_typed(ada, ben, client, begun, path, typed):
    milestone = begun(ada, ben)
    client.force_login(ben if path == "submit" else ada)
    url = f"/milestones/{milestone.public_id}/{path}/"
    typed = typed | {"criteria_tag": shown_tag(client.get(url))}
    changed(milestone)

    refused = client.post(url, typed)

    assert refused.status_code in (400, 409)
    page = refused.content.decode()
    assert "were changed while you wrote" in page and "All of it." in page
    anew = typed | {"criteria_tag": shown_tag(refused)}
    assert anew != typed
    assert client.post(url, anew).status_code == 302


@pytest.mark.parametrize(
    ("path", "typed", "wrong"),
    [
        ("submit", {"how_1": "Try it.", "how_2": "Try it."}, {"how_1": "x" * 501}),
        ("return", {"answer": "More.", "not_met": ["1"]}, {"answer": ""}),
        (
            "dispute",
            {"reason": "other", "statement": "No.", "asked_for": "10", "not_met": ["1"]},
            {"asked_for": "much"},
        ),
    ],
)
def test_another_mistake_does_not_hide_it(ada, ben, client, path, typed, wrong):
    """Else the form would come back with the numbers of then, and the tag of now."""
    milestone = (funded if path == "submit" else delivered)(ada, ben)
    client.force_login(ben if path == "submit" else ada)
    url = f"/milestones/{milestone.public_id}/{path}/"
    read = {"criteria_tag": shown_tag(client.get(url))}
    changed(milestone)

    refused = client.post(url, typed | wrong | read)

    assert "were changed while you wrote" in refused.content.decode()


def test_a_look_at_the_division_keeps_which_criteria_were_read(ada, ben, client):
    milestone = delivered(ada, ben)
    client.force_login(ada)
    url = f"/milestones/{milestone.public_id}/dispute/"
    read = {"criteria_tag": shown_tag(client.get(url))}
    case = {"reason": "other", "statement": "No.", "asked_for": "10", "not_met": ["1"]} | read
    changed(milestone)

    looked = client.post(url, case | {"preview": "1"})

    assert looked.status_code == 200 and shown_tag(looked) == read["criteria_tag"]
    refused = client.post(url, case)
    assert "were changed while you wrote" in refused.content.decode()
    assert client.post(url, case | {"criteria_tag": shown_tag(refused)}).status_code == 302


def shown_tag(response) -> str:
    (tag,) = re.findall(r'name="criteria_tag" value="(\w+)"', response.content.decode())
    return tag
