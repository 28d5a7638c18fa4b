"""Released money that goes back to the client, because the freelancer agrees."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField
from marketplace.common.public_ids import PublicIdField
from payments.escrow.models import Escrow
from projects.contracts.models import Contract


class GiveBack(models.Model):
    """``amount`` of what was released of one milestone or bonus, in minor units, before fees.

    The client asks for it and the freelancer answers, or the freelancer gives it unasked: their
    consent is the deed. ``once`` comes from whoever asked or gave, so that one click sent twice is
    one of them.
    """

    class Status(models.TextChoices):
        ASKED = "asked", "Asked for"
        DONE = "done", "Given back"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    public_id = PublicIdField(prefix="gb")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="givebacks")
    escrow = models.ForeignKey(Escrow, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    amount = AmountField()
    note = models.TextField(max_length=2_000, blank=True)
    once = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.ASKED)
    created_at = models.DateTimeField(default=now)
    answer_due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_giveback_gives_something"),
            models.UniqueConstraint(
                fields=["escrow"],
                condition=Q(status="asked"),
                name="money_is_asked_back_once_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["contract", "once"], condition=~Q(once=""), name="a_giveback_is_made_once"
            ),
            models.CheckConstraint(
                condition=Q(status="asked", closed_at__isnull=True)
                | ~Q(status="asked") & Q(closed_at__isnull=False),
                name="a_giveback_ends_once",
            ),
        ]
        indexes = [
            models.Index(fields=["contract", "-created_at", "-id"], name="givebacks_newest_first"),
            models.Index(fields=["-created_at", "-id"], name="all_givebacks_newest_first"),
            models.Index(
                fields=["answer_due_at"], condition=Q(status="asked"), name="givebacks_that_lapse"
            ),
        ]

    def __str__(self) -> str:
        return self.escrow.title

    @property
    def state(self) -> "GiveBack.Status":
        """What people see: time closes it at once, the sweep writes it."""
        if self.status == GiveBack.Status.ASKED and self.answer_due_at <= now():
            return GiveBack.Status.LAPSED
        return GiveBack.Status(self.status)


S = GiveBack.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "give back",
    #    step       from        to            by
    Step("accept",   {S.ASKED}, S.DONE,       {FREELANCER}, label="Give it back", tells="giveback_done"),
    Step("decline",  {S.ASKED}, S.DECLINED,   {FREELANCER}, label="Decline", tells="giveback_declined"),
    Step("withdraw", {S.ASKED}, S.WITHDRAWN,  {CLIENT}, label="Withdraw", tells="giveback_withdrawn"),
    Step("lapse",    {S.ASKED}, S.LAPSED,     {SYSTEM}, clock="proposal_answer_days", tells="giveback_lapsed"),
    # Unasked: given in the moment that it is made.
    begins={S.ASKED, S.DONE},
)
# fmt: on
