"""What both sides say, and what happens when one of them is silent."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from projects.contracts.models import Event
from projects.disputes.models import Statement
from projects.disputes.rules import MOST_STATEMENTS, open_steps
from projects.disputes.services import (
    add_statement,
    answer_dispute,
)
from projects.disputes.silence.services import judge_silence
from projects.milestones.services import release_milestone
from projects.tasks import escalate_unanswered_disputes
from tests.races import at_once
from tests.world import opened_dispute, reviewed_dispute

pytestmark = pytest.mark.django_db


def test_an_answer_opens_the_negotiation(ada, ben):
    dispute = opened_dispute(ada, ben)

    dispute = answer_dispute(dispute_id=dispute.pk, by=ben, statement="It works here.")

    assert dispute.state == "negotiating"
    assert now() + timedelta(days=6) < dispute.negotiation_ends_at < now() + timedelta(days=7)
    assert dispute.ruling_due_at is None
    assert list(Statement.objects.order_by("pk").values_list("role", flat=True)) == [
        "client",
        "freelancer",
    ]
    notice = Notification.objects.get(kind="dispute_answered")
    assert notice.recipient == ada
    assert "you can settle it between yourselves; then a mediator takes over" in notice.text


@pytest.mark.parametrize("who", ["ada", "cleo", "dora"])
def test_only_the_other_side_answers(ada, ben, who, request):
    dispute = opened_dispute(ada, ben, by=ada)
    request.getfixturevalue("dora")

    with pytest.raises(NotAllowed):
        answer_dispute(
            dispute_id=dispute.pk, by=request.getfixturevalue(who), statement="It works."
        )

    dispute.refresh_from_db()
    assert dispute.state == "opened"
    assert Statement.objects.count() == 1


def test_it_is_answered_once(ada, ben):
    dispute = reviewed_dispute(ada, ben)

    with pytest.raises(WrongState):
        answer_dispute(dispute_id=dispute.pk, by=ben, statement="And another thing.")
    assert Statement.objects.count() == 2


def test_the_other_side_answers_before_it_adds(ada, ben):
    dispute = opened_dispute(ada, ben)

    with pytest.raises(WrongState, match="Answer the dispute first"):
        add_statement(dispute_id=dispute.pk, by=ben, statement="It works.")
    assert open_steps(dispute, "freelancer") == ["answer", "seal"]
    assert open_steps(dispute, "client") == ["state", "seal"]


def test_both_sides_add_to_the_record_until_it_is_decided(ada, ben):
    dispute = reviewed_dispute(ada, ben)

    add_statement(dispute_id=dispute.pk, by=ada, statement="See the film I sent.")
    add_statement(dispute_id=dispute.pk, by=ben, statement="That is another browser.")

    assert Statement.objects.count() == 4
    assert Notification.objects.filter(kind="dispute_statement").count() == 2


def test_a_side_cannot_bury_the_mediator(ada, ben):
    dispute = reviewed_dispute(ada, ben)
    for number in range(MOST_STATEMENTS - 1):
        add_statement(dispute_id=dispute.pk, by=ada, statement=f"Point {number}")

    with pytest.raises(WrongState):
        add_statement(dispute_id=dispute.pk, by=ada, statement="One more")
    add_statement(dispute_id=dispute.pk, by=ben, statement="The other side still may.")


@pytest.mark.parametrize("text", ["", " \n", "a\x00b", "x" * 10_001, None, 5])
def test_words_that_cannot_be_read_are_refused(ada, ben, text):
    dispute = opened_dispute(ada, ben)

    with pytest.raises(InvalidInput) as refusal:
        answer_dispute(dispute_id=dispute.pk, by=ben, statement=text)

    assert refusal.value.param == "statement"
    dispute.refresh_from_db()
    assert dispute.state == "opened"
    assert Statement.objects.count() == 1


def test_silence_goes_to_the_mediator_and_both_hear_of_it(ada, ben, time_machine):
    dispute = opened_dispute(ada, ben)
    with pytest.raises(WrongState):
        judge_silence(dispute_id=dispute.pk)
    assert escalate_unanswered_disputes() == {"done": 0, "failed": 0}

    time_machine.move_to(now() + timedelta(days=5, seconds=1))
    assert escalate_unanswered_disputes() == {"done": 1, "failed": 0}

    dispute.refresh_from_db()
    assert dispute.state == "under_review"
    assert dispute.ruling_due_at is not None
    told = Notification.objects.filter(kind="dispute_escalated")
    assert {notice.recipient for notice in told} == {ada, ben}
    assert Event.objects.get(kind="dispute_escalated").role == "system"
    assert escalate_unanswered_disputes() == {"done": 0, "failed": 0}
    # Too late to answer, never too late to be heard.
    assert open_steps(dispute, "freelancer") == ["state", "seal"]


def test_an_answer_counts_until_somebody_looks(ada, ben, time_machine):
    dispute = opened_dispute(ada, ben)
    time_machine.move_to(now() + timedelta(days=6))

    answered = answer_dispute(dispute_id=dispute.pk, by=ben, statement="I was ill.")
    assert answered.state == "negotiating"


def test_a_dispute_that_has_ended_is_not_handed_on(ada, ben, time_machine):
    dispute = opened_dispute(ada, ben)
    release_milestone(milestone_id=dispute.milestone_id, by=ada)
    time_machine.move_to(now() + timedelta(days=6))

    assert escalate_unanswered_disputes() == {"done": 0, "failed": 0}
    for deed, by in ((answer_dispute, ben), (add_statement, ada)):
        with pytest.raises(WrongState, match="dispute is closed"):
            deed(dispute_id=dispute.pk, by=by, statement="Wait.")


@pytest.mark.django_db(transaction=True)
def test_eight_answers_at_once_are_one(ada, ben):
    dispute = opened_dispute(ada, ben)

    outcomes = at_once(
        *[lambda: answer_dispute(dispute_id=dispute.pk, by=ben, statement="It works.")] * 8
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Statement.objects.count() == 2
