"""The stages of a dispute after an outage: each side has its time, and so has the mediator."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.tasks import beat_heart
from payments.escrow.models import Escrow
from projects import tasks
from projects.contracts.models import Event, PutOff
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import accept_ruling, appeal_ruling, decide_dispute
from tests.projects.test_downtime import DOWN, started_again, stopped, walk_to
from tests.projects.test_every_clock_is_told import (
    a_decision,
    a_dispute,
    a_negotiation,
    an_appeal,
)
from tests.projects.two_mediators import mediator
from tests.world import why

pytestmark = pytest.mark.django_db


def test_who_could_not_reply_to_an_appeal_has_as_much_longer(ada, ben, later):
    an_appeal(ada, ben)
    dispute = Dispute.objects.get()
    was, hugo = dispute.reply_until, mediator("Hugo")
    walk_to(was + timedelta(hours=1), later)
    stopped()
    beat_heart()
    with pytest.raises(WrongState, match="was not at work for a while"):
        decide_dispute(dispute_id=dispute.pk, by=hugo, to_freelancer=0, **why())

    tasks.make_up_for_outages()

    found = PutOff.objects.get()
    dispute.refresh_from_db()
    assert (found.clock, found.was_due_at, found.due_at) == ("reply", was, dispute.reply_until)
    assert DOWN <= found.due_at - was < DOWN + timedelta(minutes=1)
    with pytest.raises(WrongState, match="can reply to the appeal until"):
        decide_dispute(dispute_id=dispute.pk, by=hugo, to_freelancer=0, **why())
    assert "extended by 2 h 10 min" in Event.objects.get(kind="clock_put_off").detail["reason"]


def test_nor_is_a_side_warned_of_an_end_that_is_being_put_off(ada, ben, later):
    _, ends_at, _ = a_decision(ada, ben)
    walk_to(ends_at - timedelta(hours=12), later)
    stopped()
    beat_heart()
    assert tasks.remind_in_disputes()["done"] == 0
    assert not Notification.objects.filter(kind="appeal_ends").exists()

    tasks.make_up_for_outages()

    assert tasks.remind_in_disputes()["done"] == 1


@pytest.mark.parametrize("deed", ["appeal", "accept"])
def test_nobody_is_told_that_a_time_is_over_which_is_being_put_off(ada, ben, later, deed):
    """Who comes in the minute before that would believe it, and come no more."""
    _, ends_at, _ = a_decision(ada, ben)
    dispute = Dispute.objects.get()

    def act() -> Dispute:
        if deed == "accept":
            return accept_ruling(dispute_id=dispute.pk, by=ben)
        return appeal_ruling(dispute_id=dispute.pk, by=ben, statement="More is done.")

    walk_to(ends_at + timedelta(hours=1), later)
    stopped()
    beat_heart()
    with pytest.raises(WrongState, match="was not at work for a while") as refusal:
        act()
    assert refusal.value.retry_after == 60

    tasks.make_up_for_outages()

    found = act()
    assert (found.appealed_by or found.accepted_by) == "freelancer"
    walk_to(now() + timedelta(days=30), later)
    with pytest.raises(WrongState) as refusal:
        accept_ruling(dispute_id=dispute.pk, by=ada)
    assert "was not at work" not in refusal.value.message


def test_what_is_put_off_leaves_the_later_stages_their_time(ada, ben, later):
    _, ends_at, _ = a_negotiation(ada, ben)
    Escrow.objects.update(limit_at=ends_at + timedelta(days=3))
    walk_to(ends_at + timedelta(days=1), later)
    stopped(timedelta(days=1, hours=1))

    started_again()

    left = ends_at + timedelta(days=2) - now()
    assert PutOff.objects.get().due_at - now() < left * 8 / 30


def test_what_struck_before_the_limit_has_struck_where_an_outage_spans_both(ada, ben, later):
    """It would be due only after the limit, and all would go back whatever the rule says."""
    _, due_at, _ = a_dispute(ada, ben)
    Escrow.objects.update(limit_at=due_at + timedelta(hours=1))
    walk_to(due_at + timedelta(hours=3), later)
    stopped(timedelta(hours=3, minutes=30))

    started_again()

    dispute = Dispute.objects.get()
    found = PutOff.objects.get(clock=PutOff.Clock.DISPUTE)
    assert found.was_due_at == found.due_at == dispute.answer_due_at == due_at
    assert not Event.objects.filter(kind="clock_put_off").exists(), "nothing was put off"
    assert tasks.escalate_unanswered_disputes() == {"done": 1, "failed": 0}
