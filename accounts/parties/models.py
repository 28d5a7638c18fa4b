"""Who stands on a side of a contract, owns a posting or a bid, pays or is paid."""

from django.conf import settings
from django.db import models

from marketplace.common.clock import now
from marketplace.common.public_ids import PublicIdField


class Party(models.Model):
    """A person, a studio or an organisation."""

    class Kind(models.TextChoices):
        PERSON = "person"
        STUDIO = "studio"
        ORGANISATION = "organisation"

    public_id = PublicIdField(prefix="pa")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.PERSON)
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=now)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="accounts.Membership", related_name="parties"
    )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's place in a party. A person's own party has exactly one."""

    class Role(models.TextChoices):
        OWNER = "owner"

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.OWNER)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party", "user"], name="one_place_in_a_party")
        ]
