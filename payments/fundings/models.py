"""Money on its way in: one pay page of the provider for one escrow; an escrow may have several."""

from django.db import models
from django.db.models import Q

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField


class Payment(models.Model):
    """``paid_for`` is the public id of what it pays for; this room does not ask what that is.

    ``attempt`` is in the key under which its page was last asked for, first at ``asked_at``.
    ``charged_back_at`` is set while the payer's bank wants the money back or has taken it: nothing
    is refunded then. ``charged_back`` is what the bank has of it, and ``is_lost`` says that it was
    awarded some of that: its card pays nothing more here, whoever pays with it. A debit that is
    returned for want of funds is not lost in this sense.
    ``sent_at`` is when the payer had done all that is theirs and their bank was still to bring it,
    which takes days: None for a card, which pays at once.
    ``card`` is the provider's fingerprint of the card or bank account that paid, "" where it is
    not known.
    ``provider_fee`` is what the provider kept of it, once known (its own cost, never the payer's).
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting for payment"
        REQUIRES_ACTION = "requires_action", "Waiting for the bank"
        SUCCEEDED = "succeeded", "Paid"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"
        PARTLY_REFUNDED = "partly_refunded", "Partly refunded"
        REFUNDED = "refunded", "Refunded"

    public_id = PublicIdField(prefix="py")
    payer = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    paid_for = models.CharField(max_length=30)
    title = models.CharField(max_length=200)
    return_path = models.CharField(max_length=200)
    amount = AmountField()
    currency = CurrencyField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    attempt = models.PositiveSmallIntegerField(default=1)
    asked_at = models.DateTimeField(null=True)
    session_id = models.CharField(max_length=255, blank=True)
    intent_id = models.CharField(max_length=255, blank=True)
    charge_id = models.CharField(max_length=255, blank=True)
    card = models.CharField(max_length=64, blank=True)
    url = models.TextField(blank=True)
    failure_code = models.CharField(max_length=80, blank=True)
    refunded = AmountField(default=0)
    charged_back = AmountField(default=0)
    provider_fee = AmountField(null=True)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    # When we heard that it was paid. And when it was, from which on the provider holds it: by the
    # provider's clock, and where that is ahead or says nothing, the moment in which we heard of it.
    succeeded_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    charged_back_at = models.DateTimeField(null=True)
    is_lost = models.BooleanField(default=False)
    next_check_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payment_pays_something"),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=models.F("amount")),
                name="refunded_at_most_what_was_paid",
            ),
            models.CheckConstraint(
                condition=Q(
                    charged_back__gte=0, charged_back__lte=models.F("amount") - models.F("refunded")
                ),
                name="charged_back_at_most_what_is_left",
            ),
            models.CheckConstraint(
                condition=Q(paid_at=None, succeeded_at=None)
                | Q(
                    paid_at__isnull=False,
                    succeeded_at__isnull=False,
                    paid_at__lte=models.F("succeeded_at"),
                ),
                name="paid_before_we_heard_of_it",
            ),
            models.CheckConstraint(
                condition=Q(is_lost=False) | Q(charged_back_at__isnull=False),
                name="what_is_lost_is_charged_back",
            ),
            models.UniqueConstraint(
                fields=["paid_for"],
                condition=Q(status__in=["pending", "requires_action"]),
                name="one_open_payment_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["session_id"],
                condition=~Q(session_id=""),
                name="one_payment_per_pay_page",
            ),
            models.UniqueConstraint(
                fields=["charge_id"],
                condition=~Q(charge_id=""),
                name="one_payment_per_charge",
            ),
        ]
        indexes = [
            models.Index(fields=["paid_for"], name="payments_for_one_thing"),
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="payments_to_ask_about",
            ),
            models.Index(
                fields=["paid_for"],
                condition=Q(charged_back_at__isnull=False),
                name="payments_charged_back",
            ),
            models.Index(
                fields=["card"],
                condition=Q(charged_back_at__isnull=False),
                name="cards_that_took_money_back",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def left(self) -> int:
        """What of it was neither given back nor taken by its bank, in minor units."""
        return self.amount - self.refunded - self.charged_back


S = Payment.Status
OPEN = {S.PENDING, S.REQUIRES_ACTION}

# fmt: off
LIFECYCLE = Lifecycle(
    "payment",
    #    step            from                                        to                  by
    Step("await_bank",   {S.PENDING},                                S.REQUIRES_ACTION,  {SYSTEM}),
    Step("await_payer",  {S.REQUIRES_ACTION},                        S.PENDING,          {SYSTEM}),
    # A late success is always accepted: the money is here, and is given back if not wanted.
    Step("succeed",      OPEN | {S.CANCELLED, S.EXPIRED},            S.SUCCEEDED,        {SYSTEM}),
    Step("cancel",       OPEN,                                       S.CANCELLED,        {SYSTEM}),
    Step("expire",       OPEN,                                       S.EXPIRED,          {SYSTEM}),
    Step("refund_part",  {S.SUCCEEDED, S.PARTLY_REFUNDED},           S.PARTLY_REFUNDED,  {SYSTEM}),
    Step("refund",       {S.SUCCEEDED, S.PARTLY_REFUNDED},           S.REFUNDED,         {SYSTEM}),
    # Money that came a second time for one thing is born as a payment that nobody wants.
    begins={S.PENDING, S.CANCELLED},
)
# fmt: on
