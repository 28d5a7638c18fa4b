"""Whose tokens, and whose address is known to be theirs."""

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from accounts.access.models import ApiToken
from accounts.people.models import User


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The tokens that act as this person, newest first."""
    return ApiToken.objects.filter(user_id=user.pk).order_by("-created_at", "-public_id")


def address_is_proven(user: User) -> bool:
    """Whether a code that we mailed to their address has come back."""
    return EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()
