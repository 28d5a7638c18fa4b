"""What follows from a decision, as both sides are told."""

from marketplace.common.words import Words
from payments.escrow.division import Shares
from projects.disputes.models import Dispute
from projects.disputes.words import arrival_in_words


def what_follows(dispute: Dispute, role: str, shares: Shares) -> Words:
    """When it is carried out, until when this side can appeal, and when its part arrives."""
    assert dispute.appeal_ends_at
    if dispute.appealed_by:
        return Words("This decision is the last, and is carried out at once.")
    text = Words(
        "It is carried out on %(due)s, or as soon as both of you accept it. If you do not agree, "
        "appeal before: another mediator then decides for good.",
        due=dispute.appeal_ends_at,
    )
    arrival = arrival_in_words(dispute, role, shares)
    return text + arrival if arrival else text


def after_the_bank() -> Words:
    return Words(
        "It is carried out once the client's bank has decided whether it takes money of it back."
    )
