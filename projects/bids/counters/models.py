"""What one side would rather agree on than what the bid says."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField
from marketplace.common.public_ids import PublicIdField
from projects.bids.models import LIVE, Bid
from projects.postings.models import Posting


class CounterOffer(models.Model):
    """Another price, time and plan for a bid, whole as it would stand; the letter stays.

    It differs from the bid's wording number ``against``. Accepted, it is the wording number
    ``became``, which an award then signs. An answer may be another that ``counters`` this one. Its
    rows are written with the bid's lock held.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", "Waiting for an answer"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        COUNTERED = "countered", "Answered by other terms"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    public_id = PublicIdField(prefix="cn")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="counter_offers")
    counters = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="countered_by"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_by_role = models.CharField(max_length=12)
    against = models.PositiveIntegerField()
    became = models.PositiveIntegerField(null=True)
    price = AmountField()
    days = models.PositiveIntegerField()
    plan = models.JSONField()
    note = models.TextField(max_length=2_000, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PROPOSED)
    created_at = models.DateTimeField(default=now)
    answer_due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bid"], condition=Q(status="proposed"), name="one_open_counter_per_bid"
            ),
            models.CheckConstraint(
                condition=Q(proposed_by_role__in=["client", "freelancer"]),
                name="a_counter_is_proposed_by_a_side",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", closed_at__isnull=True)
                | ~Q(status="proposed") & Q(closed_at__isnull=False),
                name="a_counter_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(status="accepted", became__isnull=False)
                | ~Q(status="accepted") & Q(became__isnull=True),
                name="an_accepted_counter_is_a_wording",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_due_at"], condition=Q(status="proposed"), name="counters_that_lapse"
            ),
            models.Index(fields=["bid", "-created_at", "-id"], name="counters_of_a_bid"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def state(self) -> "CounterOffer.Status":
        """What people see: time and the bid's end close it at once, the sweep writes it."""
        runs = self.status == CounterOffer.Status.PROPOSED and not self.bid.stands_still
        if runs and (self.answer_due_at <= now() or self.is_moot):
            return CounterOffer.Status.LAPSED
        return CounterOffer.Status(self.status)

    @property
    def is_moot(self) -> bool:
        """Whether there is no bid left to agree on; one that stands still is left."""
        bid = self.bid
        if bid.stands_still:
            return False
        is_live = bid.status in LIVE and bid.valid_until > now()
        return not is_live or bid.posting.status != Posting.Status.OPEN

    @property
    def terms(self) -> dict[str, Any]:
        return {"price": self.price, "days": self.days, "plan": self.plan}


S = CounterOffer.Status
PARTIES = {CLIENT, FREELANCER}

# fmt: off
LIFECYCLE = Lifecycle(
    "counter offer",
    #    step       from           to            by
    Step("accept",   {S.PROPOSED}, S.ACCEPTED,   PARTIES, label="Accept", tells="counter_accepted"),
    Step("decline",  {S.PROPOSED}, S.DECLINED,   PARTIES, label="Decline", tells="counter_declined"),
    Step("counter",  {S.PROPOSED}, S.COUNTERED,  PARTIES, label="Propose something else", tells="counter_proposed"),
    Step("withdraw", {S.PROPOSED}, S.WITHDRAWN,  PARTIES, label="Withdraw", tells="counter_withdrawn"),
    Step("lapse",    {S.PROPOSED}, S.LAPSED,     {SYSTEM}, clock="proposal_answer_days", tells="counter_lapsed"),
    # The bid is awarded or has ended: of that both hear anyway.
    Step("drop",     {S.PROPOSED}, S.LAPSED,     {SYSTEM}),
)
# fmt: on
