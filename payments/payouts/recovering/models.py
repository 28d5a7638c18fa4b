"""What a payee owes, taken out of what they have earned."""

from django.db import models
from django.db.models import Q

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField


class Recovery(models.Model):
    """One movement from a payee's earnings to what they owe; its earnings point here."""

    public_id = PublicIdField(prefix="rv")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="recoveries")
    amount = AmountField()
    currency = CurrencyField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_recovery_recovers_something")
        ]
        indexes = [models.Index(fields=["party", "-created_at"], name="recoveries_newest_first")]

    def __str__(self) -> str:
        return self.public_id
