"""What the other side is told of a milestone that was delivered, or has ended."""

from marketplace.common.words import Words
from payments.chargebacks.selectors import has_open_chargeback
from projects.milestones.models import Milestone

_SUBMITTED = Words(
    "“%(title)s” has been delivered. Approve it or ask for changes by %(due)s; after that it is "
    "approved by itself."
)
_SUBMITTED_UNDER_A_BANK = Words(
    "“%(title)s” has been delivered. Approve it or ask for changes: while %(client)s’s bank wants "
    "money of it back, silence approves nothing."
)
RELEASED = Words("“%(title)s” is approved and %(amount)s released.")
RELEASED_BY_SILENCE = Words(
    "“%(title)s” is approved and %(amount)s released, since the review period is over."
)
# By the step that cancelled it. Of the freelancer's right to do so at any time nothing is said.
CANCELLED = {
    "cancel": Words("“%(title)s” is cancelled."),
    "cancel_unfunded": Words("“%(title)s” is cancelled: the client did not fund it in time."),
    "drop": Words("“%(title)s” is cancelled: it was not funded yet."),
    "cancel_late": Words("“%(title)s” is cancelled: the delivery was late."),
    "cancel_idle": Words("“%(title)s” is cancelled: the work was never started."),
}


def words_of_delivery(milestone: Milestone) -> Words:
    """What its client is told of it: what silence will do, and only that."""
    if has_open_chargeback(milestone.escrow):
        client = milestone.contract.client.name
        return _SUBMITTED_UNDER_A_BANK.filled(title=milestone.title, client=client)
    assert milestone.review_ends_at
    return _SUBMITTED.filled(title=milestone.title, due=milestone.review_ends_at)
