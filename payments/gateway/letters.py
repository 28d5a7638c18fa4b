"""The provider's letters: whether they are real, and what they are about."""

import stripe
from django.conf import settings

from payments.gateway import reading
from payments.gateway.base import BadSignature, Letter

# Seconds between a letter's signature and its arrival; an older one may be somebody's copy.
TOLERANCE = 300


def read_letter(body: bytes, signature: str) -> Letter:
    """A letter signed with one of our secrets. Raises BadSignature, also for what is no letter.

    Snapshot events and thin ones come to the same door and are signed alike.
    """
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(
                body.decode("utf-8"), signature, secret, tolerance=TOLERANCE
            )
            return reading.letter_of(body)
        except (ValueError, stripe.SignatureVerificationError):
            continue
    raise BadSignature
