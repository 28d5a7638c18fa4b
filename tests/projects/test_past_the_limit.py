"""The provider holds the money no longer, and its review has some hours yet: nobody is caught."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from marketplace.common.errors import WrongState
from projects.agreements.outlook import prospects_of
from projects.disputes.models import Dispute
from projects.disputes.services import open_dispute
from projects.disputes.silence.services import judge_silence
from projects.milestones.models import Milestone
from projects.milestones.rules import open_steps
from projects.milestones.services import return_work
from projects.tasks import pull_reviews, refund_at_limit, release_unreviewed_milestones
from projects.tasks.disputes import carry_out_rulings, escalate_unanswered_disputes
from tests.projects.limit_world import NOTHING, ONE, fresh, submitted_on_day_8, to_thailand
from tests.world import api_of, browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def milestone(ada, ben, later) -> Iterator[Milestone]:
    """Held for twelve days, of which the provider allows ten now: reviewed half a day longer."""
    milestone = submitted_on_day_8(ada, ben, later)
    later(days=4)
    to_thailand(ben)
    assert pull_reviews() == ONE
    yield fresh(milestone)
    call_command("check_ledger")


def disputed(milestone, by, asked_for: int) -> Dispute:
    return open_dispute(
        milestone_id=milestone.pk, by=by, reason="other", statement="No.", asked_for=asked_for
    )


def test_nobody_asks_for_changes_that_nobody_could_make(ada, milestone):
    """What is returned goes back to the client within the minute, work and all."""
    with pytest.raises(WrongState, match="no time left for changes"):
        return_work(milestone_id=milestone.pk, by=ada, answer="A comma.")

    url = f"/api/v1/milestones/{milestone.public_id}"
    answer = api_of(ada).post(f"{url}/return/", {"answer": "A comma."})
    assert answer.status_code == 409 and "no time left" in answer.json()["error"]["message"]
    assert refund_at_limit() == NOTHING, "its review decides"


def test_the_freelancer_is_not_let_into_a_dispute_that_they_lose(ben, milestone, later):
    with pytest.raises(WrongState, match="would send all of it back"):
        disputed(milestone, ben, asked_for=100_000)

    assert "dispute" not in open_steps(milestone, "freelancer")
    assert "dispute" in open_steps(milestone, "client")
    (approved,) = prospects_of(milestone.contract).of(milestone).outlook.strikes
    assert approved.stops.startswith("Ada can open a dispute before, by which all of it goes back")
    page = browser(ben).get(f"/milestones/{milestone.public_id}/dispute/")
    assert page.status_code == 409 and b"would send all of it back" in page.content
    assert fresh(milestone).status == "submitted"
    later(hours=13)
    assert release_unreviewed_milestones() == ONE


def test_what_the_client_disputes_goes_back_and_the_page_says_so(ada, milestone):
    page = browser(ada).get(f"/milestones/{milestone.public_id}/dispute/")
    assert b"There is no time left" in page.content and b"at once" in page.content
    assert b"What happens then" not in page.content

    disputed(milestone, ada, asked_for=0)

    told = Notification.objects.get(kind="dispute_opened")
    assert told.text.endswith("holds the money no longer: it goes back to the client.")
    assert refund_at_limit() == ONE
    assert fresh(milestone).status == "refunded"


def test_no_rule_of_silence_comes_before_that(ada, milestone):
    """Nobody had a minute to answer: by chance of the sweeps their silence would decide."""
    dispute = disputed(milestone, ada, asked_for=0)

    assert dispute.answer_due_at >= dispute.created_at
    with pytest.raises(WrongState, match="before the time to answer was over"):
        judge_silence(dispute_id=dispute.pk)
    assert escalate_unanswered_disputes()["done"] == carry_out_rulings()["done"] == 0
    assert refund_at_limit() == ONE
