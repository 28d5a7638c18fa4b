"""How often a payee is paid out."""

from django.db import models

from accounts.parties.models import Party
from marketplace.common.clock import now


class PayoutPlan(models.Model):
    """A payee's choice. Without one, what has cleared goes out every day.

    Weeks begin on Monday and days at midnight, both in UTC.
    """

    class Every(models.TextChoices):
        DAY = "day", "Every day"
        WEEK = "week", "Every Monday"
        MONTH = "month", "On the first of each month"
        HAND = "hand", "Only when I ask"

    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="payout_plan")
    every = models.CharField(max_length=5, choices=Every.choices)
    chosen_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.party}: {self.get_every_display()}"
