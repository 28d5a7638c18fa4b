"""Our books held against the provider's: each run, and each thing on which they differ."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop

from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField

# What the run before has read is read again so far back: what was booked at the provider while it
# ran, or with a clock that stands a little differently.
OVERLAP = timedelta(days=1)


class ReconciliationRun(models.Model):
    """One comparison: due, under way or done. It goes in steps, each of them one page, so that it
    goes on where it was when a worker dies or the provider falls silent.

    It reads what the provider has booked since ``reads_from`` (null: ever) until ``reads_until``;
    where the sums differ it reads once more what has moved meanwhile, and each such round starts at
    ``round_from``. ``part``, ``account`` and ``after`` say what is read next; ``steps`` counts the
    steps taken, so that no two workers note the same one. ``sums`` are both sides by currency, in
    minor units.
    """

    class Part(models.TextChoices):
        OWN_FUNDS = "own_funds", "Our own money"
        PLATFORM = "platform", "The platform's movements"
        ACCOUNTS = "accounts", "The payees' accounts"
        OURS = "ours", "What only we know"
        AGAIN = "again", "A second look"
        SUMS = "sums", "The sums"

    class Outcome(models.TextChoices):
        AGREED = "agreed", "All agrees"
        DIFFERED = "differed", "Something differs"

    public_id = PublicIdField(prefix="rc")
    due_at = models.DateTimeField(default=now)
    reads_from = models.DateTimeField(null=True)
    round_from = models.DateTimeField(null=True)
    rounds = models.PositiveSmallIntegerField(default=1)
    reads_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)
    part = models.CharField(max_length=10, choices=Part.choices, default=Part.OWN_FUNDS)
    account = models.CharField(max_length=255, blank=True)
    after = models.CharField(max_length=255, blank=True)
    steps = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)
    counts = models.JSONField(default=dict)
    sums = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    found = models.PositiveIntegerField(default=0)
    healed = models.PositiveIntegerField(default=0)
    still_open = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(finished_at__isnull=True),
                name="one_reconciliation_at_a_time",
            )
        ]
        indexes = [
            models.Index(
                fields=["outcome", "-finished_at"],
                condition=Q(finished_at__isnull=False),
                name="reconciliations_by_outcome",
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class Sighting(models.Model):
    """Something that the provider showed in a run: what of ours was never shown is asked about."""

    run = models.ForeignKey(ReconciliationRun, on_delete=models.CASCADE, related_name="sightings")
    remote_id = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "remote_id"], name="a_sighting_is_noted_once")
        ]


class Difference(models.Model):
    """One thing on which the provider and we differ, however many runs see it.

    ``net`` is what it has done to the platform's balance at the provider and not to our ledger,
    signed, in minor units; ``booked`` is the part of it that finance has booked since. ``theirs`` and ``ours`` are
    both sides in words. ``about`` is the public id of our payment, refund or payout, if it is of
    one.
    """

    class Status(models.TextChoices):
        SEEN = "seen", "Seen once"
        OPEN = "open", "Open"
        HEALED = "healed", "Healed by itself"
        GONE = "gone", "Gone"
        SETTLED = "settled", "Settled"
        SET_ASIDE = "set_aside", "Set aside"

    class Kind(models.TextChoices):
        PAYMENT_UNNOTED = "payment_unnoted", gettext_noop("Payment we were not told of")
        CHARGE_TWICE = "charge_twice", gettext_noop("Second charge for one payment")
        CHARGE_FOREIGN = "charge_foreign", gettext_noop("Charge that is not ours")
        CHARGE_AMOUNT = "charge_amount", gettext_noop("Charge of another amount")
        FEE = "fee", gettext_noop("Fee that differs")
        REFUND_FOREIGN = "refund_foreign", gettext_noop("Refund nobody here asked for")
        REFUND_TWICE = "refund_twice", gettext_noop("Second refund of one request")
        REFUND_AMOUNT = "refund_amount", gettext_noop("Refund of another amount")
        REFUND_STATE = "refund_state", gettext_noop("Refund that stands differently")
        TRANSFER_UNNOTED = "transfer_unnoted", gettext_noop("Transfer we were not told of")
        TRANSFER_FOREIGN = "transfer_foreign", gettext_noop("Transfer nobody here asked for")
        TRANSFER_AMOUNT = "transfer_amount", gettext_noop("Transfer of another amount")
        TRANSFER_REVERSED = "transfer_reversed", gettext_noop("Transfer taken back behind our back")
        PAYOUT_FOREIGN = "payout_foreign", gettext_noop("Bank payout nobody here asked for")
        PAYOUT_AMOUNT = "payout_amount", gettext_noop("Bank payout of another amount")
        PAYOUT_STATE = "payout_state", gettext_noop("Bank payout that stands differently")
        CHARGEBACK_UNNOTED = "chargeback_unnoted", gettext_noop("Chargeback we were not told of")
        DEBIT_RETURNED = "debit_returned", gettext_noop("Debit that its bank returned")
        MOVEMENT = "movement", gettext_noop("Movement that is in no book of ours")
        MISSING = "missing", gettext_noop("Something the provider does not know")
        SILENT = "silent", gettext_noop("Account of which the provider says nothing")
        SUM = "sum", gettext_noop("Sum that no line explains")

    public_id = PublicIdField(prefix="df")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    object_id = models.CharField(max_length=255)
    account = models.CharField(max_length=255, blank=True)
    about = models.CharField(max_length=30, blank=True)
    amount = AmountField(null=True)
    currency = CurrencyField(blank=True)
    net = AmountField(default=0)
    booked = AmountField(default=0)
    theirs = models.CharField(max_length=300)
    ours = models.CharField(max_length=300)
    deed = models.CharField(max_length=20, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SEEN)
    run = models.ForeignKey(ReconciliationRun, on_delete=models.PROTECT, related_name="differences")
    first_seen_at = models.DateTimeField(default=now)
    last_seen_at = models.DateTimeField(default=now)
    happened_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="a_difference_is_one_line")
        ]
        indexes = [
            models.Index(
                fields=["-first_seen_at", "-id"],
                condition=Q(status__in=["seen", "open", "set_aside"]),
                name="differences_that_stand",
            ),
            models.Index(fields=["-last_seen_at", "-id"], name="differences_by_last_sight"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.object_id}: {self.theirs} {self.ours}".strip()


class DifferenceEvent(models.Model):
    """What became of a difference, who did it and why: never changed."""

    difference = models.ForeignKey(Difference, on_delete=models.PROTECT, related_name="events")
    what = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=now)


S = Difference.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "difference",
    #    step         from                            to            by
    Step("confirm",   {S.SEEN},                       S.OPEN,       {SYSTEM}),
    Step("heal",      {S.SEEN, S.OPEN, S.SET_ASIDE},  S.HEALED,     {SYSTEM}),
    Step("vanish",    {S.SEEN, S.OPEN, S.SET_ASIDE},  S.GONE,       {SYSTEM}),
    Step("return",    {S.HEALED, S.GONE, S.SETTLED},  S.SEEN,       {SYSTEM}),
    Step("settle",    {S.OPEN},                       S.SETTLED,    {FINANCE}),
    Step("set_aside", {S.OPEN},                       S.SET_ASIDE,  {FINANCE}),
)
# fmt: on
