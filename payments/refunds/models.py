"""Money on its way back to the payer's card."""

from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField
from payments.fundings.models import Payment


class Refund(models.Model):
    """A part of one payment, given back. Until the provider confirms it, its money stands in its
    own ``leaving`` account: never lost, never silently held again.

    ``attempt`` is part of the idempotency key: a definite refusal starts a new attempt, an unknown
    outcome asks again under the same one. ``failures`` counts only those that ended in a no.
    ``covered_by`` is the public id of the chargeback by which the payer has it already.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        SENDING = "sending", "Being sent"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed"
        COVERED = "covered", "Taken by the card's bank"
        SETTLED = "settled", "Paid by other means"

    public_id = PublicIdField(prefix="re")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    book = models.CharField(max_length=40)
    reason = models.CharField(max_length=40)
    amount = AmountField()
    currency = CurrencyField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    attempt = models.PositiveSmallIntegerField(default=1)
    failures = models.PositiveSmallIntegerField(default=0)
    remote_id = models.CharField(max_length=255, blank=True)
    covered_by = models.CharField(max_length=30, blank=True)
    failure_code = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True, default=now)
    # One of finance says that it was paid by other means, and another one has not confirmed it yet:
    # meanwhile it is not sent, or the payer would have it twice.
    is_settling = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_refund_gives_something_back"),
            models.UniqueConstraint(
                fields=["remote_id"], condition=~Q(remote_id=""), name="one_refund_per_remote_id"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="refunds_to_send_or_ask",
            )
        ]

    def __str__(self) -> str:
        return self.public_id


S = Refund.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "refund",
    #    step       from                        to            by
    Step("send",    {S.REQUESTED},              S.SENDING,    {SYSTEM}),
    # Too early, nothing wrong: no cover yet.
    Step("wait",    {S.SENDING},                S.REQUESTED,  {SYSTEM}),
    # Given up, and yet it is on its way or has arrived: the books follow the money.
    Step("resume",  {S.REQUESTED, S.FAILED},    S.SENDING,    {SYSTEM}),
    Step("succeed", {S.REQUESTED, S.SENDING, S.FAILED},    S.SUCCEEDED, {SYSTEM}),
    Step("fail",    {S.REQUESTED, S.SENDING, S.SUCCEEDED}, S.FAILED,    {SYSTEM}),
    Step("retry",   {S.FAILED},                 S.REQUESTED,  {SYSTEM, FINANCE}, label="Try again"),
    # The card's bank takes what was to go back anyway; if it gives it up, it goes back after all.
    Step("cover",   {S.REQUESTED, S.FAILED},    S.COVERED,    {SYSTEM}),
    Step("uncover", {S.COVERED},                S.REQUESTED,  {SYSTEM}),
    # From our own bank, where the provider cannot: its money at the provider is ours then.
    Step("settle",  {S.REQUESTED, S.FAILED},    S.SETTLED,    {FINANCE}, label="Paid by other means"),
)
# fmt: on
