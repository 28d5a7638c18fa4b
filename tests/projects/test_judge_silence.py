"""The time to answer is over, and nobody has: the table decides, or leaves it to a mediator."""

from collections.abc import Callable

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from marketplace.common.errors import WrongState
from payments.fundings.models import Payment
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.contracts.models import Event
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import appeal_ruling
from projects.disputes.sealed.services import seal_figure
from projects.disputes.services import answer_dispute, open_dispute
from projects.disputes.silence.services import judge_silence
from projects.disputes.silence.table import TABLES
from projects.messages.services import write_message
from projects.milestones.services import release_milestone
from projects.tasks import carry_out_rulings
from projects.tasks import escalate_unanswered_disputes as sweep
from tests.payments.chargeback_world import Bank
from tests.races import at_once
from tests.world import funded_milestone, opened_dispute, submitted_milestone

pytestmark = pytest.mark.django_db

WORDS = {"reason": "not_delivered", "statement": "There is nothing."}


def undelivered(ada, ben, later) -> Dispute:
    """Four days over, and disputed; the time to answer is over too."""
    milestone = funded_milestone(ada, ben)
    later(days=24)
    dispute = open_dispute(milestone_id=milestone.pk, by=ada, asked_for=30_000, **WORDS)
    later(days=5, minutes=1)
    return dispute


def unseen(ada, ben, later) -> Dispute:
    """Delivered, never looked at, and disputed by Ben; the time to answer is over too."""
    milestone = submitted_milestone(ada, ben)
    later(days=4)
    dispute = open_dispute(milestone_id=milestone.pk, by=ben, asked_for=90_000, **WORDS)
    later(days=5, minutes=1)
    return dispute


def told(kind: str) -> dict:
    return {notice.recipient: notice.text for notice in Notification.objects.filter(kind=kind)}


@pytest.mark.parametrize(("case", "row", "part"), [(undelivered, 9, 30_000), (unseen, 13, 90_000)])
def test_a_row_grants_what_was_asked_for_and_both_read_by_which(ada, ben, later, case, row, part):
    dispute = case(ada, ben, later)
    assert sweep() == {"done": 1, "failed": 0}

    dispute.refresh_from_db()
    ruling = dispute.rulings.get()
    assert (dispute.state, ruling.by, ruling.to_freelancer) == ("decided", None, part)
    assert ruling.rule.startswith(f"Row {row} of the rules")
    assert ruling.reasons == TABLES[2][row - 1].reason
    texts = told("dispute_decided")
    assert set(texts) == {ada, ben}
    for text in texts.values():
        assert f"By row {row} of the published rules." in text
        assert "appeal" in text
    assert sweep() == {"done": 0, "failed": 0}

    later(days=3, minutes=1)
    assert carry_out_rulings() == {"done": 1, "failed": 0}
    dispute.refresh_from_db()
    assert (dispute.state, dispute.to_freelancer) == ("closed", part)
    call_command("check_ledger")


def test_what_was_found_stands_in_the_decision(ada, ben, later):
    judge_silence(dispute_id=(dispute := undelivered(ada, ben, later)).pk)
    found = dispute.rulings.get().facts

    assert "The client opened it on " in found and "asked that $300.00 of the $1,000.00" in found
    assert "Nothing was delivered." in found
    assert "The freelancer had sent no file in a message before the dispute." in found
    assert "The freelancer did not answer, and has written or proposed nothing" in found


def test_the_silent_side_appeals_to_a_mediator(ada, ben, later):
    dispute = judge_silence(dispute_id=undelivered(ada, ben, later).pk)
    appeal_ruling(dispute_id=dispute.pk, by=ben, statement="I was in hospital.")

    later(days=4)
    assert carry_out_rulings() == {"done": 0, "failed": 0}
    dispute.refresh_from_db()
    assert dispute.state == "appealed"


def test_a_side_with_something_on_file_gets_a_mediator(ada, ben, later):
    dispute = opened_dispute(ada, ben)
    later(days=5, minutes=1)

    assert sweep() == {"done": 1, "failed": 0}
    dispute.refresh_from_db()
    assert dispute.state == "under_review"
    texts = told("dispute_escalated")
    assert set(texts) == {ada, ben}
    for text in texts.values():
        assert "By row 6 of the rules: What was sent is evidence" in text


def test_a_word_in_the_last_minute_counts(ada, ben, later):
    dispute = undelivered(ada, ben, later)
    write_message(bid_id=dispute.milestone.contract.bid_id, by=ben, text="I was ill.")

    judge_silence(dispute_id=dispute.pk)

    dispute.refresh_from_db()
    assert dispute.state == "under_review"


def test_a_bank_that_wants_the_money_comes_first(ada, ben, later):
    dispute = unseen(ada, ben, later)
    Bank(Payment.objects.get(paid_for=dispute.milestone.escrow.public_id)).takes()

    assert judge_silence(dispute_id=dispute.pk).state == "under_review"
    assert "By row 2 of the rules" in told("dispute_escalated")[ben]


def test_nobody_is_judged_who_has_answered_or_still_may(ada, ben, later):
    early = opened_dispute(ada, ben)
    with pytest.raises(WrongState):
        judge_silence(dispute_id=early.pk)
    dispute = undelivered(ada, ben, later)
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="Here I am.")

    with pytest.raises(WrongState):
        judge_silence(dispute_id=dispute.pk)
    dispute.refresh_from_db()
    assert dispute.state == "negotiating"


def release(dispute: Dispute, ada, ben) -> tuple[Callable, int]:
    return lambda: release_milestone(milestone_id=dispute.milestone_id, by=ada), 100_000


def accept(dispute: Dispute, ada, ben) -> tuple[Callable, int]:
    how = {"milestone_id": dispute.milestone_id, "to_freelancer": 60_000}
    proposal = propose_ending(**how, by=ada)
    return lambda: accept_proposal(proposal_id=proposal.pk, by=ben), 60_000


def meet(dispute: Dispute, ada, ben) -> tuple[Callable, int]:
    """Ben's figure meets the one that Ada has sealed, at their midpoint."""
    seal_figure(dispute_id=dispute.pk, by=ada, amount=60_000)
    return lambda: seal_figure(dispute_id=dispute.pk, by=ben, amount=40_000), 50_000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [release, accept, meet])
def test_who_settles_at_that_moment_is_either_before_the_rule_or_ends_it(ada, ben, later, way):
    dispute = undelivered(ada, ben, later)
    settle, part = way(dispute, ada, ben)

    outcomes = at_once(*[settle, lambda: judge_silence(dispute_id=dispute.pk)] * 4)

    assert set(outcomes) <= {"done", "wrong_state"}
    dispute.refresh_from_db()
    escrow, rulings = dispute.milestone.escrow, dispute.rulings.count()
    is_settled = dispute.milestone.closed_at is not None
    assert is_settled or rulings
    assert Event.objects.filter(kind="dispute_decided").count() == rulings <= 1
    if way is accept:
        assert is_settled != bool(rulings), "a decision overtakes what was proposed before it"
    assert escrow.released == (part if is_settled else 0)
    assert dispute.state == ("closed" if is_settled else "decided")
    later(days=4)
    assert carry_out_rulings() == {"done": 0 if is_settled else 1, "failed": 0}
    call_command("check_ledger")
