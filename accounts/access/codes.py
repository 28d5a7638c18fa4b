"""Codes that prove an address: mailed, kept as a hash in Valkey, good for a quarter of an hour.

A lost Valkey loses the codes, and people ask for new ones: nothing else hangs on them.
"""

import hashlib
import hmac

from django.core.cache import cache
from django.utils.crypto import get_random_string, salted_hmac

_SECONDS = 15 * 60
_MOST_GUESSES = 5
# Nothing that looks like something else.
_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXZ"


def new_code(purpose: str, email: str) -> str:
    """A fresh code for this purpose and address; the one before is void."""
    code = get_random_string(8, _LETTERS)
    key = _key(purpose, email)
    cache.set(f"{key}:guesses", 0, _SECONDS)
    cache.set(key, _hash(key, code), _SECONDS)
    return f"{code[:4]}-{code[4:]}"


def spend_code(purpose: str, email: str, code: str) -> bool:
    """Whether the code is right; it is void after that, and after five wrong guesses."""
    key = _key(purpose, email)
    kept = cache.get(key)
    if kept is None:
        return False
    try:
        guesses = cache.incr(f"{key}:guesses")
    except ValueError:
        return False
    if guesses > _MOST_GUESSES:
        cache.delete(key)
        return False
    if not hmac.compare_digest(kept, _hash(key, code.replace("-", "").strip().upper())):
        return False
    # Of several right answers at once, the one that takes the code away counts.
    return cache.delete(key)


def _key(purpose: str, email: str) -> str:
    return f"code:{purpose}:{hashlib.sha256(email.encode()).hexdigest()}"


def _hash(key: str, code: str) -> str:
    return salted_hmac(key, code, algorithm="sha256").hexdigest()
