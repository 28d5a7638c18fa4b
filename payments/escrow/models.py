"""Money held for one piece of work, and what became of it."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField
from payments.policies.models import Policy


class Escrow(models.Model):
    """What the payer owes for one piece of work, and whether it is held, paid out or given back.

    ``amount`` is the agreed price; the payer's fee is held on top of it. How much is held right
    now is the balance of its ledger account: the state only says whether money came in at all, and
    what became of the last of it. ``released`` is the part of the price that went to the payee so
    far, ``refunded`` what went back to the payer, and ``given_back`` the part of the released price
    that the payee gave back after its end. ``held_at`` is when a payment made it whole: after a
    bank or a refund took of it, the next one that does so counts, or the bank that gives it back.
    ``untold_since`` is when the first payment came in that whoever asked for the money has not told
    of yet; None once they have.
    What payers' banks have of it by chargebacks: ``taken_back`` out of what was held,
    ``clawed_back`` out of what released money had cost the payer; of the latter ``owed_back`` fell
    to the payee, the rest to our fees. ``book`` names the hash chain of its transfers; it is given from above.
    """

    class Status(models.TextChoices):
        AWAITING = "awaiting", "Not funded"
        HELD = "held", "Funds held"
        RELEASED = "released", "Released"
        REFUNDED = "refunded", "Refunded"
        SPLIT = "split", "Split"
        DROPPED = "dropped", "Never funded"

    class Kind(models.TextChoices):
        WORK = "work", "Work"
        BONUS = "bonus", "Bonus"

    LIVE = (Status.AWAITING, Status.HELD)

    public_id = PublicIdField(prefix="es")
    payer = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    payee = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    currency = CurrencyField()
    amount = AmountField()
    # By how much more (or less) than first both have agreed since; a rolled rest is not in it.
    adjusted = models.BigIntegerField(default=0)
    released = AmountField(default=0)
    refunded = AmountField(default=0)
    given_back = AmountField(default=0)
    taken_back = AmountField(default=0)
    clawed_back = AmountField(default=0)
    owed_back = AmountField(default=0)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    book = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    # Work is held until it is decided; a bonus goes to the payee the moment it is paid.
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.WORK)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.AWAITING)
    created_at = models.DateTimeField(default=now)
    held_at = models.DateTimeField(null=True)
    untold_since = models.DateTimeField(null=True)
    # The provider holds no longer than this; counted from the first payment of what is there.
    limit_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="an_escrow_holds_something"),
            models.CheckConstraint(
                condition=Q(released__gte=0, released__lte=models.F("amount")),
                name="released_at_most_what_was_agreed",
            ),
            models.CheckConstraint(condition=Q(refunded__gte=0), name="refunds_take_nothing_back"),
            models.CheckConstraint(
                condition=Q(given_back__gte=0, given_back__lte=models.F("released")),
                name="given_back_at_most_what_was_released",
            ),
            models.CheckConstraint(
                condition=Q(
                    taken_back__gte=0, owed_back__gte=0, clawed_back__gte=models.F("owed_back")
                ),
                name="banks_give_back_at_most_what_they_took",
            ),
            models.CheckConstraint(
                condition=~Q(payer=models.F("payee")), name="nobody_pays_themselves"
            ),
        ]
        indexes = [
            models.Index(fields=["book"], name="escrows_of_a_book"),
            models.Index(
                fields=["limit_at"], condition=Q(status="held"), name="escrows_near_their_limit"
            ),
            models.Index(
                fields=["untold_since"],
                condition=Q(untold_since__isnull=False),
                name="escrows_with_news",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def kept(self) -> int:
        """The part of the price that was released and not given back, in minor units."""
        return self.released - self.given_back

    def is_whole_from(self, at: datetime) -> None:
        """All that is agreed is held from then on: whoever asked for it tells people."""
        self.held_at, self.untold_since = at, self.untold_since or at


class Part(models.Model):
    """A part of the price that was released while the rest stayed held.

    Two equal parts are two rows, and ``number`` is in the key of their movements; ``once`` comes
    from whoever asked, so that one click sent twice is one part.
    """

    public_id = PublicIdField(prefix="rp")
    escrow = models.ForeignKey(Escrow, on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveSmallIntegerField()
    amount = AmountField()
    once = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_part_releases_something"),
            models.UniqueConstraint(fields=["escrow", "number"], name="parts_are_numbered"),
            models.UniqueConstraint(
                fields=["escrow", "once"], condition=~Q(once=""), name="a_part_is_asked_for_once"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Roll(models.Model):
    """The rest of one escrow, moved into another of the same book, to the unit.

    ``price`` is the part of the price by which the one is agreed at less and the other at more,
    ``money`` what moved for it, the payer's fee included. An escrow is rolled at most once, all that
    is left of it: so the payments form a tree, and the money of each is found along one path.
    """

    source = models.OneToOneField(Escrow, on_delete=models.PROTECT, related_name="rolled_out")
    target = models.ForeignKey(Escrow, on_delete=models.PROTECT, related_name="rolled_in")
    price = AmountField()
    money = AmountField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(price__gt=0, money__gte=models.F("price")), name="a_roll_moves_a_price"
            ),
            models.CheckConstraint(
                condition=~Q(source=models.F("target")), name="a_roll_goes_elsewhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} into {self.target}"


class Adjustment(models.Model):
    """A new price that both sides agreed on, in minor units; ``returned`` went back to the payer.

    ``number`` is in the key of its movement.
    """

    escrow = models.ForeignKey(Escrow, on_delete=models.PROTECT, related_name="adjustments")
    number = models.PositiveSmallIntegerField()
    before = AmountField()
    after = AmountField()
    returned = AmountField(default=0)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["escrow", "number"], name="adjustments_are_numbered"),
            models.CheckConstraint(
                condition=Q(before__gt=0, after__gt=0, returned__gte=0)
                & ~Q(before=models.F("after")),
                name="an_adjustment_changes_a_price",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.escrow}: {self.before} → {self.after}"


S = Escrow.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "escrow",
    #    step       from            to            by
    Step("hold",    {S.AWAITING, S.HELD}, S.HELD, {SYSTEM}, tells="escrow_held"),
    Step("release_part", {S.HELD},  "same",       {SYSTEM}, tells="escrow_part_released"),
    Step("adjust",  {S.AWAITING, S.HELD}, "same", {SYSTEM}, tells="escrow_adjusted"),
    Step("roll",    {S.HELD},       S.RELEASED,   {SYSTEM}, tells="escrow_rolled"),
    Step("roll_in", {S.AWAITING, S.HELD}, S.HELD, {SYSTEM}, tells="escrow_rolled_into"),
    Step("release", {S.HELD},       S.RELEASED,   {SYSTEM}, tells="escrow_released"),
    Step("refund",  {S.HELD},       S.REFUNDED,   {SYSTEM}, tells="escrow_refunded"),
    Step("split",   {S.HELD},       S.SPLIT,      {SYSTEM}, tells="escrow_split"),
    Step("drop",    {S.AWAITING},   S.DROPPED,    {SYSTEM}, tells="escrow_dropped"),
)
# fmt: on
