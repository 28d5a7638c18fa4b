"""What stands still by a deed of staff: a person's new business, a posting, a payee's payouts."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, MODERATOR, OWNER, SYSTEM, Lifecycle, Step
from marketplace.common.models import StoredFile
from marketplace.common.public_ids import PublicIdField

STANDING = ("placed", "appealed", "upheld")


class Hold(models.Model):
    """Why, on what grounds and until when something stands still. Whom it concerns reads all of it.

    ``subject`` is the public id of what is held (a person, a posting, a payee's party), ``title``
    what it is called, ``party`` whose it is. ``links`` are public ids of records or addresses of
    the web that the ``evidence`` points at. It ends at ``closes_at`` by itself: at ``ends_at``, or
    the end of the staff's time to answer an appeal where that comes first. The clocks are those
    of the rules on the day that it was placed.
    ``ruling_late_at`` is when people were told that an answer to the appeal, which was expected by
    then, takes longer; ``end_told_at`` the end that the staff was last reminded of.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        POSTING = "posting", "Posting"
        PAYOUTS = "payouts", "Payouts"

    class Status(models.TextChoices):
        PLACED = "placed", "In force"
        APPEALED = "appealed", "Appealed"
        UPHELD = "upheld", "Upheld"
        LIFTED = "lifted", "Lifted"
        ENDED = "ended", "Ended"

    public_id = PublicIdField(prefix="hd")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PLACED)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="holds")
    subject = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    reason = models.TextField()
    evidence = models.TextField()
    links = models.JSONField(default=list, blank=True)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    ends_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    appeal_until = models.DateTimeField()
    ruling_working_days = models.PositiveIntegerField(default=2)
    ruling_days = models.PositiveIntegerField(default=10)
    appeal = models.TextField(blank=True)
    appealed_at = models.DateTimeField(null=True)
    ruling_expected_at = models.DateTimeField(null=True)
    ruling_late_at = models.DateTimeField(null=True)
    ruling_due_at = models.DateTimeField(null=True)
    ruling = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    end_told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(status__in=STANDING),
                name="one_hold_stands_on_a_thing",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("created_at"), closes_at__lte=F("ends_at")),
                name="every_hold_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, status__in=STANDING)
                | Q(closed_at__isnull=False, status__in=["lifted", "ended"]),
                name="a_hold_is_closed_when_it_is_over",
            ),
        ]
        indexes = [
            models.Index(
                fields=["closes_at"], condition=Q(status__in=STANDING), name="holds_that_end"
            ),
            models.Index(fields=["-created_at", "-id"], name="every_hold_newest_first"),
            models.Index(fields=["party", "-created_at", "-id"], name="holds_of_a_party"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def path(self) -> str:
        """Where whom it concerns reads of it."""
        return f"/account/holds/#{self.public_id}"

    @property
    def what(self) -> str:
        """What is held, as the middle of a sentence."""
        if self.kind == self.Kind.POSTING:
            return f"the posting “{self.title}”"
        return self.title if self.kind == self.Kind.PERSON else f"the payouts of {self.title}"

    @property
    def stands(self) -> bool:
        return self.status in STANDING

    @property
    def role(self) -> str:
        """Who of the staff holds such things, and lets them go."""
        return FINANCE if self.kind == self.Kind.PAYOUTS else MODERATOR

    @property
    def takes_an_appeal(self) -> bool:
        """Whether one that came now would be heard."""
        return self.status == self.Status.PLACED and now() < min(self.appeal_until, self.closes_at)

    @property
    def was_not_answered(self) -> bool:
        """Whether the staff's time to answer the appeal is what ends it."""
        return self.status == self.Status.APPEALED and self.closes_at < self.ends_at


class HoldFile(models.Model):
    """What shows that a hold is right: it came with it. PostgreSQL lets nobody change that."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="files")
    stored = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.stored_id} with {self.hold_id}"


S = Hold.Status
STAFF = {MODERATOR, FINANCE}

# fmt: off
LIFECYCLE = Lifecycle(
    "hold",
    #    step      from                              to          by
    Step("appeal", {S.PLACED},                       S.APPEALED, {OWNER},),
    Step("chase",  {S.APPEALED},                     "same",     {SYSTEM},
         clock="ruling_working_days", tells="hold_answer_late"),
    # By another one than who placed it.
    Step("uphold", {S.APPEALED},                     S.UPHELD,   STAFF,),
    # By SYSTEM where an appeal was not answered in its time.
    Step("lift",   {S.PLACED, S.APPEALED, S.UPHELD}, S.LIFTED,   STAFF | {SYSTEM},
         clock="ruling_days"),
    Step("end",    {S.PLACED, S.APPEALED, S.UPHELD}, S.ENDED,    {SYSTEM}, clock="ends_at"),
)
# fmt: on
