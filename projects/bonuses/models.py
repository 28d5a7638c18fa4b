"""What a client pays on top of what was agreed, because the work was worth it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.public_ids import PublicIdField
from payments.escrow.models import Escrow
from projects.contracts.models import Contract


class Bonus(models.Model):
    """A payment of its own; how much, and whether it is paid, is asked of its escrow.

    ``once`` comes from whoever asked, so that one click sent twice is one bonus. ``told_at`` is
    when the freelancer heard that it was paid.
    """

    public_id = PublicIdField(prefix="bn")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="bonuses")
    escrow = models.OneToOneField(Escrow, on_delete=models.PROTECT, related_name="+")
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(max_length=1_000, blank=True)
    once = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "bonuses"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "once"], condition=~Q(once=""), name="a_bonus_is_given_once"
            )
        ]
        indexes = [
            models.Index(fields=["contract", "-created_at", "-id"], name="bonuses_newest_first"),
            models.Index(fields=["escrow"], condition=Q(told_at=None), name="bonuses_to_tell"),
        ]

    def __str__(self) -> str:
        return self.public_id
