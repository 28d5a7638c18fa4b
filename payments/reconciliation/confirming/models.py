"""A deed with money that one of finance wishes, while it waits for another one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, Lifecycle, Step
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField
from payments.payouts.models import Payout
from payments.reconciliation.findings import DEEDS
from payments.reconciliation.models import Difference
from payments.refunds.models import Refund


class ProposedDeed(models.Model):
    """What would be done to a refund, a payout or a difference, and why. It moves nothing.

    ``deed`` is one of the difference's, or one of OTHERS. ``amount`` is what it would move, above
    the limit of the rules in force. ``bank_payout`` is the provider's id of what has arrived, where
    nobody knew it. Of one thing one waits at a time.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", "Waiting for another person"
        CONFIRMED = "confirmed", "Confirmed"
        RETURNED = "returned", "Returned"

    public_id = PublicIdField(prefix="pd")
    deed = models.CharField(max_length=20)
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, related_name="+")
    difference = models.ForeignKey(
        Difference, on_delete=models.PROTECT, null=True, related_name="proposed_deeds"
    )
    payout = models.ForeignKey(
        Payout, on_delete=models.PROTECT, null=True, related_name="proposed_deeds"
    )
    bank_payout = models.CharField(max_length=255, blank=True)
    amount = AmountField()
    currency = CurrencyField()
    reason = models.TextField(max_length=2_000)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PROPOSED)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    returned_for = models.TextField(max_length=2_000, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "proposed deed"
        constraints = [
            models.UniqueConstraint(
                fields=["refund"],
                condition=Q(status="proposed"),
                name="one_proposed_deed_per_refund",
            ),
            models.UniqueConstraint(
                fields=["difference"],
                condition=Q(status="proposed"),
                name="one_proposed_deed_per_difference",
            ),
            models.UniqueConstraint(
                fields=["payout"],
                condition=Q(status="proposed"),
                name="one_proposed_deed_per_payout",
            ),
            models.CheckConstraint(
                condition=Q(refund__isnull=False, difference=None, payout=None)
                | Q(refund=None, difference__isnull=False, payout=None)
                | Q(refund=None, difference=None, payout__isnull=False),
                name="a_proposed_deed_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(status="confirmed")
                | (Q(answered_by__isnull=False) & ~Q(answered_by=F("by"))),
                name="nobody_confirms_what_they_wish",
            ),
            models.CheckConstraint(
                condition=~Q(status="returned")
                | (Q(answered_by__isnull=False) & ~Q(returned_for="")),
                name="who_returns_a_deed_says_why",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, status="proposed")
                | (Q(closed_at__isnull=False) & ~Q(status="proposed")),
                name="a_proposed_deed_is_closed_when_answered",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="a_proposed_deed_moves_something"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def what(self) -> str:
        """What it does, as its button says."""
        return OTHERS[self.deed] if self.deed in OTHERS else DEEDS[self.deed].label


SETTLE_REFUND = "settle_refund"
ARRIVED, CAME_BACK, LOST = "payout_arrived", "payout_came_back", "payout_lost"
# What is done to a refund or a payout, as its button says it.
OTHERS = {
    SETTLE_REFUND: "Paid by other means",
    ARRIVED: "A payout arrived",
    CAME_BACK: "A payout came back",
    LOST: "A payout is lost",
}

S = ProposedDeed.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "proposed deed",
    #    step       from          to           by
    # By another one than whose wish it is; whoever wishes it may take it back.
    Step("confirm", {S.PROPOSED}, S.CONFIRMED, {FINANCE}, label="Confirm"),
    Step("return",  {S.PROPOSED}, S.RETURNED,  {FINANCE}, label="Return"),
)
# fmt: on
