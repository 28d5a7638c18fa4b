"""What the other side is told of a milestone that was delivered, or has ended; and why nobody can
ask for changes.
"""

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

NO_TIME_LEFT = (
    "The payment provider holds this money no longer: there is no time left for changes. Approve "
    "the work, agree on how to end the milestone, or open a dispute, by which all of it goes back "
    "to you."
)
# Nobody decides one any more.
LOST_BY_A_DISPUTE = (
    "The payment provider holds this money no longer: a dispute would send all of it back to the "
    "client."
)


def no_revision_left(included: int) -> str:
    """All of so many that the agreement includes are used."""
    said_so = {0: "includes no revisions", 1: "includes one revision, which is used"}.get(
        included, f"includes {included} revisions, which are all used"
    )
    return (
        f"The agreement {said_so}. You can approve the work, propose a change with one more "
        "revision, release a part of the money, propose how to end the milestone, or open a "
        "dispute."
    )


def words_of_delivery(milestone: Milestone) -> Words:
    """What its client is told of it: what silence will do, and only that."""
    if has_open_chargeback(milestone.escrow):
        client = milestone.contract.client.name
        return _SUBMITTED_UNDER_A_BANK.filled(title=milestone.title, client=client)
    assert milestone.review_ends_at
    return _SUBMITTED.filled(title=milestone.title, due=milestone.review_ends_at)
