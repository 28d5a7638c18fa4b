"""A day before a time of the sides ends, whoever can still use it is reminded, once."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from payments.escrow.models import Escrow
from projects.disputes.models import Dispute
from projects.disputes.reminding import services
from projects.disputes.reminding.services import remind_of_end
from projects.disputes.rulings.services import accept_ruling, appeal_ruling
from projects.disputes.services import add_statement
from projects.milestones.services import release_milestone
from projects.tasks import remind_in_disputes
from tests.projects.dispute_world import rule
from tests.races import at_once
from tests.world import api_of, negotiated_dispute, opened_dispute, reviewed_dispute, to_mediator

pytestmark = pytest.mark.django_db

KINDS = ("dispute_answer_ends", "negotiation_ends", "appeal_ends", "appeal_reply_ends")


def reminded() -> list[tuple[str, str]]:
    told = Notification.objects.filter(kind__in=KINDS).order_by("recipient__name", "pk")
    return list(told.values_list("kind", "recipient__name"))


def test_who_has_to_answer_is_reminded_a_day_before_and_once(ada, ben, later):
    dispute = opened_dispute(ada, ben)
    later(days=3.9)
    assert remind_in_disputes() == {"done": 0, "failed": 0}
    remind_of_end(dispute_id=dispute.pk)
    assert reminded() == []

    later(days=0.2)
    assert remind_in_disputes() == {"done": 1, "failed": 0}
    assert reminded() == [("dispute_answer_ends", ben.name)], "Ada opened it"
    assert remind_in_disputes() == {"done": 0, "failed": 0}
    remind_of_end(dispute_id=dispute.pk)
    assert len(reminded()) == 1


def test_both_are_reminded_that_they_can_settle_it(ada, ben, later):
    negotiated_dispute(ada, ben)
    later(days=6.5)
    remind_in_disputes()

    assert reminded() == [("negotiation_ends", ada.name), ("negotiation_ends", ben.name)]
    told = api_of(ben).get("/api/v1/notifications/").json()["results"][0]
    assert "between yourselves until" in told["text"]


def test_of_the_time_to_appeal_only_those_who_can_are_reminded(ada, ben, dora, later):
    dispute = rule(reviewed_dispute(ada, ben), dora)
    accept_ruling(dispute_id=dispute.pk, by=ada)
    later(days=2.5)
    remind_in_disputes()
    assert reminded() == [("appeal_ends", ben.name)]

    appeal_ruling(dispute_id=dispute.pk, by=ben, statement="No.")
    assert remind_in_disputes() == {"done": 0, "failed": 0}, "there are days to reply"


def test_who_can_reply_to_an_appeal_is_reminded_a_day_before_and_once(ada, ben, dora, later):
    dispute = rule(reviewed_dispute(ada, ben), dora)
    dispute = appeal_ruling(dispute_id=dispute.pk, by=ben, statement="No.")
    later(days=1.9)
    assert remind_in_disputes() == {"done": 0, "failed": 0}

    later(days=0.2)
    assert remind_in_disputes() == {"done": 1, "failed": 0}
    assert reminded() == [("appeal_reply_ends", ada.name)], "Ben appealed"
    told = api_of(ada).get("/api/v1/notifications/").json()["results"][0]
    assert told["text"].endswith("then another mediator decides for good.")
    assert remind_in_disputes() == {"done": 0, "failed": 0}

    Dispute.objects.update(reply_until=dispute.reply_until + timedelta(hours=2))
    assert remind_in_disputes() == {"done": 1, "failed": 0}, "it was put off"


def test_who_has_replied_to_an_appeal_is_not_reminded(ada, ben, dora, later):
    dispute = rule(reviewed_dispute(ada, ben), dora)
    appeal_ruling(dispute_id=dispute.pk, by=ben, statement="No.")
    later(days=2.5)
    add_statement(dispute_id=dispute.pk, by=ada, statement="Yes.")

    assert remind_in_disputes() == {"done": 0, "failed": 0}
    remind_of_end(dispute_id=dispute.pk)
    assert reminded() == []


def test_what_has_ended_or_is_too_late_reminds_nobody(ada, ben, later):
    ended, late = opened_dispute(ada, ben), opened_dispute(ada, ben)
    release_milestone(milestone_id=ended.milestone_id, by=ada)
    later(days=4.5)
    Dispute.objects.filter(pk=late.pk).update(answer_due_at=now())

    assert remind_in_disputes() == {"done": 0, "failed": 0}
    for dispute in (ended, late):
        remind_of_end(dispute_id=dispute.pk)
    assert reminded() == []


def test_a_time_that_was_put_off_is_told_of_again(ada, ben, later):
    dispute = opened_dispute(ada, ben)
    later(days=4.5)
    remind_in_disputes()
    Dispute.objects.update(answer_due_at=dispute.answer_due_at + timedelta(days=1))
    assert remind_in_disputes() == {"done": 0, "failed": 0}, "it is more than a day off again"

    later(days=1)
    assert remind_in_disputes() == {"done": 1, "failed": 0}
    assert len(reminded()) == 2


def test_a_time_that_ends_before_the_last_one_is_told_of_too(ada, ben, dora, later):
    dispute = negotiated_dispute(ada, ben)
    later(days=6.2)
    remind_in_disputes()
    dispute = to_mediator(dispute, ada, ben)
    limit_at = now() + timedelta(hours=18)
    Escrow.objects.filter(pk=dispute.milestone.escrow_id).update(limit_at=limit_at)

    assert rule(dispute, dora).appeal_ends_at < dispute.negotiation_ends_at
    assert remind_in_disputes() == {"done": 1, "failed": 0}
    assert ("appeal_ends", ben.name) in reminded()


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_remind_once(ada, ben, later):
    dispute = negotiated_dispute(ada, ben)
    later(days=6.5)

    at_once(*[lambda: remind_of_end(dispute_id=dispute.pk)] * 8)

    assert len(reminded()) == 2


@pytest.mark.django_db(transaction=True)
def test_without_what_they_were_told_of_before_they_are_reminded_eight_times(
    ada, ben, later, monkeypatch
):
    dispute = negotiated_dispute(ada, ben)
    later(days=6.5)
    monkeypatch.setattr(services, "_ends_soon", lambda dispute: dispute.negotiation_ends_at)

    at_once(*[lambda: remind_of_end(dispute_id=dispute.pk)] * 8)

    assert len(reminded()) == 16
