"""The key of the platform: its secret comes from the environment, its public half is published."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


def own_key() -> Ed25519PrivateKey:
    """The one in use: SIGNING_KEY, 32 bytes in hex."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings.SIGNING_KEY))


def public_half(key: Ed25519PrivateKey) -> str:
    """In hex, as it is published."""
    return key.public_key().public_bytes_raw().hex()


def key_id_of(public_key: str) -> str:
    """How a key is called: the beginning of the SHA-256 of its public half."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:16]


def is_signed(body: str, signature: str, *, public_key: str) -> bool:
    """Whether this is the signature (hex) of that key (hex) over the text."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    try:
        key.verify(bytes.fromhex(signature), body.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
