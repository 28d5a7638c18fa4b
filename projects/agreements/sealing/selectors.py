"""Which keys the platform has signed with."""

from typing import Any

from django.conf import settings

from projects.agreements.sealing.keys import key_id_of, own_key, public_half
from projects.agreements.sealing.models import SigningKey

KEYS_FORMAT = "milepost-signing-keys/1"


def published_keys() -> dict[str, Any]:
    """Every key that has ever sealed an agreement, and the one in use, as a file to keep."""
    current = public_half(own_key())
    keys = {
        key.key_id: {
            "id": key.key_id,
            "algorithm": "Ed25519",
            "public_key": key.public_key,
            "first_used_at": key.first_used_at.isoformat(),
            "is_current": key.public_key == current,
        }
        for key in SigningKey.objects.order_by("first_used_at", "key_id")
    }
    if key_id_of(current) not in keys:  # it has sealed nothing yet
        keys[key_id_of(current)] = {
            "id": key_id_of(current),
            "algorithm": "Ed25519",
            "public_key": current,
            "first_used_at": None,
            "is_current": True,
        }
    return {"format": KEYS_FORMAT, "site": settings.SITE_URL, "keys": list(keys.values())}
