"""The link at the foot of an optional mail: who holds it may end its kind of mail, and no more."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.notifications.preferences.kinds import DIGEST, OPTIONAL
from accounts.people.models import User
from marketplace.common.errors import NotThere

_SALT = "accounts.unsubscription"


def token_of(user: User, kind: str) -> str:
    """Signed, and good for as long as the mail is kept: it opens nothing."""
    return signing.Signer(salt=_SALT).sign_object([user.public_id, kind])


def link_of(user: User, kind: str) -> str:
    return settings.SITE_URL + reverse("unsubscription", kwargs={"token": token_of(user, kind)})


def read_token(token: str) -> tuple[str, str]:
    """The person's public id and the kind. Raises NotThere."""
    try:
        person, kind = signing.Signer(salt=_SALT).unsign_object(token)
    except signing.BadSignature:
        raise NotThere("This link is not one of ours.") from None
    if not _is_optional(kind):
        raise NotThere("Mails of this kind can no longer be switched off.")
    return person, kind


def headers_of(user: User, kind: str) -> dict[str, str]:
    """What mail programs show a button for (RFC 8058); nothing for an obligatory mail."""
    if not _is_optional(kind):
        return {}
    return {
        "List-Unsubscribe": f"<{link_of(user, kind)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _is_optional(kind: str) -> bool:
    return kind in OPTIONAL or kind == DIGEST
