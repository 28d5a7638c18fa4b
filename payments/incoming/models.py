"""The letterbox: every event of the provider is kept first and read later."""

from django.db import models

from marketplace.common.clock import now


class WebhookEvent(models.Model):
    """One event, kept once however often it is sent, whatever its kind."""

    remote_id = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=120)
    account = models.CharField(max_length=255, blank=True)
    payload = models.JSONField()
    received_at = models.DateTimeField(default=now)
    handled_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)
    next_try_at = models.DateTimeField(null=True, default=now)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(next_try_at__isnull=False),
                name="events_to_handle",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.remote_id}"
