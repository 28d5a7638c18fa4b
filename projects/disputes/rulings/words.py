"""What follows from a decision, as both sides are told."""

from marketplace.common.words import Words
from projects.disputes.models import Dispute
from projects.disputes.words import arrival_in_words


def what_follows(dispute: Dispute, role: str) -> Words:
    """When it is carried out, and until when this side can appeal."""
    assert dispute.appeal_ends_at
    if dispute.appealed_by:
        return Words("This decision is the last, and is carried out at once.")
    text = Words(
        "It is carried out on %(due)s, or as soon as both of you accept it. If you do not agree, "
        "appeal before: another mediator then decides for good.",
        due=dispute.appeal_ends_at,
    )
    return text + arrival_in_words(dispute, role)


def after_the_bank() -> Words:
    return Words(
        "It is carried out once the client's bank has decided whether it takes money of it back."
    )
