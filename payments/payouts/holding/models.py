"""A payee's payouts stand still while somebody looks into them: with a reason and an end."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.public_ids import PublicIdField


class PayoutHold(models.Model):
    """Why and until when a payee's payouts are held. The payee reads all of it.

    ``evidence`` is what the reason rests on; ``answer`` is what the payee says to it. It ends at
    ``ends_at`` at the latest, by itself.
    """

    public_id = PublicIdField(prefix="ph")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="payout_holds")
    reason = models.TextField()
    evidence = models.TextField()
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=now)
    ends_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party"], condition=Q(lifted_at=None), name="one_standing_hold_per_payee"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("created_at")), name="a_hold_ends_after_it_began"
            ),
        ]
        indexes = [
            models.Index(fields=["ends_at"], condition=Q(lifted_at=None), name="holds_to_lift"),
            models.Index(fields=["-created_at", "-id"], name="holds_newest_first"),
        ]

    def __str__(self) -> str:
        return self.public_id
