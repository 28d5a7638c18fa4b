"""An offer on a posting, sealed from everybody but the client and its author."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop

from accounts.parties.models import Party
from marketplace.common import reasons
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField
from marketplace.common.words import Words
from projects.postings.models import Posting


class DeclinedFor(models.TextChoices):
    """Why a bid is declined: what a client chooses from, and what the end of its posting says."""

    PRICE = "price", gettext_noop("The price does not fit")
    TIMING = "timing", gettext_noop("The time does not fit")
    EXPERIENCE = "experience", gettext_noop("Other experience is needed")
    PLAN = "plan", gettext_noop("The plan does not fit")
    OTHER_CHOSEN = "other_chosen", gettext_noop("Another bid was chosen")
    POSTING_CHANGED = "posting_changed", gettext_noop("What is wanted has changed")
    OTHER = "other", gettext_noop("Another reason")
    ENOUGH_FOUND = "enough_found", gettext_noop("The client has found enough")
    NO_MORE_HIRED = (
        "no_more_hired",
        gettext_noop("The time to choose is over, and nobody more was hired"),
    )
    NOBODY_HIRED = "nobody_hired", gettext_noop("The posting has ended, and nobody was hired")


# Nobody said no to these: the time of the posting was over, or it was closed without an award.
GIVEN_BACK = {DeclinedFor.NO_MORE_HIRED, DeclinedFor.NOBODY_HIRED}
# The others are the house's own: a client who has found enough, or nobody, closes the posting.
CLIENTS_REASONS = [why for why in DeclinedFor if why not in {*GIVEN_BACK, DeclinedFor.ENOUGH_FOUND}]


class Bid(models.Model):
    """The terms as they stand; ``BidVersion`` keeps each earlier wording.

    ``plan`` is the milestones as offered: a list of {"title", "amount" (minor units), "days" (from
    the start of the contract), "criteria" (list of sentences)}; the amounts sum to ``price``.
    """

    class Status(models.TextChoices):
        SUBMITTED = "submitted", "Submitted"
        SHORTLISTED = "shortlisted", "Shortlisted"
        OFFERED = "offered", "Offered"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    public_id = PublicIdField(prefix="bd")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="bids")
    freelancer = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="bids")
    price = AmountField()
    currency = CurrencyField()
    days = models.PositiveIntegerField()
    letter = models.TextField(max_length=10_000)
    plan = models.JSONField()
    # What it answers to the posting's screening questions, by their public ids.
    answers = models.JSONField(default=dict, blank=True)
    valid_until = models.DateTimeField()
    # When its author is to be told that it lapses; null once they were, for this date.
    remind_at = models.DateTimeField(null=True)
    renewed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.SUBMITTED)
    # Why it was declined: one of a few words, and what the client adds to it.
    declined_for = models.CharField(max_length=15, choices=DeclinedFor.choices, blank=True)
    status_reason = models.CharField(max_length=300, blank=True)
    # Where it stood when it was offered: a declined or lapsed offer puts it back there.
    offered_from = models.CharField(max_length=11, choices=Status.choices, blank=True)
    created_at = models.DateTimeField(default=now)
    edited_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price__gt=0), name="a_bid_has_a_price"),
            models.UniqueConstraint(
                fields=["posting", "freelancer"],
                condition=Q(status__in=["submitted", "shortlisted", "offered", "accepted"]),
                name="one_live_bid_per_posting",
            ),
            models.CheckConstraint(
                condition=Q(status="declined", declined_for__in=DeclinedFor.values)
                | ~Q(status="declined") & Q(declined_for=""),
                name="a_declined_bid_has_its_reason",
            ),
            models.CheckConstraint(
                condition=~Q(declined_for="other", status_reason=""),
                name="another_reason_of_a_decline_is_a_sentence",
            ),
        ]
        indexes = [
            models.Index(
                fields=["valid_until"],
                condition=Q(status__in=["submitted", "shortlisted"]),
                name="bids_that_lapse",
            ),
            models.Index(
                fields=["remind_at"],
                condition=Q(status__in=["submitted", "shortlisted"], remind_at__isnull=False),
                name="bids_to_remind_of",
            ),
            models.Index(
                fields=["posting"],
                condition=Q(status__in=["offered", "accepted"]),
                name="bids_that_take_an_award",
            ),
            models.Index(fields=["freelancer", "-created_at", "-id"], name="bids_of_a_freelancer"),
            models.Index(fields=["posting", "-created_at", "-id"], name="bids_on_a_posting"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def path(self) -> str:
        """Its page, for the two who may read it."""
        return f"/bids/{self.public_id}/"

    @property
    def stands_still(self) -> bool:
        """Whether its time does not run: its posting is suspended. Restored, it goes on."""
        return self.status in LIVE and self.posting.status == Posting.Status.SUSPENDED

    @property
    def state_in_words(self) -> str:
        """Its status as people read it: a bid that nobody refused is not called declined."""
        return "Given back" if self.declined_for in GIVEN_BACK else self.get_status_display()

    @property
    def reason(self) -> Words:
        """Why it was declined, as its author is told; nothing where it was not."""
        if not self.declined_for:
            return Words.of_others("")
        label = self.get_declined_for_display()
        return reasons.said(self.declined_for, label, self.status_reason)

    @property
    def reason_in_words(self) -> str:
        return str(self.reason)

    @property
    def worded_at(self) -> datetime:
        """When the present wording was written."""
        return self.edited_at or self.created_at


S = Bid.Status
LIVE = {S.SUBMITTED, S.SHORTLISTED}
STANDING = LIVE | {S.OFFERED}  # what a client may still choose or has just chosen

# fmt: off
LIFECYCLE = Lifecycle(
    "bid",
    #    step         from                 to             by
    Step("edit",      LIVE,                "same",        {FREELANCER}, label="Edit", tells="bid_edited"),
    Step("renew",     LIVE,                "same",        {FREELANCER}, label="Renew", tells="bid_renewed"),
    Step("shortlist", {S.SUBMITTED},       S.SHORTLISTED, {CLIENT}, label="Shortlist", tells="bid_shortlisted"),
    Step("unlist",    {S.SHORTLISTED},     S.SUBMITTED,   {CLIENT}, label="Take off the shortlist"),
    Step("offer",     LIVE,                S.OFFERED,     {CLIENT}, label="Award", tells="bid_offered"),
    Step("return",    {S.OFFERED},         LIVE,          {CLIENT, FREELANCER, SYSTEM}, clock="offer_validity_days"),
    Step("accept",    {S.OFFERED},         S.ACCEPTED,    {FREELANCER}, tells="bid_accepted"),
    Step("counter",   LIVE,                "same",        {CLIENT}, label="Propose other terms", tells="counter_proposed"),
    Step("decline",   LIVE,                S.DECLINED,    {CLIENT, SYSTEM}, label="Decline", tells="bid_declined"),
    Step("give_back", LIVE,                S.DECLINED,    {SYSTEM}, tells="bid_given_back"),
    Step("withdraw",  LIVE,                S.WITHDRAWN,   {FREELANCER}, label="Withdraw", tells="bid_withdrawn"),
    Step("lapse",     LIVE,                S.LAPSED,      {SYSTEM}, clock="valid_until", tells="bid_lapsed"),
)
# fmt: on


class BidVersion(models.Model):
    """An earlier wording of a bid, as both sides saw it at the time; the bid itself is the newest.

    ``created_at`` is when it was written, not when it was replaced.
    """

    bid = models.ForeignKey(Bid, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    price = AmountField()
    days = models.PositiveIntegerField()
    letter = models.TextField()
    plan = models.JSONField()
    answers = models.JSONField(default=dict)
    valid_until = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bid", "number"], name="bid_versions_are_numbered")
        ]
