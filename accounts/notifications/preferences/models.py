"""What a person wants to be mailed, and when not."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class MailPreferences(models.Model):
    """Of one person. Who never chose has no row, and gets every mail at once.

    ``muted`` names optional kinds (kinds.py); the quiet hours are in the person's own time zone.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="mail_preferences",
    )
    muted = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_to__isnull=False)
                & ~models.Q(quiet_from=models.F("quiet_to")),
                name="quiet_hours_begin_and_end",
            )
        ]

    def __str__(self) -> str:
        return f"mail preferences of {self.user_id}"
