"""Which notices a person may do without, by mail or as unread in the house, and which mails do not
wait for the morning.

Whatever is not named here is obligatory: it is about money, an agreement or a dispute, about a
clock that judges, or about the account itself; a test names each with its reason. So a new kind of
notice comes by mail, and counts, until somebody decides, here, that it need not. That was decided
of some that are about money or a clock, too: whether a payout arrives that leaves by itself is told
anyhow, and that a delivery is due; what time does to bids and postings moves no money.
"""

from django.db.models import TextChoices


class How(TextChoices):
    """How a kind of notice that need not be mailed comes by email."""

    AT_ONCE = "at_once", "At once"
    DAILY = "daily", "Once a day"
    NEVER = "never", "Not at all"


# The mail of a day is no kind of notice; the link at its foot ends all that would stand in it.
DIGEST = "digest"

# In the order of the page: what is mailed when it happens.
OPTIONAL: dict[str, str] = {
    "bid_submitted": "Somebody bids on your posting",
    "bid_edited": "A bid on your posting is changed",
    "bid_renewed": "A bid on your posting is renewed",
    "bid_withdrawn": "A bid on your posting is withdrawn",
    "invitation_declined": "Somebody declines your invitation to bid",
    "posting_expired": "Your posting closes by itself",
    "posting_awarded": "Your posting ends by itself with the awards that are made",
    "choice_ends": "Your time to choose a bid ends in a few days",
    "question_asked": "Somebody asks about your posting",
    "question_removed": "A question of yours, or about your posting, is removed",
    "invitation_sent": "You are invited to bid on a posting",
    "question_answered": "A question about a posting that you bid on or asked about is answered",
    "question_declined": "Your question about a posting is not answered",
    "confidentiality_asked": "A posting that you bid on asks for silence in other words",
    "bid_shortlisted": "Your bid is shortlisted",
    "bid_declined": "Your bid is declined",
    "bid_given_back": "Your bid is given back: its posting has ended",
    "bid_lapses_soon": "Your bid lapses in a few days",
    "bid_lapsed": "Your bid lapses",
    "message_written": "Somebody writes to you in a workroom",
    "message_mention": "Somebody names you in a workroom",
    "work_started": "The freelancer begins to work",
    "due_in_7_days": "A delivery is due in a week",
    "due_in_3_days": "A delivery is due in three days",
    "due_in_1_day": "A delivery is due in a day",
    "payout_made": "A payout to your bank is made by itself",
}

# Somebody may be at the door in your name, or money moves before the morning comes.
URGENT = frozenset({"token_made", "review_ends_in_2_hours"})
