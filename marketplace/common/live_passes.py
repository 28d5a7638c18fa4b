"""The short-lived pass with which a person's page is admitted to the live process."""

from django.core import signing

# The page fetches a new one whenever it connects again.
VALID_SECONDS = 60

_SALT = "milepost.live"


def pass_for(public_id: str) -> str:
    """A signed pass for the person of this public id."""
    return signing.TimestampSigner(salt=_SALT).sign(public_id)


def holder_of(live_pass: str) -> str | None:
    """Whose pass it is; None where it is forged or too old."""
    try:
        return signing.TimestampSigner(salt=_SALT).unsign(live_pass, max_age=VALID_SECONDS)
    except signing.BadSignature:
        return None


def channel_of(public_id: str) -> str:
    """Where news for this person is published in Valkey."""
    return f"live:{public_id}"
