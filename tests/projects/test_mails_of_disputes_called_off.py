"""Mails about a dispute whose reason has gone for the one who would read them."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.disputes.assigning.services import assign_dispute
from projects.disputes.rulings.services import accept_ruling, appeal_ruling, decide_dispute
from projects.disputes.services import add_statement
from projects.milestones.services import release_milestone
from projects.reasons.services import why_gone
from projects.tasks import remind_in_disputes
from tests.projects.dispute_world import seen
from tests.projects.two_mediators import mediator, proposed
from tests.world import reviewed_dispute, why

pytestmark = pytest.mark.django_db


def why_mail_is_gone(kind: str, recipient) -> str | None:
    mail = Notification.objects.get(kind=kind, recipient=recipient)
    return why_gone([mail])[mail.pk]


def test_of_a_case_that_is_somebody_elses_by_now(ada, ben, dora):
    emil, fay = mediator("Emil"), mediator("Fay")
    dispute = reviewed_dispute(ada, ben)
    assign_dispute(dispute_id=dispute.pk, by=dora, mediator=emil.public_id)
    assert why_mail_is_gone("dispute_assigned", emil) == ""

    assign_dispute(
        dispute_id=dispute.pk, by=dora, mediator=fay.public_id, instead_of=emil.public_id
    )

    assert "Somebody else" in why_mail_is_gone("dispute_assigned", emil)
    assert why_mail_is_gone("dispute_assigned", fay) == ""


def test_to_confirm_to_who_is_no_mediator_any_more(ada, ben, dora):
    emil = mediator("Emil")
    proposed(ada, ben, dora)
    assert why_mail_is_gone("ruling_to_confirm", emil) == ""

    grant_staff_roles(user_id=emil.pk, roles=set(), by=SYSTEM)

    assert "no other mediator" in why_mail_is_gone("ruling_to_confirm", emil)


def test_of_an_end_to_who_has_accepted_meanwhile(ada, ben, dora, time_machine):
    """They could not appeal any more; the other side can."""
    dispute = reviewed_dispute(ada, ben)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())
    time_machine.move_to(seen(dispute).appeal_ends_at - timedelta(hours=20))
    remind_in_disputes()
    assert why_mail_is_gone("appeal_ends", ada) == ""

    accept_ruling(dispute_id=dispute.pk, by=ada)

    assert "no answer" in why_mail_is_gone("appeal_ends", ada)
    assert why_mail_is_gone("appeal_ends", ben) == ""


def settle(dispute, ada, ben) -> None:
    proposal = propose_ending(milestone_id=dispute.milestone_id, by=ada, to_freelancer=1)
    accept_proposal(proposal_id=proposal.pk, by=ben)


WAYS_TO_END_IT = {
    "a reply": lambda dispute, ada, ben: add_statement(
        dispute_id=dispute.pk, by=ada, statement="It is not."
    ),
    "a release": lambda dispute, ada, ben: release_milestone(
        milestone_id=dispute.milestone_id, by=ada
    ),
    "a settlement": settle,
}


@pytest.mark.parametrize("way", WAYS_TO_END_IT)
def test_of_an_appeal_that_waits_for_no_reply_any_more(ada, ben, dora, time_machine, way):
    dispute = reviewed_dispute(ada, ben)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())
    dispute = appeal_ruling(dispute_id=dispute.pk, by=ben, statement="It is done.")
    time_machine.move_to(dispute.reply_until - timedelta(hours=20))
    remind_in_disputes()
    assert why_mail_is_gone("appeal_reply_ends", ada) == ""

    WAYS_TO_END_IT[way](dispute, ada, ben)

    assert "no reply" in why_mail_is_gone("appeal_reply_ends", ada)
