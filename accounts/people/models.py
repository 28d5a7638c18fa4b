"""A person and how they present themselves."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from marketplace.common.clock import now
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField


class UserManager(BaseUserManager["User"]):
    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Nobody is above the rules; a person without a party could not even see a page."""
        raise ValidationError(
            "There are no superusers here. Sign up on the site, then give yourself roles: "
            "manage.py roles EMAIL support moderator mediator finance"
        )


@cache
def time_zones() -> frozenset[str]:
    """Every IANA name that this machine knows: read from its disk once."""
    return frozenset(available_timezones())


def known_time_zone(name: object) -> None:
    if name not in time_zones():
        raise ValidationError("Choose a time zone of the list.")


class StaffRole(models.TextChoices):
    """What somebody of the staff may do; each is a group of this name."""

    SUPPORT = "support"
    MODERATOR = "moderator"
    MEDIATOR = "mediator"
    FINANCE = "finance"


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Client and freelancer are what they are on a contract, never what they are."""

    public_id = PublicIdField(prefix="us")
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)

    headline = models.CharField(max_length=120, blank=True)
    about = models.TextField(max_length=5_000, blank=True)
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    rate = AmountField(null=True, blank=True)
    rate_currency = CurrencyField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    time_zone = models.CharField(max_length=40, default="UTC", validators=[known_time_zone])
    language = models.CharField(max_length=8, default="en")

    objects = UserManager()

    # Read once per request: staff_roles_of, party_ids_of, proven_addresses_of.
    _staff_roles: frozenset[str]
    _party_ids: frozenset[int]
    _proven_addresses: frozenset[str]

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rate__isnull=True)
                | models.Q(rate__gt=0) & ~models.Q(rate_currency=""),
                name="a_rate_has_a_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="an_address_is_in_small_letters"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email
