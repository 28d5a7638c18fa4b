"""The second factor: codes of an authenticator app, and recovery codes for when it is lost."""

from dataclasses import dataclass

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.core import signing

from accounts.people.models import User
from marketplace.common.errors import InvalidInput

_SALT = "accounts.second_factor"
_OFFER_SECONDS = 15 * 60


@dataclass(frozen=True)
class Offer:
    """A secret for the app, not yet in force. The ticket brings it back signed."""

    secret: str
    uri: str
    ticket: str


def has_second_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def is_right(user: User, code: str) -> bool:
    """Whether this is the present code of the person's app, or one of their recovery codes.

    Each counts once.
    """
    return any(authenticator.wrap().validate_code(code) for authenticator in _authenticators(user))


def unused_recovery_codes(user: User) -> list[str]:
    return [
        code
        for authenticator in _authenticators(user)
        if authenticator.type == Authenticator.Type.RECOVERY_CODES
        for code in authenticator.wrap().get_unused_codes()
    ]


def new_offer(user: User) -> Offer:
    """Nothing is kept: a ticket that is not brought back within a quarter of an hour is void."""
    secret = generate_totp_secret()
    return Offer(
        secret=secret,
        uri=get_adapter().build_totp_url(user, secret),
        ticket=signing.dumps({"user": user.public_id, "secret": secret}, salt=_SALT, compress=True),
    )


def secret_of_offer(user: User, ticket: str) -> str:
    """Raises InvalidInput for a ticket that is old, altered or somebody else's."""
    try:
        offer = signing.loads(ticket, salt=_SALT, max_age=_OFFER_SECONDS)
    except signing.BadSignature:
        offer = {}
    if offer.get("user") != user.public_id:
        raise InvalidInput("Begin again: this set-up is too old.", param="ticket")
    return offer["secret"]


def _authenticators(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=user).order_by("-type"))
