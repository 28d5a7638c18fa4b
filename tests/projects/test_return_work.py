"""Asking for changes."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from projects.contracts.models import Event
from projects.milestones.models import Reminder, Submission
from projects.milestones.rules import late_from, open_steps
from projects.milestones.services import cancel_milestone, return_work, submit_work
from tests.races import at_once
from tests.world import api_of, funded_milestone, submitted_milestone

pytestmark = pytest.mark.django_db


def test_the_review_stops_and_the_answer_is_on_record(ada, ben):
    milestone = submitted_milestone(ada, ben)

    milestone = return_work(milestone_id=milestone.pk, by=ada, answer=" The search is missing. ")

    submission = Submission.objects.get()
    assert (milestone.status, milestone.review_ends_at) == ("returned", None)
    assert submission.answer == "The search is missing."
    assert submission.returned_at is not None
    assert Notification.objects.get(kind="work_returned").recipient == ben
    assert Event.objects.get(kind="work_returned").detail == {"version": 1}
    waiting = Reminder.objects.filter(told_at=None)
    assert not waiting.filter(kind__startswith="review_").exists()
    assert waiting.filter(kind="due_now").get().due_at == milestone.due_at


def test_a_slow_review_makes_nobody_late(ada, ben, later):
    """A client who waits out the due date and then returns the work cannot cancel at once."""
    milestone = submitted_milestone(ada, ben, review_days=30)
    agreed = milestone.due_at
    later(days=25)

    milestone = return_work(milestone_id=milestone.pk, by=ada, answer="A comma.")

    assert timedelta(days=25) <= milestone.due_at - agreed < timedelta(days=25, minutes=1)
    assert late_from(milestone) == milestone.due_at + timedelta(days=3)
    assert "cancel_late" not in open_steps(milestone, "client")
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_late")


@pytest.mark.parametrize("late", [3, 40])
def test_who_returns_late_work_waits_for_the_grace_anew(ada, ben, later, late):
    """Or else they could ask for changes, cancel in the same minute, and keep what they have."""
    milestone = funded_milestone(ada, ben)
    later(seconds=(milestone.due_at - now() + timedelta(days=late)).total_seconds() - 60)
    submit_work(milestone_id=milestone.pk, by=ben, note="Late, but whole.")

    milestone = return_work(milestone_id=milestone.pk, by=ada, answer="A comma.")

    assert abs(milestone.due_at - now()) < timedelta(minutes=1)
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_late")
    warning = Reminder.objects.get(kind="late_over", told_at=None)
    assert warning.due_at == late_from(milestone) > now()
    later(days=3, minutes=1)
    cancel_milestone(milestone_id=milestone.pk, by=ada, step="cancel_late")
    milestone.refresh_from_db()
    assert milestone.status == "cancelled"


def test_it_is_returned_once(ada, ben):
    milestone = submitted_milestone(ada, ben)
    return_work(milestone_id=milestone.pk, by=ada, answer="More.")
    with pytest.raises(WrongState):
        return_work(milestone_id=milestone.pk, by=ada, answer="Even more.")
    assert Submission.objects.get().answer == "More."


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
def test_only_the_client_may(ada, ben, name, request):
    milestone = submitted_milestone(ada, ben)
    with pytest.raises(NotAllowed):
        return_work(milestone_id=milestone.pk, by=request.getfixturevalue(name), answer="x")


@pytest.mark.parametrize("answer", ["", "  \n ", "x" * 10_001, "a\x00b"])
def test_an_answer_that_says_nothing_is_refused(ada, ben, answer):
    milestone = submitted_milestone(ada, ben)
    with pytest.raises(InvalidInput) as refusal:
        return_work(milestone_id=milestone.pk, by=ada, answer=answer)
    assert refusal.value.param == "answer"
    milestone.refresh_from_db()
    assert milestone.status == "submitted"


def test_nothing_is_returned_before_it_is_delivered(ada, ben):
    with pytest.raises(WrongState):
        return_work(milestone_id=funded_milestone(ada, ben).pk, by=ada, answer="x")


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_return_once(ada, ben, bells):
    milestone = submitted_milestone(ada, ben)
    outcomes = at_once(*[lambda: return_work(milestone_id=milestone.pk, by=ada, answer="x")] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Event.objects.filter(kind="work_returned").count() == 1


def test_the_api_returns_it(ada, ben):
    milestone = submitted_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/return/"

    assert api_of(ben).post(url, {"answer": "x"}).status_code == 403
    for body in ({}, {"answer": ""}, {"answer": None}, {"answer": [1]}, {"answer": "x" * 10_001}):
        refused = api_of(ada).post(url, body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "answer")
    shown = api_of(ada).post(url, {"answer": "The search."}).json()
    assert (shown["status"], shown["clocks"]["review_ends_at"]) == ("returned", None)
    assert api_of(ada).post(url, {"answer": "Again."}).status_code == 409


def test_the_same_key_returns_no_later_delivery(ada, ben):
    milestone = submitted_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/return/"

    def ask():
        return api_of(ada).post(url, {"answer": "More."}, headers={"Idempotency-Key": "once"})

    first = ask()
    submit_work(milestone_id=milestone.pk, by=ben, note="Here is more.")
    again = ask()

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    milestone.refresh_from_db()
    assert milestone.status == "submitted"


def test_the_page_returns_it(ada, ben, client):
    milestone = submitted_milestone(ada, ben)
    client.force_login(ada)
    url = f"/milestones/{milestone.public_id}/return/"
    for nothing in ("", "   ", "a\x00b"):
        refused = client.post(url, {"answer": nothing})
        assert refused.status_code == 400 and refused.context["form"].errors["answer"]

    answer = client.post(url, {"answer": "The <b>search</b>."})

    client.force_login(ben)
    page = client.get(answer.url.split("#")[0]).content.decode()
    assert "Changes asked for" in page
    assert "The &lt;b&gt;search&lt;/b&gt;." in page
    shown = client.get(f"/milestones/{milestone.public_id}/submit/").content.decode()
    assert "The &lt;b&gt;search&lt;/b&gt;." in shown, "what to change stands beside the form"
