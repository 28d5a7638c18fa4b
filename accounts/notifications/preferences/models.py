"""What a person wants to be mailed, and when not."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.notifications.preferences.kinds import OPTIONAL, How


class MailPreferences(models.Model):
    """Of one person. Who never chose has no row, gets every mail at once, and is shown everything.

    ``muted`` and ``daily`` name optional kinds (kinds.py), and ``uncounted`` those that are kept in
    the list of notices and do not count as unread; quiet hours, and ``digest_hour``, when
    the mail of a day leaves, are by the clock of the person's own time zone.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="mail_preferences",
    )
    muted = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    daily = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    uncounted = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    digest_hour = models.PositiveSmallIntegerField(default=8)
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_to__isnull=False)
                & ~models.Q(quiet_from=models.F("quiet_to")),
                name="quiet_hours_begin_and_end",
            ),
            models.CheckConstraint(
                condition=models.Q(digest_hour__lt=24), name="a_day_has_24_hours"
            ),
            models.CheckConstraint(
                condition=~models.Q(muted__overlap=models.F("daily")),
                name="a_kind_is_mailed_in_one_way",
            ),
        ]

    def __str__(self) -> str:
        return f"mail preferences of {self.user_id}"

    def how(self, kind: str) -> How:
        """How this kind is mailed; whatever is obligatory comes at once."""
        if kind not in OPTIONAL:
            return How.AT_ONCE
        if kind in self.muted:
            return How.NEVER
        return How.DAILY if kind in self.daily else How.AT_ONCE

    def counts(self, kind: str) -> bool:
        """Whether a notice of this kind counts as unread in the house; what is obligatory does."""
        return kind not in OPTIONAL or kind not in self.uncounted
