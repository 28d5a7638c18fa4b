"""What a payee has earned, and its way to their bank."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, OWNER, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField

# Why one waits that only its payee can put right.
ASKS_ITS_PAYEE = ("account_not_ready", "account_replaced")
WAITS_FOR_PAYEE = Q(status="failed") | Q(status="scheduled", failure_code__in=ASKS_ITS_PAYEE)


class Payout(models.Model):
    """A payee's money on its way to the bank.

    One transfer to the payee's account at the provider, then one bank payout per attempt. While it
    is under way its money stands in its own ``leaving`` account; a failure gives it back. ``hold``
    is what has held it, or does; none holds it a second time.
    ``arrives_at`` is when the provider expects it at the bank, once it is on its way.
    ``reminded_at`` is when its payee was last told that it waits for them.
    ``cancel_wished_at`` is set from the wish to cancel until the transfer is taken back; without
    ``cancel_wished_by`` the house wishes it, for what the payee owes. ``cancel_reason`` is why
    finance did; the payee reads it. ``reversal_refused_at`` is when the provider last would not
    take its transfer back, and ``reversal_refusal`` the code of why; ``lost_at`` when finance said
    that it never comes back, and the platform bore it.
    """

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        SENDING = "sending", "Being sent"
        IN_TRANSIT = "in_transit", "On its way"
        PAID = "paid", "Paid"
        HELD = "held", "Held"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    public_id = PublicIdField(prefix="po")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="payouts")
    amount = AmountField()
    currency = CurrencyField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SCHEDULED)
    transfer_id = models.CharField(max_length=255, blank=True)
    reversal_id = models.CharField(max_length=255, blank=True)
    failure_code = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True)
    cancel_wished_at = models.DateTimeField(null=True)
    cancel_wished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    cancel_reason = models.TextField(blank=True)
    next_check_at = models.DateTimeField(null=True, default=now)
    reversal_refused_at = models.DateTimeField(null=True)
    reversal_refusal = models.CharField(max_length=80, blank=True)
    lost_at = models.DateTimeField(null=True)
    arrives_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    hold = models.ForeignKey(
        "accounts.Hold", on_delete=models.PROTECT, null=True, related_name="payouts"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payout_pays_something"),
            models.UniqueConstraint(
                fields=["party", "currency"],
                condition=Q(status__in=["scheduled", "held", "sending", "in_transit"]),
                name="one_payout_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(lost_at=None) | Q(status="cancelled", reversal_id=""),
                name="what_is_lost_was_not_taken_back",
            ),
            models.UniqueConstraint(
                fields=["transfer_id"], condition=~Q(transfer_id=""), name="one_payout_per_transfer"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="payouts_to_send_or_ask",
            ),
            models.Index(
                fields=["created_at"],
                condition=WAITS_FOR_PAYEE,
                name="payouts_that_wait_for_payees",
            ),
            models.Index(
                fields=["party", "currency"], condition=Q(status="held"), name="payouts_held"
            ),
            models.Index(fields=["party", "-created_at", "-id"], name="payouts_newest_first"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_called_back(self) -> bool:
        """Whether the house wishes to take it back, for what its payee owes."""
        return self.cancel_wished_at is not None and self.cancel_wished_by_id is None


S = Payout.Status
UNDER_WAY = {S.SCHEDULED, S.HELD, S.SENDING, S.IN_TRANSIT}

# fmt: off
LIFECYCLE = Lifecycle(
    "payout",
    #    step      from                 to            by
    Step("send",   {S.SCHEDULED},       S.SENDING,    {SYSTEM}),
    # Too early, nothing wrong: no cover yet. The money stays set aside.
    Step("wait",   {S.SENDING},         S.SCHEDULED,  {SYSTEM}),
    Step("hold",   {S.SCHEDULED},       S.HELD,       {SYSTEM}, tells="payouts_held"),
    Step("lift",   {S.HELD},            S.SCHEDULED,  {SYSTEM}, tells="payouts_go_on"),
    Step("depart", {S.SENDING},         S.IN_TRANSIT, {SYSTEM}),
    # Given up, and yet it is on its way or has arrived: the books follow the money.
    Step("resume", {S.SCHEDULED, S.HELD, S.FAILED}, S.SENDING, {SYSTEM}),
    Step("arrive", {S.SENDING, S.IN_TRANSIT}, S.PAID, {SYSTEM}, tells="payout_paid"),
    # "Paid" may still turn into "failed" for some days: banks send money back.
    Step("fail", {S.SCHEDULED, S.SENDING, S.IN_TRANSIT, S.PAID}, S.FAILED, {SYSTEM},
         tells="payout_failed"),
    # Its account was closed under it, and says nothing any more: finance says what became of it.
    Step("confirm", {S.SENDING, S.IN_TRANSIT}, S.PAID, {FINANCE}, label="It arrived",
         tells="payout_paid"),
    Step("return", {S.SENDING, S.IN_TRANSIT}, S.FAILED, {FINANCE}, label="It came back",
         tells="payout_failed"),
    # The provider does not take its transfer back from there: its payee has it, or nobody has.
    Step("take_up", {S.SCHEDULED, S.FAILED}, S.SENDING, {FINANCE}, label="Note that it arrived after all"),
    Step("write_off", {S.SCHEDULED, S.FAILED}, S.CANCELLED, {FINANCE}, label="Note that it is lost",
         tells="payout_cancelled"),
    Step("retry",  {S.FAILED}, S.SCHEDULED, {OWNER, FINANCE}, label="Try again"),
    Step("cancel", {S.SCHEDULED, S.FAILED}, S.CANCELLED, {OWNER, FINANCE}, label="Cancel payout"),
    # Judged when it was wished for; what the provider has taken back is then written down. One that
    # nothing is under way of, held or not, is called back for what its payee owes.
    Step("end", {S.SCHEDULED, S.HELD, S.FAILED}, S.CANCELLED, {SYSTEM}),
)
# fmt: on


class PayoutAttempt(models.Model):
    """One try to send a payout. Its number is in the idempotency keys of its calls.

    ``failure_code`` is empty while it is under way or has arrived: at most one is so at a time.
    """

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    destination = models.CharField(max_length=255)
    remote_id = models.CharField(max_length=255, blank=True)
    failure_code = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payout", "number"], name="attempts_are_numbered"),
            models.UniqueConstraint(
                fields=["remote_id"], condition=~Q(remote_id=""), name="one_attempt_per_bank_payout"
            ),
        ]


# So long before the provider's limit what was earned goes out, whatever its payee chose: sweeps and
# a provider that does not answer have their time.
BEFORE_LIMIT = timedelta(days=2)


class Earning(models.Model):
    """What one release brought a payee, net of their fee, and when it may be paid out.

    The row is the queue of the payouts: cleared and without a payout means due. Where a bank takes
    no such amount, what it leaves over is cut off into a row of its own. ``limit_at`` is until when
    the provider holds it for us, counted from the payment that it is of.
    """

    party = models.ForeignKey(
        Party,
        on_delete=models.PROTECT,
        related_name="earnings",
        db_index=False,  # the indexes below begin with it
    )
    key = models.CharField(max_length=100, unique=True)
    earned_by = models.CharField(max_length=30)
    title = models.CharField(max_length=200)
    gross = AmountField()
    fee = AmountField()
    amount = AmountField()
    currency = CurrencyField()
    earned_at = models.DateTimeField(default=now)
    clears_at = models.DateTimeField()
    limit_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, null=True, related_name="earnings")
    recovery = models.ForeignKey(
        "payments.Recovery", on_delete=models.PROTECT, null=True, related_name="earnings"
    )
    cut_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="rests")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) & Q(amount=models.F("gross") - models.F("fee")),
                name="an_earning_is_gross_less_fee",
            )
        ]
        indexes = [
            models.Index(
                fields=["clears_at"], condition=Q(payout__isnull=True), name="earnings_to_pay_out"
            ),
            models.Index(
                fields=["limit_at"],
                condition=Q(payout__isnull=True, recovery__isnull=True),
                name="earnings_near_their_limit",
            ),
            models.Index(fields=["party", "-earned_at", "-id"], name="earnings_newest_first"),
            models.Index(fields=["earned_by"], name="earnings_by_origin"),
            models.Index(fields=["party", "currency"], name="earnings_by_currency"),
        ]

    @property
    def leaves_by(self) -> datetime:
        """When it goes out by itself at the latest, whatever its payee chose."""
        return self.limit_at - BEFORE_LIMIT
