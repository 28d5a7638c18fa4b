"""What becomes of a dispute when the time to answer it is over."""

from django.db import transaction

from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from projects.disputes.models import Dispute
from projects.disputes.rules import judge_step
from projects.disputes.rulings.services import decide_by_rule
from projects.disputes.services import escalate_dispute, lock_dispute, lock_money
from projects.disputes.silence.facts import facts_on
from projects.disputes.silence.table import judge
from projects.disputes.silence.words import found_in_words


@transaction.atomic
def judge_silence(*, dispute_id: int) -> Dispute:
    """The other side had its time to answer: the table says what comes of it.

    Where a row grants what the opener asked for, that is the decision; otherwise a mediator goes by
    what is on file. Raises WrongState where no answer is waited for, or its time is not over.
    """
    dispute = lock_dispute(dispute_id)
    judge_step(dispute, "escalate", SYSTEM)
    milestone = dispute.milestone
    lock_money(dispute)
    facts = facts_on([dispute])[dispute.pk]
    found = judge(facts)
    row = found.row
    if found.to_freelancer is None:
        why = Words(
            "By row %(row)s of the rules: %(reason)s", row=row.number, reason=Words(row.reason)
        )
        return escalate_dispute(dispute_id=dispute_id, why=why)
    return decide_by_rule(
        dispute_id=dispute_id,
        rule=f"Row {row.number} of the rules for silence: {row.condition}",
        ground=row.ground,
        to_freelancer=found.to_freelancer,
        facts=found_in_words(facts, milestone.currency),
        reasons=row.reason,
        why=Words("By row %(row)s of the published rules.", row=row.number),
    )
