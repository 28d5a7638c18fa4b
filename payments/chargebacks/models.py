"""The card holder's bank takes a payment back. (The provider calls this a dispute; we never do.)"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, SAME, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField
from payments.escrow.models import Escrow
from payments.fundings.models import Payment


class Chargeback(models.Model):
    """One demand of a bank for one payment, or for a part of it; a payment may meet several.

    Its state is the provider's, read from the provider's object. What the bank has of the money is
    told by the provider's movements alone: see ``ChargebackMovement``. ``evidence`` is what the
    bank was told, or what we are about to tell it: the wish is committed before the provider is
    asked. ``failure_code`` says why our last wish was not fulfilled. ``reminded_of`` is the moment
    from which on the last reminder of ``due_at`` was due that finance has got.
    """

    class Status(models.TextChoices):
        INQUIRY = "inquiry", "The bank asks"
        OPEN = "open", "To be answered"
        REVIEW = "review", "The bank decides"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        CLOSED = "closed", "Closed without a loss"

    public_id = PublicIdField(prefix="cb")
    remote_id = models.CharField(max_length=255, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="chargebacks")
    amount = AmountField()
    currency = CurrencyField()
    reason = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=Status.choices)
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True)
    evidence = models.TextField(blank=True)
    answer = models.CharField(max_length=10, blank=True)
    answer_attempt = models.PositiveSmallIntegerField(default=0)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    answer_wished_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=80, blank=True)
    next_check_at = models.DateTimeField(null=True, default=now)
    reminded_of = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_chargeback_wants_something")
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="chargebacks_to_ask_about",
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(status__in=["inquiry", "open"]),
                name="chargebacks_to_answer",
            ),
            models.Index(fields=["-opened_at", "-id"], name="chargebacks_newest_first"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def waits_for_answer(self) -> bool:
        """Whether its bank asks, and has no answer."""
        return self.status in ASKED and self.answered_at is None

    @property
    def is_overdue(self) -> bool:
        """Whether it has none, and takes none any more."""
        return self.waits_for_answer and self.due_at is not None and self.due_at <= now()


# What finance may wish to say to the bank: ``answer`` of a chargeback, until it is said.
ANSWER, ACCEPT = "answer", "accept"
# ``failure_code`` where somebody said it at the provider's own desk first, and said something else.
ELSEWHERE = "answered_elsewhere"

# ``reason`` of a debit that its bank returned after it had paid: the provider has no object of it
# but the movement, whose id is its own.
RETURNED_DEBIT = "returned_debit"

S = Chargeback.Status
# An inquiry is a question: it blocks nothing and moves nothing.
ASKED = {S.INQUIRY, S.OPEN}
CONTESTED = {S.OPEN, S.REVIEW}
FREEZING = {S.OPEN, S.REVIEW, S.LOST}
LIVE = {S.INQUIRY, S.OPEN, S.REVIEW}
# By which a payment is lost: somebody disputed it, and their bank has won. A debit that is returned
# for want of funds disputes nothing.
AWARDED = Q(status=S.LOST) & ~Q(reason=RETURNED_DEBIT)

# fmt: off
LIFECYCLE = Lifecycle(
    "chargeback",
    #    step      from                                    to         by
    # The provider's word counts, in whatever order it comes. Appeals open what was decided.
    Step("demand", {S.INQUIRY, S.REVIEW, S.WON, S.LOST, S.CLOSED}, S.OPEN, {SYSTEM}, tells="chargeback_opened"),
    # So does a bank that demands after its question was closed: we may first hear of a later word.
    Step("review", {S.INQUIRY, S.OPEN, S.WON, S.LOST, S.CLOSED},    S.REVIEW, {SYSTEM}),
    Step("win",    {S.INQUIRY, S.OPEN, S.REVIEW, S.LOST, S.CLOSED}, S.WON,    {SYSTEM}, tells="chargeback_won"),
    Step("lose",   {S.INQUIRY, S.OPEN, S.REVIEW, S.WON, S.CLOSED},  S.LOST,   {SYSTEM}, tells="chargeback_lost"),
    Step("close",  {S.INQUIRY, S.OPEN, S.REVIEW},          S.CLOSED,  {SYSTEM}),
    Step("answer", ASKED,                                  SAME,      {FINANCE}, label="Send evidence"),
    Step("accept", {S.INQUIRY, S.OPEN, S.REVIEW},          SAME,      {FINANCE}, label="Accept the loss"),
    # The first that we hear of one may be its last word.
    begins=set(S.values),
)
# fmt: on

# By which step each state is reached.
STEP_TO = {
    S.OPEN: "demand", S.REVIEW: "review", S.WON: "win", S.LOST: "lose", S.CLOSED: "close",
}  # fmt: skip


class ChargebackMovement(models.Model):
    """One movement of the provider's balance for a chargeback, booked once.

    ``amount`` is what the bank took (positive) or gave back (negative), ``fee`` what the provider
    kept for itself. The others say where the money came from, or went back to; they sum to the
    amount, ``owed`` being the payee's part of ``released``.
    """

    chargeback = models.ForeignKey(Chargeback, on_delete=models.PROTECT, related_name="movements")
    remote_id = models.CharField(max_length=255, unique=True)
    amount = models.BigIntegerField()
    fee = models.BigIntegerField()
    fee_currency = CurrencyField()
    refunds = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    owed = models.BigIntegerField(default=0)
    lost = models.BigIntegerField(default=0)
    booked_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    amount=models.F("refunds")
                    + models.F("held")
                    + models.F("released")
                    + models.F("lost")
                ),
                name="a_movement_is_the_sum_of_its_parts",
            )
        ]

    def __str__(self) -> str:
        return self.remote_id


class ChargebackShare(models.Model):
    """What of a movement was in another escrow than the one that was paid for: its money had been
    rolled there. Below zero where it went back.
    """

    movement = models.ForeignKey(
        ChargebackMovement, on_delete=models.PROTECT, related_name="shares"
    )
    escrow = models.ForeignKey(Escrow, on_delete=models.PROTECT, related_name="+")
    held = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    owed = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["movement", "escrow"], name="a_movement_touches_an_escrow_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.movement} of {self.escrow}"


class ChargebackNews(models.Model):
    """What has become of a chargeback, for whoever asked for the money to tell: the state that it
    came to, or a movement of its money. One row each, so that nothing is lost between two looks.
    """

    chargeback = models.ForeignKey(Chargeback, on_delete=models.PROTECT, related_name="news")
    status = models.CharField(max_length=10, blank=True)
    movement = models.OneToOneField(
        ChargebackMovement, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "chargeback news"
        constraints = [
            models.CheckConstraint(
                condition=Q(status="", movement__isnull=False)
                | ~Q(status="") & Q(movement__isnull=True),
                name="news_is_of_a_state_or_of_money",
            )
        ]
        indexes = [
            models.Index("id", condition=Q(told_at=None), name="chargeback_news_to_tell"),
        ]

    def __str__(self) -> str:
        return f"{self.chargeback}: {self.status or self.movement}"
