"""A decision that one mediator has written, while it waits for another one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import MEDIATOR, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField
from marketplace.common.public_ids import PublicIdField
from projects.disputes.grounds import Ground
from projects.disputes.models import JUDGED, Dispute


class ProposedRuling(models.Model):
    """What a ``Ruling`` would say. It decides nothing, and neither side reads it.

    ``number`` is that of the ruling it would become. Once it is confirmed the ruling says the same;
    what was returned stays here, with the reason. The rows are written with the dispute's lock held,
    and none waits longer than its dispute does for a mediator.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", "Waiting for another mediator"
        CONFIRMED = "confirmed", "Confirmed"
        RETURNED = "returned", "Returned"
        LAPSED = "lapsed", "Lapsed"

    public_id = PublicIdField(prefix="wr")
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="proposed_rulings")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PROPOSED)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    facts = models.TextField(max_length=10_000)
    rule = models.CharField(max_length=300)
    ground = models.CharField(max_length=20, choices=Ground.choices)
    reasons = models.TextField(max_length=10_000)
    to_freelancer = AmountField()
    held = AmountField()
    created_at = models.DateTimeField(default=now)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    returned_for = models.TextField(max_length=2_000, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "proposed ruling"
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"],
                condition=Q(status="proposed"),
                name="one_proposed_ruling_waits",
            ),
            models.CheckConstraint(
                condition=~Q(status="confirmed")
                | (Q(answered_by__isnull=False) & ~Q(answered_by=F("by"))),
                name="nobody_confirms_what_they_wrote",
            ),
            models.CheckConstraint(
                condition=~Q(status="returned")
                | (Q(answered_by__isnull=False) & ~Q(returned_for="")),
                name="who_returns_a_ruling_says_why",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, status="proposed")
                | (Q(closed_at__isnull=False) & ~Q(status="proposed")),
                name="a_proposed_ruling_is_closed_when_answered",
            ),
            models.CheckConstraint(
                condition=Q(to_freelancer__gte=0, to_freelancer__lte=F("held")),
                name="a_proposed_ruling_divides_what_is_held",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def state(self) -> "ProposedRuling.Status":
        """What people see: it waits no longer than its dispute, whenever that is written down."""
        if self.status == self.Status.PROPOSED and self.dispute.state not in JUDGED:
            return self.Status.LAPSED
        return self.Status(self.status)

    @property
    def waits(self) -> bool:
        return self.state == self.Status.PROPOSED


S = ProposedRuling.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "proposed ruling",
    #    step       from          to           by
    # By another one than who wrote it.
    Step("confirm", {S.PROPOSED}, S.CONFIRMED, {MEDIATOR}, label="Confirm"),
    Step("return",  {S.PROPOSED}, S.RETURNED,  {MEDIATOR}, label="Return"),
    # The dispute has ended otherwise, or nobody has answered before the end of an appeal's clock.
    Step("lapse",   {S.PROPOSED}, S.LAPSED,    {SYSTEM}),
)
# fmt: on
