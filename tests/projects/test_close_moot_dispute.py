"""A dispute whose milestone ends by other means has nothing left to decide."""

import pytest

from accounts.notifications.models import Notification
from marketplace.common.errors import WrongState
from projects.contracts.models import Event
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.selectors import desk_disputes, still_open
from projects.disputes.services import close_moot_dispute
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import close_moot_disputes
from tests.world import negotiated_dispute, opened_dispute, reviewed_dispute, why

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("make", [opened_dispute, negotiated_dispute, reviewed_dispute])
@pytest.mark.parametrize(("end", "word"), [("release", "released"), ("cancel", "cancelled")])
def test_it_is_closed_at_once_and_the_sweep_writes_it_down(ada, ben, dora, make, end, word):
    dispute = make(ada, ben)
    if end == "release":
        release_milestone(milestone_id=dispute.milestone_id, by=ada)
    else:
        cancel_milestone(milestone_id=dispute.milestone_id, by=ben)

    dispute = Dispute.objects.get()
    assert dispute.state == "closed"
    assert dispute.status != "closed"
    assert not still_open(desk_disputes(dora)).exists()
    with pytest.raises(WrongState, match="dispute is closed"):
        decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())

    assert close_moot_disputes() == {"done": 1, "failed": 0}
    dispute = Dispute.objects.get()
    assert (dispute.status, dispute.closed_at) == ("closed", dispute.milestone.closed_at)
    told = Notification.objects.filter(kind="dispute_closed")
    assert {notice.recipient for notice in told} == {ada, ben}
    assert all(word in notice.text for notice in told)
    assert close_moot_disputes() == {"done": 0, "failed": 0}
    assert Event.objects.filter(kind="dispute_closed").count() == 1


def test_one_that_goes_on_stays_open(ada, ben):
    dispute = reviewed_dispute(ada, ben)

    assert close_moot_disputes() == {"done": 0, "failed": 0}
    assert close_moot_dispute(dispute_id=dispute.pk).state == "under_review"
    assert not Event.objects.filter(kind="dispute_closed").exists()


def test_a_decision_that_stands_is_not_moot(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())

    assert close_moot_disputes() == {"done": 0, "failed": 0}
    assert close_moot_dispute(dispute_id=dispute.pk).state == "decided"
