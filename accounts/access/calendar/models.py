"""The address under which a calendar fetches somebody's deadlines."""

from django.conf import settings
from django.db import models

from marketplace.common.clock import now


class CalendarFeed(models.Model):
    """One a person. Only the hash of its secret is kept: the address is shown once."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed"
    )
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"Calendar of {self.user}"
