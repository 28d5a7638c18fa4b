"""One mail a day, of whatever its reader wants to hear of once a day."""

from django.conf import settings
from django.db import models

from marketplace.common.public_ids import PublicIdField


class Digest(models.Model):
    """That of one person's ``day``: its notices name it. There is no second one for a day.

    ``due_at`` is when it is tried next, null once it left, was given up, or had nothing to tell.
    """

    public_id = PublicIdField(prefix="dg")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digests"
    )
    day = models.DateField()
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "day"], name="one_digest_a_day"),
            models.CheckConstraint(
                condition=models.Q(mailed_at__isnull=True) | models.Q(due_at__isnull=True),
                name="a_digest_leaves_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="digests_to_mail",
            )
        ]

    def __str__(self) -> str:
        return f"digest of {self.day}"
