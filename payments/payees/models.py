"""Where a payee's money goes: their account at the provider."""

from django.db import models
from django.db.models import Q

from accounts.parties.models import Party
from marketplace.common.clock import now


class ConnectedAccount(models.Model):
    """A payee's account at the provider. Payouts wait until it is active.

    One that was closed makes room for another, of the next ``generation``, as does a refusal to
    open one; ``past_remote_ids`` are those of the closed ones. ``failure_code`` is why the provider
    would not open it, or would not say how it stands.
    """

    class Status(models.TextChoices):
        NEW = "new", "Not set up"
        PENDING = "pending", "Waiting for details"
        ACTIVE = "active", "Ready for payouts"
        RESTRICTED = "restricted", "Restricted by the provider"
        CLOSED = "closed", "Closed"

    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="connected_account")
    country = models.CharField(max_length=2)
    # Set with the country, until what is held for the payee is held as long as there.
    country_due_at = models.DateTimeField(null=True)
    remote_id = models.CharField(max_length=255, blank=True)
    generation = models.PositiveSmallIntegerField(default=1)
    past_remote_ids = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.NEW)
    failure_code = models.CharField(max_length=80, blank=True)
    requirements = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=now)
    checked_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["remote_id"], condition=~Q(remote_id=""), name="one_payee_per_account"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="payees_to_ask_about",
            ),
            models.Index(
                fields=["country_due_at"],
                condition=Q(country_due_at__isnull=False),
                name="payees_of_a_new_country",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party} ({self.get_status_display()})"

    @property
    def is_closed(self) -> bool:
        return self.status == self.Status.CLOSED
