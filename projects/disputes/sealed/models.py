"""The figure at which one side would settle, told to nobody."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketplace.common.clock import now
from marketplace.common.money import AmountField
from projects.disputes.models import Dispute

# Of one side in one dispute. Whoever could move theirs without end would feel their way, cent by
# cent, to the very figure of the other side, which is then the midpoint too.
MOST_FIGURES = 5


class SealedOffer(models.Model):
    """What one side has sealed: the one figure in force, or none, in minor units of the price.

    The client's is the most that the freelancer shall get, the freelancer's the least. ``amount``
    is null once it is withdrawn. A new figure is written over the old one, so no older one can be
    read; ``figures`` counts them. It is about the part of the price that was ``held`` then: once
    a bank has moved that, it is in force no more.

    The rows are written with the dispute's lock held, and none outlives its dispute.
    """

    dispute = models.ForeignKey(Dispute, on_delete=models.CASCADE, related_name="sealed_offers")
    role = models.CharField(max_length=12)
    amount = AmountField(null=True)
    held = AmountField(null=True)
    figures = models.PositiveSmallIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sealed_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "role"], name="one_sealed_figure_for_each_side"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["client", "freelancer"]), name="a_figure_is_sealed_by_a_side"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True, held__isnull=True)
                | Q(amount__gte=0, held__isnull=False, held__gt=F("amount")),
                name="a_sealed_figure_divides_what_is_held",
            ),
            models.CheckConstraint(
                condition=Q(figures__gte=1, figures__lte=MOST_FIGURES),
                name="figures_are_not_moved_without_end",
            ),
        ]

    def __str__(self) -> str:
        # Never the figure: this stands in logs.
        return f"{self.role} of {self.dispute_id}"
